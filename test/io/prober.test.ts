/** The thread that probes, seen from the agent's side. */
import { describe, expect, test } from "bun:test";
import { ms } from "../../src/base/units.ts";
import type { Outcome } from "../../src/check/response.ts";
import type { BuiltInProbe } from "../../src/config/probe-model.ts";
import { Prober } from "../../src/io/prober.ts";

const TIMEOUT = ms(5000);
const outcome = (prober: Prober, check: string, probe: BuiltInProbe): Promise<Outcome> =>
  new Promise((tell) => void prober.start(check, probe, TIMEOUT, tell));

/** What no configuration gives: the thread dies of it. */
const POISON: BuiltInProbe = JSON.parse('{ "type": "none of ours" }');
const SELF: BuiltInProbe = { type: "process", program: [process.execPath], pidfile: null };

describe("a thread that probes and dies", () => {
  test("fails what it was at, with the reason, and the next probe has another thread", async () => {
    const prober = new Prober(() => undefined);
    const told = await Promise.all([outcome(prober, "poison", POISON), outcome(prober, "other", POISON)]);
    for (const { healthy, detail } of told) {
      expect(healthy).toBe(false);
      expect(detail).toStartWith("the thread that probes: ");
    }
    const child = Bun.spawn([process.execPath, "-e", "await Bun.sleep(60_000)"]);
    expect(await outcome(prober, "self", SELF)).toMatchObject({ healthy: true });
    child.kill();
    prober.close();
  });
});
