/** Faults of the fence, of ping nodes, and of a life that was renumbered, in the agent. */
import type { Catcher, Mutant } from "./mutants.ts";

const fault = (file: string, find: string, replace: string, breaks: string, caughtBy: Catcher): Mutant => ({
  ...{ file: `src/agent/${file}.ts`, find, replace, breaks },
  caughtBy,
});

export const FENCE: readonly Mutant[] = [
  fault(
    "resource/resources",
    "? ms(0) : FENCE_DELAY",
    "? ms(0) : ms(0)",
    "lets two nodes shoot each other",
    "agent/fence",
  ),
  fault(
    "resource/resources",
    "preferredNode(groups) === own ?",
    "preferredNode(groups) !== own ?",
    "shoots the better one",
    "agent/fence",
  ),
  fault(
    "resource/fenced",
    "ok: failure === null",
    "ok: true",
    "takes over when the fence has failed",
    "agent/fence",
  ),
  fault(
    "resource/fence",
    'turn.out.defer({ kind: "heartbeat", what: "fence-cancel" });',
    "",
    "shoots a node that is back",
    "agent/fence",
  ),
  fault(
    "resource/fence",
    "argv: [...fence.argv, peer]",
    "argv: [...fence.argv]",
    "does not say whom to shoot",
    "agent/fence",
  ),
  fault(
    "resource/status",
    'if (awaitsOperator(cluster)) return "fault";',
    "",
    "is content while nothing is taken over",
    "agent/fence",
  ),
  fault(
    "resource/machine",
    '  // Other times, or no fence any more.\n  give(cluster, turn, { kind: "deadline" });',
    "",
    "waits for a fence that is gone",
    "agent/fence",
  ),
  fault(
    "cluster/pings",
    'give(cluster, turn, { kind: "echo" });',
    "void 0;",
    "never learns that a ping node answers",
    "agent/fence",
  ),
  fault(
    "resource/resources",
    "blind: cluster.pings.length === 0 ? null :",
    "blind: cluster.pings.length >= 0 ? null :",
    "shoots whom it should leave to shoot",
    "agent/fence",
  ),
  fault(
    "cluster/members",
    'if (actions.some(({ kind }) => kind === "say")) askPings(cluster, turn);',
    "",
    "asks no ping node",
    "agent/cluster-pings",
  ),
  fault(
    "cluster/members",
    'give(cluster, turn, { kind: "slept" });',
    "",
    "shoots as soon as it wakes",
    "agent/fence",
  ),
  fault(
    "agent",
    "if (world.cluster !== null) noticeSleep(world.cluster, turn);",
    "",
    "wakes, and does what is due before it knows that it slept",
    "agent/fence",
  ),
  fault(
    "cluster/life",
    "|| after(heardAt, silent) > turn.now",
    "",
    "takes a replay for all that a node can say",
    "agent/cluster-life",
  ),
];
