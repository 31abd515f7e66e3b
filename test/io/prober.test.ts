/** The thread that probes, seen from the agent's side. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ms } from "../../src/base/units.ts";
import type { Outcome } from "../../src/check/response.ts";
import type { BuiltInProbe } from "../../src/config/probe-model.ts";
import { Prober } from "../../src/io/prober.ts";
import { temporaryDirectory } from "./edge.ts";

const TIMEOUT = ms(5000);

/** The agent's side, and who waits for what. */
class Bench {
  readonly #waiting = new Map<string, (outcome: Outcome) => void>();
  readonly prober = new Prober(
    (ended) => {
      for (const { check, outcome } of ended) {
        const tell = this.#waiting.get(check);
        this.#waiting.delete(check);
        tell?.(outcome);
      }
    },
    () => undefined,
  );

  outcome(check: string, probe: BuiltInProbe): Promise<Outcome> {
    return new Promise((tell) => {
      this.#waiting.set(check, tell);
      this.prober.start(check, probe, TIMEOUT);
    });
  }
}

/** What no configuration gives: the thread dies of it. */
const POISON: BuiltInProbe = JSON.parse('{ "type": "none of ours" }');
const SELF: BuiltInProbe = { type: "process", program: [process.execPath], pidfile: null };

describe("a thread that probes and dies", () => {
  test("fails what it was at, with the reason, and the next probe has another thread", async () => {
    const bench = new Bench();
    const told = await Promise.all([bench.outcome("poison", POISON), bench.outcome("other", POISON)]);
    for (const { healthy, detail } of told) {
      expect(healthy).toBe(false);
      expect(detail).toStartWith("the thread that probes: ");
    }
    const child = Bun.spawn([process.execPath, "-e", "await Bun.sleep(60_000)"]);
    expect(await bench.outcome("self", SELF)).toMatchObject({ healthy: true });
    child.kill();
    bench.prober.close();
  });
});

describe("a check that is probed again and again", () => {
  const file = (path: string): BuiltInProbe => ({
    type: "file",
    file: path,
    pattern: null,
    maxAge: null,
    minSize: 0,
    integer: { scale: 1, fallback: null },
  });

  test("has each outcome told, one that is the same as before and one that is not", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "number");
    const bench = new Bench();
    const probe = file(path);
    const said: (number | string)[] = [];
    for (const text of ["7", "7", "8", "", "", "8"]) {
      writeFileSync(path, text);
      const { value, detail } = await bench.outcome("it", probe);
      said.push(value ?? detail);
    }
    expect(said).toEqual([7, 7, 8, "is empty", "is empty", 8]);
    bench.prober.close();
  });

  test("is told nothing of a probe that was given up, and takes no other check's outcome for its own", async () => {
    using directory = temporaryDirectory();
    const bench = new Bench();
    for (const name of ["a", "b"]) writeFileSync(join(directory.path, name), name === "a" ? "1" : "2");
    const [a, b] = [file(join(directory.path, "a")), file(join(directory.path, "b"))];
    expect(await bench.outcome("a", a)).toMatchObject({ value: 1 });
    void bench.outcome("a", a);
    bench.prober.cancel("a");
    expect(await bench.outcome("a", b)).toMatchObject({ value: 2 });
    // Its place is another's now.
    void bench.outcome("a", b);
    bench.prober.forget("a");
    expect(await bench.outcome("b", a)).toMatchObject({ value: 1 });
    bench.prober.close();
  });
});
