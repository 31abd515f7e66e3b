/** Faults of what joins membership, groups and routers in the agent: what the simulator is for. */
import type { Mutant } from "./mutants.ts";
import { RESOURCES } from "./resources.ts";

const fault = (file: string, find: string, replace: string, breaks: string, seed = 1): Mutant => ({
  ...{ file: `src/agent/${file}.ts`, find, replace, breaks, seed },
  caughtBy: "sim",
});

const guardFault = (find: string, replace: string, breaks: string, seed = 1): Mutant => ({
  ...{ file: "src/vrrp/guard.ts", find, replace, breaks, seed },
  caughtBy: "sim",
});

export const JOINED: readonly Mutant[] = [
  ...RESOURCES,
  fault(
    "cluster/members",
    '  give(cluster, turn, { kind: "peer-dead" });',
    "",
    "leaves groups to the dead",
    58,
  ),
  fault(
    "cluster/receive",
    'give(cluster, turn, { kind: "peer-back", how: change });',
    "",
    "does not notice that the other node lives another life",
    43,
  ),
  {
    ...fault(
      "resource/machine",
      'if (resources.state.phase === "left") return lingers(cluster, turn, resources) ? "leaving" : "left";',
      'return "left";',
      "ends before its groups have",
    ),
    caughtBy: "agent/resource-address",
  },
  fault(
    "resource/addresses",
    "const done = holder.wanted ? isHeld(world, name) : world.ownership.of(name).length === 0;",
    "const done = holder.wanted ? false : world.ownership.of(name).length === 0;",
    "waits for ever for an address that it has",
  ),
  fault(
    "resource/address",
    "ms(Math.floor((deadtime - keepalive - LATE) / 1000) * 1000)",
    "ms(Math.floor(deadtime - keepalive) * 1000)",
    "leaves the addresses of its groups behind when it dies",
  ),
  {
    ...fault("", "if (again >= first) return again;", "", "fills a line with what it says again", 494),
    file: "src/io/line-queue.ts",
  },
  {
    ...guardFault(
      "if (counts(guard, claimed)) {",
      "if (false) {",
      "takes over from a master that says that it is one",
    ),
    caughtBy: "vrrp",
  },
  {
    ...guardFault(
      "question !== null && last !== null && question >= (before ?? last);",
      "question !== null && last !== null;",
      "is held back for ever by what a master said long ago",
    ),
    caughtBy: "vrrp",
  },
  guardFault(
    '  if (settings.isolated) return stay("isolated", 1);',
    "",
    "takes again what it gave up as it was isolated",
    132,
  ),
];
