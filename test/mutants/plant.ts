/** Plants a fault in a copy of the tree and runs what must notice it. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Catcher, Mutant } from "./mutants.ts";

const ROOT = join(import.meta.dir, "../..");
/** What a suite of pure code needs. */
const COPIED = ["src", "native", "test", "conf", "package.json", "tsconfig.json", "bunfig.toml"];
/** Seeds until a fault must have shown; the ordinary suite runs as many, and finds nothing. */
const SEEDS = 240;
/** Seeds without a fault: the ordinary suite does the rest. */
const SEEDS_SOUND = 10;
/** Test files that take longer than all others of their suite together: asked only about what those let pass. */
const LAST: readonly string[] = ["chaos", "takeover-sim"];
const ENDING = ".test.ts";
/** What the simulator says of a seed that breaks a promise. */
const SEED = /^seed (\d+):/m;

/** The test files of a catcher that is not the simulator. */
export const filesOf = (catcher: string): string[] =>
  catcher.includes("/")
    ? [catcher]
    : readdirSync(join(ROOT, "test", catcher))
        .filter((file) => file.endsWith(ENDING))
        .map((file) => `${catcher}/${file.slice(0, -ENDING.length)}`);

/** What came of one run. */
export interface Verdict {
  readonly red: boolean;
  /** For want of time only: an endless loop, or a machine that is too busy to say. */
  readonly late: boolean;
  /** Of the simulator, the one that showed it. */
  readonly seed: number | null;
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

  /** Runs some of the files of tests, as they are named under test/ without their ending, on the tree as it stands. */
  run(names: readonly string[]): Verdict {
    const files = names.map((name) => `./test/${name}.test.ts`);
    // Up to the first failure: one is enough. What is too late on a busy machine is none.
    const argv = ["test", "--only-failures", "--bail", `--timeout=${this.#patience}`, ...files];
    return this.#ask(argv, /^\(fail\) /m);
  }

  /** Runs the simulator, from a seed on. */
  simulate(from: number, seeds: number): Verdict {
    return this.#ask(["test/sim/main.ts", "--from", `${from}`, "--seeds", `${seeds}`, "--first"], SEED);
  }

  /** Those of the catchers' runs that are red on the tree as it stands: they would be for any fault. */
  falseAlarms(catchers: readonly Catcher[]): Verdict[] {
    const files = [...new Set(catchers.filter((catcher) => catcher !== "sim").flatMap(filesOf))];
    const verdicts = [
      ...(files.length > 0 ? [this.run(files)] : []),
      ...(catchers.includes("sim") ? [this.simulate(1, SEEDS_SOUND)] : []),
    ];
    return verdicts.filter(({ red }) => red);
  }

  /** What a catcher says of the tree as it stands, the simulator of `seed` first. */
  judge(catcher: Catcher | "agent", seed?: number): Verdict {
    if (catcher === "sim") {
      const told = seed === undefined ? null : this.simulate(seed, 1);
      return told?.red === true ? told : this.simulate(1, SEEDS);
    }
    const names = filesOf(catcher);
    const last = names.filter((name) => LAST.includes(basename(name)));
    const verdict = this.run(names.filter((name) => !last.includes(name)));
    return verdict.red || last.length === 0 ? verdict : this.run(last);
  }

  /** Throws when it ends badly and shows no `sign` of a test that failed: then no test can have noticed anything. */
  #ask(argv: readonly string[], sign: RegExp): Verdict {
    const { success, exitedDueToTimeout, stdout, stderr } = Bun.spawnSync([process.execPath, ...argv], {
      cwd: this.#folder,
      stdin: "ignore",
      timeout: this.#patience,
    });
    const output = `${stdout.toString()}${stderr.toString()}`.trimEnd();
    const text = output.split("\n").slice(-8).join("\n");
    const late = exitedDueToTimeout === true;
    if (!success && !late && !sign.test(output)) throw new Error(`${argv.join(" ")}:\n${text}`);
    const seed = SEED.exec(output)?.[1];
    return { red: !success, late, seed: seed === undefined ? null : Number(seed), text };
  }

  /** Runs the catcher with the fault in; throws when its text does not stand in the file exactly once. */
  plant(mutant: Mutant, catcher: Catcher | "agent"): Verdict {
    const path = join(this.#folder, mutant.file);
    const sound = readFileSync(path, "utf8");
    const places = sound.split(mutant.find).length - 1;
    if (places !== 1) throw new Error(`${mutant.file}: ${places} places with: ${mutant.find}`);
    writeFileSync(
      path,
      sound.replace(mutant.find, () => mutant.replace),
    );
    try {
      return this.judge(catcher, mutant.seed);
    } finally {
      writeFileSync(path, sound);
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
