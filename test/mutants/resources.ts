/** Faults of groups of resources in the agent: orders, reloads, what is kept, and the end. */
import { ADDRESSES } from "./addresses.ts";
import type { Catcher, Mutant } from "./mutants.ts";

const fault = (file: string, find: string, replace: string, breaks: string, caughtBy: Catcher): Mutant => ({
  ...{ file: `src/${file}.ts`, find, replace, breaks },
  caughtBy,
});

export const RESOURCES: readonly Mutant[] = [
  ...ADDRESSES,
  fault(
    "heartbeat/standby",
    "if (crossed && (",
    "if (false && (",
    "lets both nodes wait for the other's answer when both are to give",
    "agent/resources",
  ),
  fault(
    "agent/resource/outcomes",
    "  tellSlow(cluster, turn);\n",
    "",
    "says nothing of a script that hangs",
    "agent/resource-address",
  ),
  fault(
    "agent/resource/run",
    'run.task === "status" && !unended',
    'run.task === "status"',
    "hides a status that was killed",
    "agent/resources-trouble",
  ),
  fault(
    "heartbeat/partition",
    "  turn.retry();\n}\n",
    "}\n",
    "does not try again what failed when an operator says so",
    "agent/resources-trouble",
  ),
  fault(
    "heartbeat/regroup",
    "if (plan.retired || fresh) turn.drive(",
    "if (fresh) turn.drive(",
    "leaves running what a reload took away",
    "agent/resources",
  ),
  fault(
    "heartbeat/regroup",
    "(fresh || revived) && turn.mayStart(plan)",
    "fresh && turn.mayStart(plan)",
    "leaves down what a reload put back",
    "agent/resources",
  ),
  fault(
    "heartbeat/takeover",
    "groups.filter(({ key }) => barred.has(key))",
    "groups.filter(() => false)",
    "forgets over a restart what only an operator may start",
    "agent/resources-trouble",
  ),
  fault(
    "heartbeat/takeover-turn",
    "return !retired && !this.state.barred.has(key);",
    "return !retired;",
    "starts what only an operator may start",
    "agent/resources-trouble",
  ),
  fault(
    "agent/resource/machine",
    "resources.memory.keep(turn, resources);",
    "",
    "keeps nothing of a partition",
    "agent/resources-trouble",
  ),
  fault(
    "agent/resource/memory",
    'if (order.task !== "start") return false;',
    "return false;",
    "starts what no next agent would know of",
  ),
  fault(
    "agent/resource/memory",
    'if (group?.phase === "unknown") return this.#left.has(key);',
    'if (group?.phase === "unknown") return false;',
    "forgets what an earlier agent left before it has stopped it",
  ),
  fault("agent/resource/memory", "this.#known = done.started;", "", "does not hear that the disk has it"),
  fault(
    "agent/resource/kept",
    "if (boot !== bootOf(bootId))",
    "if (false)",
    "looks for what ran in another boot",
  ),
  fault(
    "agent/resource/left",
    "!wanted.some((each) => isSame(each, group))",
    "!wanted.some(({ key }) => key === group.key)",
    "leaves running what its configuration has otherwise by now",
  ),
  fault(
    "agent/resource/machine",
    "return !taken && !cluster.hurried &&",
    "return false &&",
    "ends before its last word was heard",
    "agent/resources-trouble",
  ),
  fault(
    "agent/resource/machine",
    "runs.length === 0 || cluster.hurried",
    "runs.length === 0",
    "cannot be told to end at once",
    "agent/resource-address",
  ),
  fault(
    "agent/resource/changes",
    "running.node === node) continue;",
    "true) continue;",
    "lets a reload run a group twice",
    "agent/resources",
  ),
  fault(
    "agent/resource/answers",
    'if (standby.role === "giving" && standby.step !== "asked") return done;',
    'if (standby.role === "giving") return done;',
    "says that the other node has agreed before it has",
    "agent/resources",
  ),
  fault(
    "agent/reload",
    'turn.out.exit(handed === "stuck" ? REFUSED : 0);',
    "turn.out.exit(0);",
    "says that all went well when it leaves something behind",
    "agent/resource-address",
  ),
];
