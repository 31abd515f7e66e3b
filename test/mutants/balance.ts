/** Faults in what joins virtual services with routers, checks and the kernel: what the simulator is for, in its first seeds. */
import type { Mutant } from "./mutants.ts";

const fault = (file: string, find: string, replace: string, breaks: string, seed: number): Mutant => ({
  ...{ file: `src/agent/service/${file}.ts`, find, replace, breaks, seed },
  caughtBy: "sim",
});

export const BALANCE: readonly Mutant[] = [
  fault(
    "turn",
    "(isActive(world, config) ?? active) !== active) services.dirty",
    "(isActive(world, config) ?? active) === null) services.dirty",
    "does not notice that its router is master, or no more",
    53,
  ),
  fault(
    "state",
    'if (up === null) return "undecided";',
    'if (up === null) return "up";',
    "gives weight to servers before they were probed",
    8,
  ),
  fault(
    "services",
    "owned: same ? null : owned",
    "owned: null",
    "does not note which services are its own",
    8,
  ),
  fault(
    "services",
    "if (same && !this.someoneLeaves()) return;",
    "if (same) return;",
    "never notices that the connections of who leaves have ended",
    37,
  ),
  fault(
    "state",
    "if (!this.isFallback(key)) return drainTimeout;",
    "if (!this.isFallback(key)) return ms(0);",
    "removes who is not listed with its connections",
    37,
  ),
];
