/**
 * The keys of checks: `[check.NAME]` for virtual routers, `[virtual_server.NAME.check]` for real servers. What is probed has the same keys in
 * both; and which of them belong to which type.
 */
import { ms } from "../base/units.ts";
import type { Fields, Values } from "./field.ts";
import { absent, optional, required } from "./field.ts";
import type { Given } from "./kind.ts";
import { choice, duration, integer } from "./kind.ts";
import { PROBES } from "./tables-later.ts";
import type { CheckType } from "./tables-probe.ts";
import { KEYS_OF, probe, TYPES } from "./tables-probe.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** Those that say something of a real server. */
const SERVER_TYPES = TYPES.filter((type) => type !== "process");

const later = PROBES.filter((type) => !TYPES.some((known) => known === type));
const TYPE_DOC =
  "What is probed. Only script starts a program; the others are done by the agent itself, on a thread of their own.";

/** How often, how long, how many times: the same keys with other defaults where another thing depends on it. */
const course = (interval: number, timeout: number | null, rise: number) => ({
  interval: optional(
    duration(10, 24 * HOUR),
    ms(interval),
    "From one start of the probe to the next; one that still runs is waited for. Checks are spread over it.",
  ),
  fast_interval: absent(
    duration(10, 24 * HOUR),
    "interval",
    "Instead of interval while it is undecided: before the first verdict, and while results contradict the last one.",
  ),
  jitter: optional(
    integer(0, 50),
    0,
    "Per cent of interval: each start is later by a part of that, drawn anew, so that those who probe the same server do not keep step.",
  ),
  timeout:
    timeout === null
      ? absent(
          duration(10, 24 * HOUR),
          "interval",
          "A whole probe that takes longer has failed; a script is killed.",
        )
      : optional(
          duration(10, 24 * HOUR),
          ms(timeout),
          "A whole probe that takes longer has failed; a script is killed.",
        ),
  rise: optional(integer(1, 1000), rise, "Successes in a row that make a failed check good."),
  fall: optional(integer(1, 1000), 3, "Failures in a row that make a good check failed."),
});

/** `[check.NAME]` */
export const check = {
  type: required(choice(TYPES, later), TYPE_DOC),
  ...probe,
  ...course(SECOND, null, 1),
  weight: optional(
    integer(-253, 253),
    0,
    "Added to the priority: while good if positive, while failed if negative. 0: failed means fault.",
  ),
} satisfies Fields;

/** `[virtual_server.NAME.check]`: without target the real server is probed, at its address and port. */
export const serverCheck = {
  type: required(choice(SERVER_TYPES, later), TYPE_DOC),
  ...probe,
  ...course(2 * SECOND, 2 * SECOND, 2),
} satisfies Fields;

/** What both kinds of check have: what is probed, and its course. */
export type ProbeValues = Values<typeof probe & ReturnType<typeof course>> & {
  readonly type: Given<CheckType> | null;
};

/** What every type takes. */
const COMMON = ["type", "interval", "fast_interval", "jitter", "timeout", "rise", "fall", "weight"];
/** Of every key that some types take, which ones. */
const TYPES_OF = new Map<string, readonly CheckType[]>(
  TYPES.flatMap((type) => [...KEYS_OF[type].needs, ...KEYS_OF[type].takes]).map(
    (key): [string, CheckType[]] => [
      key,
      TYPES.filter((type) => [...KEYS_OF[type].needs, ...KEYS_OF[type].takes].some((each) => each === key)),
    ],
  ),
);

/** The types that take a key; all of them give null. */
export const typesOf = (key: string): readonly CheckType[] | null =>
  COMMON.includes(key) ? null : (TYPES_OF.get(key) ?? []);
