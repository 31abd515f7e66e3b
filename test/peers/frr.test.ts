/** haagent beside FRR's vrrpd, version 3 of both families, in both roles. */
import { describe, expect, test } from "bun:test";
import { masterDown, ROUTER } from "../lab/daemon.ts";
import { measured, together } from "./figures.ts";
import type { Better, Met } from "./frr.ts";
import { meet } from "./frr.ts";

/** Past the protocol's earliest time; a product promise with room for a machine that does much else. */
const LATE_MS = 250;

const FAMILIES = [
  { name: "IPv4", router: {} },
  { name: "IPv4 100 ms", router: { interval: 100 } },
  { name: "IPv6", router: { addresses: ["fe80::77:50/64", "fd77::50/64"] } },
  { name: "IPv4, virtual MAC", router: { virtualMac: true } },
  { name: "IPv6, virtual MAC", router: { virtualMac: true, addresses: ["fe80::77:50/64", "fd77::50/64"] } },
] as const;

/** By how much the worst of its own takeovers misses. */
const excess = ({ passed }: Met): number =>
  Math.max(...passed.map(({ to, late }) => (to === "haagent" ? (late ?? 0) : 0))) - LATE_MS;

describe("haagent beside FRR", () => {
  test("passes the address on and back, whoever is the better one", async () => {
    const runs = FAMILIES.flatMap((family) =>
      (["haagent", "frr"] as const).map((better: Better) => ({ family, better })),
    );
    const met = await together(runs, ({ family, better }) =>
      measured(`${family.name}, ${better} is better`, () => meet(better, family.router), excess),
    );
    for (const [index, { family, better }] of runs.entries()) {
      const { passed, received, rejected, mismatch } = met[index] ?? {
        passed: [],
        received: 0,
        rejected: -1,
        mismatch: [],
      };
      const line = passed.map(({ event, to, late, outage }) => {
        return `${event} → ${to}${late === null ? "" : ` ${late.toFixed(1)} ms late`}, outage ${outage.toFixed(0)} ms`;
      });
      console.log(`${family.name}, ${better} is better: ${line.join("; ")}`);
      expect(passed.map(({ event }) => event)).toEqual(["stop", "return", "kill", "return"]);
      // Where the MAC address moves, FRR's first IPv6 advert, which it loses for a second, lets us announce after it did.
      if ("virtualMac" in family.router) {
        const most = masterDown({ ...ROUTER, ...family.router, priority: 100 }) + 1500;
        for (const { outage } of passed) expect(outage).toBeLessThan(most);
      }
      for (const { to, late } of passed) {
        if (to !== "haagent" || late === null) continue;
        expect(late).toBeGreaterThan(-1);
        expect(late).toBeLessThanOrEqual(LATE_MS);
      }
      expect(received).toBeGreaterThan(0);
      expect(rejected).toBe(0);
      expect(mismatch).toEqual([]);
    }
  }, 120_000);
});
