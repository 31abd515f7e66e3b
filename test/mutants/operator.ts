/** Faults of what the operator asks for: standby, takeover, why. */
import type { Mutant } from "./mutants.ts";

export const OPERATOR: readonly Mutant[] = [
  {
    file: "src/agent/operator.ts",
    find: "const silent = !usable(world.kernel.named(router.config.interface));",
    replace: "const silent = true;",
    breaks: "goes into standby without a word",
    caughtBy: "sim",
  },
  {
    file: "src/agent/operator.ts",
    find: "standDown(world, turn, group(world, router));",
    replace: "",
    breaks: "leaves half a sync group in standby after a reload",
    caughtBy: "agent",
  },
  {
    file: "src/agent/router.ts",
    find: "return TAKEN;",
    replace: "return this.config.priority;",
    breaks: "takes over with its own priority",
    caughtBy: "sim",
  },
  {
    file: "src/agent/drive.ts",
    find: 'if (before.kind === "master" && router.order?.kind === "takeover") router.order = null;',
    replace: "",
    breaks: "lost the election and keeps the priority of its takeover",
    caughtBy: "sim",
  },
  {
    file: "src/agent/operator.ts",
    find: "if (syncGroup !== null) turn.losers.delete(syncGroup);",
    replace: "",
    breaks: "takes a sync group and gives it up again in the same breath",
    caughtBy: "agent",
  },
  {
    file: "src/agent/operator.ts",
    find: "return !higher;",
    replace: "return true;",
    breaks: "does not assert itself against another takeover",
    caughtBy: "agent",
  },
  {
    file: "src/agent/operator.ts",
    find: "(higher ? 1.5 : 0.5)",
    replace: "0.5",
    breaks: "gives way to a takeover of the same moment, as the other one does",
    caughtBy: "agent",
  },
  {
    file: "src/agent/operator.ts",
    find: "peer.priority === OWNER && lives(",
    replace: "peer.priority > OWNER && lives(",
    breaks: "takes over from the owner of the addresses",
    caughtBy: "agent",
  },
  {
    file: "src/agent/reload.ts",
    find: "if (standby.has(next.name)) standDown(world, turn, [made]);",
    replace: "",
    breaks: "forgets a standby when the reload makes another router of it",
    caughtBy: "agent",
  },
  {
    file: "src/agent/history.ts",
    find: "if (known.length > TRANSITIONS_MAX) known.shift();",
    replace: "",
    breaks: "remembers for ever",
    caughtBy: "agent",
  },
  {
    file: "src/agent/history.ts",
    find: "const time = boots === 0 ? wallClock",
    replace: "const time = boots >= 0 ? wallClock",
    breaks: "measures the time of another boot by the clock of this one",
    caughtBy: "agent",
  },
  {
    file: "src/agent/drive.ts",
    find: "remember(world, turn, router, told);",
    replace: 'if (role !== "fault") remember(world, turn, router, told);',
    breaks: "does not write its faults down",
    caughtBy: "sim",
  },
];
