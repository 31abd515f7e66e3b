/**
 * The operator's word about groups: `standby` gives them to the other node, `takeover` takes them from it. The wire knows no single group, so one
 * that is named moves with all that prefer the same node. A takeover also starts what a partition left for an operator.
 */
import type { Hold } from "../../heartbeat/content.ts";
import { holdingOf, isNothing, overlap, without, wordOf } from "../../heartbeat/holding.ts";
import { Turn as MachineTurn } from "../../heartbeat/takeover-turn.ts";
import type { Reply } from "../boundary.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { awaitAnswer } from "./answers.ts";
import { give } from "./machine.ts";
import type { Resources } from "./resources.ts";
import type { Turn } from "../world.ts";

/** Which groups, in this node's view. */
export type Which = Exclude<Hold, "none">;

export interface Order {
  readonly kind: "standby" | "takeover";
  readonly which: Which;
  readonly connection: number;
  /** What the answer says besides, and the exit code of that. */
  readonly exit: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The class of a group, by its key; null: there is none of that name. */
export function classOf({ resources }: Cluster, key: string): Which | null {
  const plan = resources?.settings.groups.find((each) => each.key === key);
  return plan === undefined ? null : plan.local ? "local" : "foreign";
}

/** Carries out an order. Null: it is answered when the other node has. */
export function order(cluster: Cluster, turn: Turn, resources: Resources, asked: Order): Reply | null {
  return asked.kind === "standby"
    ? hand(cluster, turn, resources, asked)
    : claim(cluster, turn, resources, asked);
}

const keys = ({ settings: { groups } }: Resources, which: Hold): string[] => {
  const { local, foreign } = holdingOf(which);
  return groups.filter((plan) => (plan.local ? local : foreign)).map(({ key }) => key);
};

const refusal = ({ body }: Order, groups: readonly string[], why: string): Reply => ({
  exit: 1,
  body: { ...body, refused: [...list(body["refused"]), `${groups.join(", ")}: ${why}`] },
});

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function hand(cluster: Cluster, turn: Turn, resources: Resources, asked: Order): Reply | null {
  const what = wordOf(overlap(holdingOf(asked.which), resources.state.hold));
  if (what === "none") {
    return { exit: asked.exit, body: { ...asked.body, not_here: keys(resources, asked.which) } };
  }
  const groups = keys(resources, what);
  const why = obstacle(turn, resources);
  if (why !== null) return refusal(asked, groups, why);
  const { connection, body, exit } = asked;
  awaitAnswer(turn, resources, { connection, order: "standby", what, groups, body, exit });
  give(cluster, turn, { kind: "standby", what });
  return null;
}

function claim(cluster: Cluster, turn: Turn, resources: Resources, asked: Order): Reply | null {
  const { state } = resources;
  const barred = keys(resources, "all").filter((key) => state.barred.has(key));
  const lacks = without(holdingOf(asked.which), state.hold);
  const why = isNothing(lacks) ? null : obstacle(turn, resources);
  if (why !== null || isNothing(lacks)) {
    const failed = keys(resources, wordOf(overlap(holdingOf(asked.which), state.hold))).filter(
      (key) => state.groups.get(key)?.phase === "failed",
    );
    // An operator has looked at the data, or at what did not start.
    if (barred.length > 0 || state.pinned || failed.length > 0)
      give(cluster, turn, { kind: "takeover", what: asked.which });
    if (why !== null) return refusal(asked, keys(resources, wordOf(lacks)), why);
    const body = {
      ...asked.body,
      already_here: keys(resources, asked.which),
      allowed_again: barred,
      tried_again: failed,
    };
    return { exit: asked.exit, body };
  }
  const groups = keys(resources, asked.which);
  const what = asked.which;
  const { connection, body, exit } = asked;
  awaitAnswer(turn, resources, { connection, order: "takeover", what, groups, body, exit });
  give(cluster, turn, { kind: "takeover", what });
  return null;
}

/** Why nothing can move by an order now; null: it can. */
function obstacle(turn: Turn, resources: Resources): string | null {
  const { settings, state, waiting } = resources;
  const { peer, failback } = settings;
  if (failback === "legacy") {
    return 'auto_failback = "legacy" has no standby: stop the agent on one node, or set it to true or false on both';
  }
  if (state.phase === "leaving" || state.phase === "left") return "the agent is stopping";
  if (state.fence.kind !== "idle")
    return `${peer} is not fenced yet; where it is off, haagent fence confirm ${peer}`;
  if (state.peer.status !== "alive") return `${peer} is not there`;
  if (state.phase !== "stable")
    return `this node has begun to take part only now, and has not agreed with ${peer} yet`;
  if (waiting !== null) return "another order waits for its answer";
  if (state.standby.role !== "none") return "groups are moving already";
  const machine = new MachineTurn(settings, state, turn.now);
  if (!isNothing(machine.doubled))
    return `both nodes run them: the one that is to let go has not done so yet`;
  if (machine.isLettingGo) return "groups are still stopping here";
  return machine.agreed ? null : `${peer} has not said that it is at rest`;
}
