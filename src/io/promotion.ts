/**
 * net.ipv4.conf.IF.promote_secondaries, borrowed: without it, removing the first address of a subnet takes the others of that subnet
 * along. What it was before is kept in runtime_dir, so that a killed agent's successor can put it back:
 *
 *     BOOT net:[INODE]   where the indexes below mean something
 *     INDEX VALUE        one line an interface
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { interfaceName } from "../../native/interface.ts";
import { bootId } from "./boot.ts";
import { reasonOf } from "./reason.ts";
import { replaceFile } from "./replace-file.ts";

const FILE = "promote_secondaries";
/** An interface name as a path component: no way out of the directory. */
const NAME = /^(?!\.\.?$)[^/\s]{1,15}$/;
/** A line of the file: an interface's index and its value. */
const LINE = /^([0-9]{1,10}) ([0-9]+)$/;

const pathOf = (name: string): string => `/proc/sys/net/ipv4/conf/${name}/promote_secondaries`;

/** The settings that we changed. */
export class Promotion {
  readonly #directory: string;
  readonly #warn: (detail: string) => void;
  /** Value before us, by interface index: it may be renamed meanwhile, and another one take its name. */
  readonly #before: Map<number, string>;
  readonly #wanted = new Set<number>();

  /** Knows at once what an earlier agent left changed. */
  constructor(directory: string, warn: (detail: string) => void) {
    this.#directory = directory;
    this.#warn = warn;
    this.#before = this.#load();
  }

  #load(): Map<number, string> {
    try {
      const [where, ...lines] = readFileSync(join(this.#directory, FILE), "utf8").split("\n");
      if (where !== bootId()) return new Map();
      const entries = lines.map((line) => LINE.exec(line)).filter((entry) => entry !== null);
      return new Map(entries.map(([, index, value = "0"]) => [Number(index), value]));
    } catch {
      return new Map();
    }
  }

  #save(): void {
    const path = join(this.#directory, FILE);
    try {
      const lines = Array.from(this.#before, ([index, value]) => `${index} ${value}\n`);
      replaceFile(path, lines.length === 0 ? null : [`${bootId()}\n`, ...lines].join(""));
    } catch (error) {
      this.#warn(`${path}: ${reasonOf(error)}`);
    }
  }

  /** Sets it, or puts it back. A /proc that cannot be written is a warning. */
  set(index: number, enable: boolean): void {
    if (enable) {
      this.#wanted.add(index);
      this.#enable(index);
    } else {
      this.#wanted.delete(index);
      this.#restore(index);
    }
  }

  #enable(index: number): void {
    const name = interfaceName(index);
    if (name === null || !NAME.test(name)) return;
    try {
      const value = readFileSync(pathOf(name), "utf8").trim();
      if (value === "1") return;
      if (!this.#before.has(index)) {
        this.#before.set(index, value);
        this.#save();
      }
      writeFileSync(pathOf(name), "1");
    } catch (error) {
      this.#warn(`cannot set promote_secondaries of ${name}: ${reasonOf(error)}`);
    }
  }

  /** An interface that is gone took its setting along. */
  #restore(index: number): void {
    const value = this.#before.get(index);
    if (value === undefined) return;
    const name = interfaceName(index);
    try {
      if (name !== null && NAME.test(name)) writeFileSync(pathOf(name), value);
    } catch (error) {
      this.#warn(`cannot put promote_secondaries of ${name} back: ${reasonOf(error)}`);
    }
    this.#before.delete(index);
    this.#save();
  }

  /** Puts back what an earlier agent changed and nobody asked for since. */
  restoreUnwanted(): void {
    for (const index of [...this.#before.keys()]) if (!this.#wanted.has(index)) this.#restore(index);
  }

  /** Puts everything back. */
  restoreAll(): void {
    this.#wanted.clear();
    this.restoreUnwanted();
  }
}
