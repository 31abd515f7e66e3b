/** Faults in the table of virtual services. */
import { BALANCE } from "./balance.ts";
import type { Mutant } from "./mutants.ts";

const fault = (file: string, find: string, replace: string, breaks: string): Mutant => ({
  file: `src/ipvs/${file}.ts`,
  find,
  replace,
  breaks,
  caughtBy: "ipvs",
});

export const IPVS: readonly Mutant[] = [
  ...BALANCE,
  fault(
    "difference",
    "[...made, ...added, ...raised, ...lowered, ...removed]",
    "[...made, ...removed, ...added, ...raised, ...lowered]",
    "removes the last server before it adds the fallback",
  ),
  fault(
    "difference",
    "[...made, ...added, ...raised, ...lowered, ...removed]",
    "[...made, ...added, ...lowered, ...raised, ...removed]",
    "drains the last server before another has weight",
  ),
  fault(
    "difference",
    ".filter((id) => ours.has(serviceKey(id)))\n",
    "\n",
    "deletes the virtual services of others",
  ),
  fault("difference", "else if (!sameDestination(found, destination)) {", "else {", "writes what is there"),
  fault(
    "pool",
    'verdict === "up" ? destination.weight : kernel',
    'verdict === "up" ? destination.weight : destination.weight',
    "gives weight to a server that no check has passed",
  ),
  fault(
    "pool",
    'verdict === "up" ? destination.weight : kernel',
    'verdict === "up" ? destination.weight : 0',
    "takes servers out when it is restarted",
  ),
  fault(
    "pool",
    'duty === "drain" || (verdict',
    'duty === "serve" || (verdict',
    "removes a server that is to be drained",
  ),
  fault("pool", "pool.quorum + slack(had)", "1 + slack(had)", "has a quorum of one, whatever is configured"),
  fault(
    "pool",
    "[fallback, ...without(destinations, fallback)]",
    "[fallback, ...destinations]",
    "adds its fallback twice",
  ),
  fault("leaving", "counted && active === 0 && silent", "silent", "removes who leaves with its connections"),
  fault(
    "leaving",
    "inactive === 0 || elapsed(quietSince, now) >= QUIET",
    "true",
    "removes who leaves in the midst of a last answer",
  ),
  fault("leaving", "limit === 0 || ended || late", "limit === 0 || ended", "lets who leaves stay for ever"),
  fault(
    "leaving",
    "destination.weight === 0 && (before",
    "(before",
    "removes a server that takes connections",
  ),
  fault(
    "pool",
    "!gone && destinationKey(destination) !== spare",
    "gone && destinationKey(destination) !== spare",
    "drops the connections of a server that is listed no more",
  ),
  fault(
    "pool",
    'member.verdict === "down" && weightAt(member) > 0',
    'member.verdict === "down"',
    "lets failed servers in when too few are left",
  ),
  fault("pool", "pool.quorum + slack(had)", "pool.quorum - slack(had)", "turns hysteresis round"),
];
