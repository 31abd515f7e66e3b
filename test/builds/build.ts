/** The four files of `npm run build -- --all`, each with what runs it on this machine. */
import { existsSync } from "node:fs";
import { tree } from "../trees.ts";
import { muslLibraries } from "./musl.ts";

const DIST = new URL("../../dist", import.meta.url).pathname;

/** Without AVX and AVX2, like the small boxes' processors. */
const OLD_PROCESSOR = "Nehalem";

/** One file for one kind of box. */
export interface Build {
  readonly file: string;
  /** The argv that runs it here; throws what is missing. */
  readonly program: () => readonly string[];
  /** What `haagent version` calls the machine. */
  readonly machine: string;
}

const path = (file: string): string => {
  if (!existsSync(`${DIST}/${file}`)) throw new Error(`no dist/${file}: npm run build -- --all makes it`);
  return `${DIST}/${file}`;
};

export const ARM64: Build = {
  file: "haagent-linux-arm64",
  program: () => ["qemu-aarch64-static", "-L", tree("arm64"), path("haagent-linux-arm64")],
  machine: "linux arm64",
};

export const X64: Build = {
  file: "haagent-linux-x64",
  program: () => ["qemu-x86_64-static", "-cpu", OLD_PROCESSOR, path("haagent-linux-x64")],
  machine: "linux x64",
};

export const X64_MUSL: Build = {
  file: "haagent-linux-x64-musl",
  program: () => ["env", `LD_LIBRARY_PATH=${muslLibraries()}`, path("haagent-linux-x64-musl")],
  machine: "linux x64",
};
