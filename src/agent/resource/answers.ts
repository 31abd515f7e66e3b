/** Answers to an operator who waits for what the other node says to his order. */
import { after, ms } from "../../base/units.ts";
import { holdingOf, isNothing, overlap, without } from "../../heartbeat/holding.ts";
import type { State } from "../../heartbeat/takeover-state.ts";
import type { Reply } from "../boundary.ts";
import type { Resources, Waiting } from "./resources.ts";
import type { Turn } from "../world.ts";

/** Until an order is answered: a node that takes part answers at once, a heartbeat 3.0.6 within a second. */
const ANSWER_WITHIN = ms(10_000);

/** From now on somebody waits. */
export function awaitAnswer(turn: Turn, resources: Resources, waiting: Omit<Waiting, "until">): void {
  resources.waiting = { ...waiting, until: after(turn.now, ANSWER_WITHIN) };
}

/** Answers as soon as the other node has agreed, or is not going to. */
export function answerOrder(turn: Turn, resources: Resources, before: State): void {
  const { waiting } = resources;
  if (waiting === null) return;
  const reply = outcome(resources, waiting, before, waiting.until <= turn.now);
  if (reply === null) return;
  resources.waiting = null;
  turn.out.defer({ kind: "reply", connection: waiting.connection, reply });
}

function outcome(
  { state, settings: { peer } }: Resources,
  waiting: Waiting,
  before: State,
  late: boolean,
): Reply | null {
  const { order, what, groups, body, exit } = waiting;
  const { standby, phase } = state;
  const done: Reply = { exit, body: { ...body, [order]: [...listed(body, order), ...groups] } };
  const refused = (why: string): Reply => ({
    exit: 1,
    body: { ...body, refused: [...listed(body, "refused"), `${groups.join(", ")}: ${why}`] },
  });
  if (phase === "leaving" || phase === "left") return refused("the agent is stopping");
  if (order === "standby") {
    if (standby.role === "giving" && standby.step !== "asked") return done;
    if (isNothing(overlap(holdingOf(what), state.hold))) return done;
    if (standby.role === "taking") return refused(`${peer} asked at the same time to give what it has`);
    const ended = before.standby.role === "giving" && standby.role === "none";
    return ended || late ? refused(`${peer} has not agreed to take them`) : null;
  }
  if (isNothing(without(holdingOf(what), state.hold)) || standby.role === "taking") return done;
  return late ? refused(`${peer} has not agreed to give them`) : null;
}

/** What a body has named already under a key. */
const listed = (body: Waiting["body"], key: string): unknown[] => {
  const value = body[key];
  return Array.isArray(value) ? value : [];
};
