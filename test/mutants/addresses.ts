/** Faults of the addresses of resources. */
import type { Catcher, Mutant } from "./mutants.ts";

const fault = (file: string, find: string, replace: string, breaks: string, caughtBy: Catcher): Mutant => ({
  ...{ file: `src/agent/${file}.ts`, find, replace, breaks },
  caughtBy,
});

export const ADDRESSES: readonly Mutant[] = [
  fault(
    "agent",
    "    addressesStalled(world, turn, gap);\n",
    "",
    "puts back after a stall what another node has by now",
    "agent/resource-address",
  ),
  fault(
    "reload",
    "  releaseAddresses(world, turn);\n",
    "",
    "leaves an address behind what does not stop",
    "agent/resource-address",
  ),
  fault(
    "world",
    "    virtual.add(address);\n    moved.add(address);\n",
    "",
    "sends adverts from an address that moves",
    "agent/resource-address",
  ),
  fault(
    "resource/addresses",
    "if (run === null) return pause(world, turn, holder, why);",
    "if (run === null) return;",
    "tries without a pause what the kernel refuses",
    "agent/resource-address",
  ),
  fault(
    "resource/addresses",
    "const late = elapsed(run.since, turn.now) >= run.timeout;",
    "const late = false;",
    "waits for ever for a kernel that does not answer",
    "agent/resource-address",
  ),
  fault(
    "feed",
    "if (before?.mac !== link.mac || back) addressLink(world, turn, link);",
    "",
    "has lost an address with its interface for good",
    "agent/resource-address",
  ),
];
