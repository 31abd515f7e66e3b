/**
 * Who of two nodes runs which groups, as a pure machine: `step(settings, state, event, now)` gives the next state and what to do. Its
 * parts: negotiation.ts (beginning, failback, what nobody has), standby.ts (clean moves), death.ts (takeover, fence), sight.ts (whom a fence
 * spares), partition.ts (both had the same), ipfail.ts, legacy.ts; group.ts runs the scripts.
 *
 *   init ── active, and nothing of an earlier agent runs ─► starting ─► received ─► stable
 *   any of these ── the other node dead or gone ─► stable, with everything, if need be behind the fence
 *   any ── `stop` ─► leaving ── all stopped ─► left
 */
import { unreachable } from "../base/assert.ts";
import type { Instant } from "../base/units.ts";
import { after, earlier, instant, NEVER } from "../base/units.ts";
import type { Content } from "./content.ts";
import { fenceConfirmed, fenceDue, fenceRan, forget, peerDied, peerLeft } from "./death.ts";
import { deadline as groupDeadline, UNKNOWN } from "./group.ts";
import { EVERYTHING, holdingOf, isNothing, NOTHING, without, wordOf } from "./holding.ts";
import { giveUpDue, giveUpTold, pingsChanged, pingsDue, pingsTold, tellPings } from "./ipfail.ts";
import { groupGranted, groupRequested, requestDue, requestProgress } from "./legacy.ts";
import { audit, begin, failbackDue, negotiationDue, peerReports, peerStarts } from "./negotiation.ts";
import { letGoProgress, peerHeard, peerReturned, unbar, yieldDue } from "./partition.ts";
import { meet, sighted, slept } from "./sight.ts";
import { give, inverse, standbyMessage, standbyOver, standbyProgress } from "./standby.ts";
import type { Event, Peer, Settings, State, Step } from "./takeover-state.ts";
import { LEAVES, Turn } from "./takeover-turn.ts";

const NOBODY: Peer = {
  status: "unheard",
  hold: NOTHING,
  stable: false,
  reported: false,
  sequence: 0,
  haagent: false,
  pings: null,
  before: NOTHING,
};

/** What a node remembers over its lives: what a partition left for an operator. */
export interface Kept {
  readonly barred: ReadonlySet<string>;
  readonly pinned: boolean;
}
const FORGOTTEN: Kept = { barred: new Set(), pinned: false };

/** The first step: looks what an earlier agent may have left, and stops it. `kept` is what its last state had of that. */
export function start(settings: Settings, now: Instant, kept: Kept = FORGOTTEN): Step {
  const turn = new Turn(settings, { ...initial(settings), ...barredOf(settings, kept) }, now);
  for (const plan of settings.groups) turn.drive(plan, { kind: "stop" });
  return { state: turn.state, actions: turn.actions };
}

/** Of what was kept, what there is still. */
function barredOf({ groups }: Settings, { barred, pinned }: Kept): Kept {
  const known = groups.filter(({ key }) => barred.has(key)).map(({ key }) => key);
  return { barred: new Set(known), pinned };
}

const initial = ({ groups }: Settings): State => ({
  phase: "init",
  active: false,
  stableAt: NEVER,
  hold: NOTHING,
  groups: new Map(groups.map(({ key }) => [key, UNKNOWN])),
  barred: new Set(),
  pinned: false,
  peer: NOBODY,
  standby: { role: "none" },
  fence: { kind: "idle" },
  runs: 0,
  met: false,
  owed: false,
  reportedAt: instant(Number.NEGATIVE_INFINITY),
  lettingGo: false,
  auditAt: NEVER,
  yieldAt: NEVER,
  retryAt: NEVER,
  requestAt: NEVER,
  requested: new Set(),
  pings: null,
  told: null,
  tellAt: NEVER,
  losses: 0,
  lostAt: instant(Number.NEGATIVE_INFINITY),
  giveUp: null,
});

/** The transition function. */
export function step(settings: Settings, state: State, event: Event, now: Instant): Step {
  const turn = new Turn(settings, state, now);
  happen(turn, event);
  for (const plan of settings.groups) {
    const group = turn.state.groups.get(plan.key);
    if (group !== undefined && groupDeadline(group) <= now) turn.drive(plan, { kind: "deadline" });
  }
  begin(turn);
  negotiationDue(turn);
  standbyProgress(turn);
  standbyOver(turn);
  requestProgress(turn);
  meet(turn);
  fenceDue(turn);
  yieldDue(turn);
  requestDue(turn);
  pingsDue(turn);
  giveUpDue(turn);
  failed(turn);
  failbackDue(turn);
  audit(turn);
  letGoProgress(turn);
  leave(turn);
  return { state: turn.state, actions: turn.actions };
}

function happen(turn: Turn, event: Event): void {
  switch (event.kind) {
    case "active":
      return turn.set({ active: true });
    case "peer-heard":
      return peerHeard(turn);
    case "peer-dead":
      return peerDied(turn);
    case "peer-back":
      if (event.how === "returned") return peerReturned(turn);
      forget(turn);
      // The other life's groups: an agent that begins stops them before it takes part.
      return turn.set({ peer: { ...NOBODY, status: "alive" }, owed: true });
    case "message":
      if (turn.state.peer.status === "alive" && concerns(event.content))
        hear(turn, event.content, event.sequence);
      return;
    case "ran": {
      const plan = turn.settings.groups.find(({ key }) => key === event.group);
      if (plan !== undefined) turn.drive(plan, { kind: "ran", run: event.run, outcome: event.outcome });
      return;
    }
    case "fenced":
      return fenceRan(turn, event.run, event.ok);
    case "confirmed":
      return fenceConfirmed(turn);
    case "standby":
      turn.set({ pinned: false });
      if (!give(turn, event.what, "standby")) turn.news("standby-refused", event.what);
      return;
    case "takeover":
      unbar(turn);
      if (isNothing(without(holdingOf(event.what), turn.state.hold))) return;
      if (turn.settings.failback === "legacy" || !turn.agreed)
        return turn.news("standby-refused", event.what);
      return turn.say({ kind: "takeover", hold: event.what });
    case "pings":
      return pingsChanged(turn, event.alive);
    case "echo":
      return sighted(turn);
    case "slept":
      return slept(turn);
    case "stop":
      return stop(turn);
    case "deadline":
      return;
    default:
      unreachable(event);
  }
}

function hear(turn: Turn, content: AboutGroups, sequence: number): void {
  switch (content.kind) {
    case "starting":
      return peerStarts(turn, sequence);
    case "resource":
      return peerReports(turn, content, sequence);
    case "standby":
      return standbyMessage(turn, content, sequence);
    case "takeover":
      return void give(turn, inverse(content.hold), "takeover");
    case "ip-request":
      return groupRequested(turn, content.group);
    case "ip-response":
      return groupGranted(turn, content.group);
    case "ping-count":
      return pingsTold(turn, content.count);
    case "ipfail-joined":
      return tellPings(turn);
    case "give-up":
      return giveUpTold(turn, content.really);
    case "shutdone":
      return peerLeft(turn);
    default:
      unreachable(content);
  }
}

/** The messages that are about nodes and links, not about who runs what. */
const ABOUT_NODES = [
  "status",
  "ack",
  "rexmit",
  "nak",
  "reqnodes",
  "repnodes",
  "ask-claims",
  "claims",
  "life",
  "arrangement",
  "other",
] as const;
type AboutGroups = Exclude<Content, { kind: (typeof ABOUT_NODES)[number] }>;

/** Whether a message says anything to this machine. */
export function concerns(content: Content): content is AboutGroups {
  const others: readonly Content["kind"][] = ABOUT_NODES;
  return !others.includes(content.kind);
}

/** What failed here is offered to the other node, or, when it cannot have it now, tried again. */
function failed(turn: Turn): void {
  const { hold, retryAt, phase } = turn.state;
  const { onFailure, retryAfter } = turn.settings;
  const groups = turn.plansOf(hold).filter(({ key }) => turn.state.groups.get(key)?.phase === "failed");
  if (groups.length === 0 || phase !== "stable" || onFailure === "stay") return turn.set({ retryAt: NEVER });
  if (retryAt === NEVER) return turn.set({ retryAt: after(turn.now, retryAfter) });
  if (retryAt > turn.now) return;
  turn.set({ retryAt: NEVER });
  if (onFailure === "retry") return turn.retry();
  const local = groups.some((plan) => plan.local);
  const foreign = groups.some((plan) => !plan.local);
  if (!give(turn, wordOf({ local, foreign }), "failed")) turn.retry();
}

function stop(turn: Turn): void {
  const { phase, active } = turn.state;
  if (phase === "leaving" || phase === "left") return;
  forget(turn);
  turn.set({ phase: "leaving", stableAt: NEVER, requestAt: NEVER, lettingGo: false });
  turn.stop(EVERYTHING);
  if (active && turn.settings.failback !== "legacy") turn.reportGiven(LEAVES);
}

function leave(turn: Turn): void {
  if (turn.state.phase !== "leaving" || !turn.stopped(EVERYTHING)) return;
  turn.set({ phase: "left" });
  turn.say({ kind: "shutdone" });
  turn.actions.push({ kind: "left" });
}

/** When the machine wants a `deadline` event at the latest. */
export function deadline(state: State): Instant {
  const { standby, fence, giveUp } = state;
  const all = [state.stableAt, state.auditAt, state.yieldAt, state.retryAt, state.requestAt, state.tellAt];
  if (standby.role !== "none") all.push(standby.until);
  if (fence.kind === "waiting") all.push(fence.wakeAt);
  if (giveUp !== null) all.push(giveUp.at);
  for (const group of state.groups.values()) all.push(groupDeadline(group));
  return all.reduce(earlier, NEVER);
}
