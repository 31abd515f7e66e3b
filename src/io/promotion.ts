/**
 * net.ipv4.conf.IF.promote_secondaries, borrowed: without it, removing the first address of a subnet takes the others of that subnet
 * along. What it was before is kept in runtime_dir, so that a killed agent's successor can put it back.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE = "promote_secondaries";
/** An interface name as a path component: IFNAMSIZ and no way out of the directory. */
const NAME = /^(?!\.\.?$)[^/\s]{1,15}$/;

const pathOf = (name: string): string => `/proc/sys/net/ipv4/conf/${name}/promote_secondaries`;

/** The settings that we changed. */
export class Promotion {
  readonly #directory: string;
  readonly #warn: (detail: string) => void;
  /** Value before us, by interface. */
  readonly #before: Map<string, string>;
  readonly #wanted = new Set<string>();

  /** Knows at once what an earlier agent left changed. */
  constructor(directory: string, warn: (detail: string) => void) {
    this.#directory = directory;
    this.#warn = warn;
    this.#before = this.#load();
  }

  #load(): Map<string, string> {
    try {
      const lines = readFileSync(join(this.#directory, FILE), "utf8").split("\n");
      const pairs = lines.map((line) => line.split(" ")).filter(([name = ""]) => NAME.test(name));
      return new Map(pairs.map(([name = "", value = "0"]) => [name, value]));
    } catch {
      return new Map();
    }
  }

  #save(): void {
    const path = join(this.#directory, FILE);
    try {
      if (this.#before.size === 0) {
        rmSync(path, { force: true });
        return;
      }
      const lines = Array.from(this.#before, ([name, value]) => `${name} ${value}\n`);
      writeFileSync(`${path}.new`, lines.join(""), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch (error) {
      this.#warn(`${path}: ${String(error)}`);
    }
  }

  /** Sets it, or puts it back. A /proc that cannot be written is a warning. */
  set(name: string, enable: boolean): void {
    if (!NAME.test(name)) return;
    if (enable) {
      this.#wanted.add(name);
      this.#enable(name);
    } else {
      this.#wanted.delete(name);
      this.#restore(name);
    }
  }

  #enable(name: string): void {
    try {
      const value = readFileSync(pathOf(name), "utf8").trim();
      if (value === "1") return;
      if (!this.#before.has(name)) {
        this.#before.set(name, value);
        this.#save();
      }
      writeFileSync(pathOf(name), "1");
    } catch (error) {
      this.#warn(`cannot set promote_secondaries of ${name}: ${String(error)}`);
    }
  }

  #restore(name: string): void {
    const value = this.#before.get(name);
    if (value === undefined) return;
    try {
      writeFileSync(pathOf(name), value);
    } catch (error) {
      // An interface that is gone took its setting along.
      if (!String(error).includes("ENOENT")) {
        this.#warn(`cannot put promote_secondaries of ${name} back: ${String(error)}`);
      }
    }
    this.#before.delete(name);
    this.#save();
  }

  /** Puts back what an earlier agent changed and nobody asked for since. */
  restoreUnwanted(): void {
    for (const name of [...this.#before.keys()]) if (!this.#wanted.has(name)) this.#restore(name);
  }

  /** Puts everything back. */
  restoreAll(): void {
    this.#wanted.clear();
    this.restoreUnwanted();
  }
}
