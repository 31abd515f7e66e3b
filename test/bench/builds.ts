/** The four builds: how long those that run here take to start, emulated or on another libc, and how much of each is loaded down and stored. */
import { readdirSync, statSync } from "node:fs";
import manifest from "../../package.json";
import type { Build } from "../builds/build.ts";
import { ARM64, X64, X64_MUSL } from "../builds/build.ts";
import { ROUTER } from "../lab/daemon.ts";
import { Haagent } from "../lab/haagent.ts";
import { Lab } from "../lab/lab.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import type { Rows } from "./row.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** What runs each: only on musl the figure is one of a real box. */
const RUNS: readonly (readonly [Build, string])[] = [
  [X64, "qemu-user, Nehalem"],
  [X64_MUSL, "Debian's musl"],
  [ARM64, "qemu-user"],
];

const megabytes = (path: string): number => statSync(path).size / 1e6;

/** Runs build.ts or conf/package.ts, which may take its time. */
async function make(...argv: readonly string[]): Promise<void> {
  const child = Bun.spawn([process.execPath, ...argv], { cwd: ROOT, stdout: "ignore", stderr: "inherit" });
  if ((await child.exited) !== 0) throw new Error(`${argv.join(" ")} failed`);
}

/** From exec to agent.ready of the builds that can be run, by a node with one router. */
export async function buildStarts(trials: number, rows: Rows): Promise<void> {
  await make("build.ts", "--all");
  for (const [build, where] of RUNS) {
    const lab = await Lab.create(1);
    try {
      const daemon = await Haagent.create(lab.node(0), ROUTER, [...build.program()]);
      lab.atClose(() => daemon.close());
      for (let trial = 0; trial < trials; trial++) {
        const from = await daemon.start();
        const ready = daemon.log.findLast((line) => line.includes("agent.ready"))?.split(" ")[0] ?? "";
        rows.add(
          `start, ${build.file} (${where}): exec to agent.ready`,
          "ms",
          "haagent",
          Date.parse(ready) - from,
        );
        await daemon.stop();
      }
    } finally {
      await lab.close();
    }
  }
}

/** Every build as a file, and as each package that `npm run package` makes of it. */
export async function buildSizes(rows: Rows): Promise<void> {
  await make("build.ts", "--all");
  const shelf = makeScratch();
  try {
    await make("conf/package.ts", "--to", shelf);
    for (const file of readdirSync(`${ROOT}/dist`)
      .filter((name) => /^haagent-linux-[a-z0-9-]+$/.test(name))
      .sort())
      rows.add(`${file}: executable`, "MB", "haagent", megabytes(`${ROOT}/dist/${file}`));
    for (const file of readdirSync(shelf)
      .filter((name) => name.includes(manifest.version))
      .sort())
      rows.add(`${file}: download`, "MB", "haagent", megabytes(`${shelf}/${file}`));
  } finally {
    removeScratch(shelf);
  }
}
