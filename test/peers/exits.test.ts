/** haagent beside keepalived, in both roles, through every way to leave. */
import { describe, expect, test } from "bun:test";
import type { DaemonKind } from "../lab/daemon.ts";
import type { Exited, Step } from "./exits.ts";
import { exits, FLAVOURS, VARIANTS } from "./exits.ts";
import { measured, spread, together } from "./figures.ts";

/** Past the protocol's earliest time, on a machine with eighteen labs; the quiet figures are the bench's. */
const LATE_MS = 250;
/** A process also has to start before it can listen. */
const START_MS = 1000;
/** Two owners while the better node returns: its first advert has to arrive, and the other one's address to go. */
const HANDOVER_MS = 100;

const PAIRS: readonly (readonly [DaemonKind, DaemonKind])[] = [
  ["haagent", "keepalived"],
  ["keepalived", "haagent"],
];

const room = ({ exit }: Step): number => (exit === "preempt back" ? LATE_MS + START_MS : LATE_MS);

/** By how much the worst step misses, whoever took over: a keepalived that is late says the same of the machine. */
const excess = ({ steps }: Exited): number =>
  Math.max(...steps.map((step) => Math.max(step.late - room(step), step.twoOwners - HANDOVER_MS)));

const line = ({ exit, taker, late, outage, twoOwners }: Step): string =>
  `${exit} → ${taker} ${late.toFixed(1)} ms late, outage ${outage.toFixed(0)} ms, two owners ${twoOwners.toFixed(0)} ms`;

describe("haagent beside keepalived", () => {
  test.each([
    ["every flavour of the protocol", FLAVOURS],
    ["an authentication header, both versions at once and 10 ms", VARIANTS],
  ])(
    "passes the address on and back at every exit, in both roles, in %s",
    async (_, flavours) => {
      const runs = flavours.flatMap((flavour) => PAIRS.map((kinds) => ({ flavour, kinds })));
      const done: Exited[] = await together(runs, ({ kinds, flavour }) =>
        measured(`${flavour.name}, ${kinds.join(" over ")}`, () => exits(kinds, flavour), excess),
      );
      for (const [index, { flavour, kinds }] of runs.entries()) {
        const { steps, judged } = done[index] ?? {
          steps: [],
          judged: { adverts: 0, bad: ["nothing"], joins: 0 },
        };
        console.log(
          `${flavour.name}, ${kinds.join(" over ")}: ${judged.adverts} adverts of ours, well-formed\n  ${steps.map(line).join("\n  ")}`,
        );
        expect(steps.map(({ exit }) => exit)).toEqual([
          "stop",
          "preempt back",
          "kill",
          "preempt back",
          "link down",
          "preempt back",
        ]);
        for (const step of steps) {
          expect(step.twoOwners).toBeLessThanOrEqual(HANDOVER_MS);
          if (step.taker !== "haagent") continue;
          expect(step.late).toBeGreaterThan(-1);
          expect(step.late).toBeLessThanOrEqual(room(step));
        }
        expect(judged.bad).toEqual([]);
        expect(judged.adverts).toBeGreaterThan(5);
        // Packet sockets alone would not have told a snooping switch that we listen.
        if (flavour.unicast !== true) expect(judged.joins).toBeGreaterThan(0);
      }
      const late = (kind: DaemonKind): number[] =>
        done.flatMap(({ steps }) =>
          steps
            .filter(({ taker, exit }) => taker === kind && exit !== "preempt back")
            .map((step) => step.late),
        );
      console.log(
        `takeovers past the protocol's earliest: keepalived ${spread(late("keepalived"))}, haagent ${spread(late("haagent"))}`,
      );
    },
    180_000,
  );
});
