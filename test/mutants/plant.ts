/** Plants a fault in a copy of the tree and runs what must notice it. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutant } from "./mutants.ts";

const ROOT = join(import.meta.dir, "../..");
/** What a suite of pure code needs. */
const COPIED = ["src", "native", "test", "conf", "package.json", "tsconfig.json", "bunfig.toml"];
/** Seeds until a fault must have shown; the ordinary suite runs as many. */
const SEEDS = 240;
/** Test files that take longer than all others of their suite together: asked only about what those let pass. */
const LAST: readonly string[] = ["chaos.test.ts", "takeover-sim.test.ts"];

/** What came of one run. */
export interface Verdict {
  readonly red: boolean;
  /** For want of time only: an endless loop, or a machine that is too busy to say. */
  readonly late: boolean;
  /** The last lines of the output. */
  readonly text: string;
}

/** A copy of the tree, to be planted in and thrown away. */
export class Plot {
  readonly #folder: string;
  readonly #patience: number;

  /** A fault may make an endless loop; that is noticed, too, after so many milliseconds. */
  constructor(patience: number) {
    this.#patience = patience;
    this.#folder = mkdtempSync(join(tmpdir(), "haagent-mutant-"));
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.#folder, name), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(this.#folder, "node_modules"));
  }

  /** Runs a catcher on the tree as it stands. */
  run(catcher: Mutant["caughtBy"]): Verdict {
    if (catcher === "sim") return this.#ask(["test/sim/main.ts", "--seeds", `${SEEDS}`, "--first"]);
    const files = readdirSync(join(this.#folder, "test", catcher)).filter((file) =>
      file.endsWith(".test.ts"),
    );
    const last = files.filter((file) => LAST.includes(file));
    const verdict = this.#askFiles(
      catcher,
      files.filter((file) => !LAST.includes(file)),
    );
    return verdict.red || last.length === 0 ? verdict : this.#askFiles(catcher, last);
  }

  /** Up to the first failure: one is enough. */
  #askFiles(suite: string, files: readonly string[]): Verdict {
    return this.#ask([
      "test",
      "--only-failures",
      "--bail",
      ...files.map((file) => `./test/${suite}/${file}`),
    ]);
  }

  #ask(argv: readonly string[]): Verdict {
    const { success, exitedDueToTimeout, stdout, stderr } = Bun.spawnSync([process.execPath, ...argv], {
      cwd: this.#folder,
      stdin: "ignore",
      timeout: this.#patience,
    });
    const text = `${stdout.toString()}${stderr.toString()}`.trimEnd().split("\n").slice(-8).join("\n");
    return { red: !success, late: exitedDueToTimeout === true, text };
  }

  /** Runs the catcher with the fault in; throws when its text does not stand in the file exactly once. */
  plant(mutant: Mutant, catcher: Mutant["caughtBy"]): Verdict {
    const path = join(this.#folder, mutant.file);
    const sound = readFileSync(path, "utf8");
    const places = sound.split(mutant.find).length - 1;
    if (places !== 1) throw new Error(`${mutant.file}: ${places} places with: ${mutant.find}`);
    writeFileSync(
      path,
      sound.replace(mutant.find, () => mutant.replace),
    );
    try {
      return this.run(catcher);
    } finally {
      writeFileSync(path, sound);
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
