/** The machine of groups at work: an event goes in, and what it wants is said, run, logged and remembered. */
import { unreachable } from "../../base/assert.ts";
import { after, earlier, ms, NEVER } from "../../base/units.ts";
import type { Outcome } from "../../heartbeat/group.ts";
import { isRetired, regrouped } from "../../heartbeat/regroup.ts";
import { concerns, deadline, start, step } from "../../heartbeat/takeover.ts";
import type { Action, Event, State, Step } from "../../heartbeat/takeover-state.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { tellGroup } from "../cluster/notify.ts";
import type { HeartbeatEvent } from "../cluster/boundary.ts";
import { say } from "../cluster/send.ts";
import { answerOrder } from "./answers.ts";
import { runFence, settleFence } from "./fence.ts";
import { causeOf, causeOfMove, logNews } from "./news.ts";
import { runResource } from "./run.ts";
import type { GroupState } from "./resources.ts";
import type { Memory } from "./kept.ts";
import { decodeMemory, NOTHING_KEPT } from "./kept.ts";
import { configForLeft, leftBehind } from "./left.ts";
import { GroupMemory } from "./memory.ts";
import { groupState, Resources, settingsOf } from "./resources.ts";
import type { Turn } from "../world.ts";

/** How long an agent that has said its last word may wait for the other node, in milliseconds, or in keepalives where that is longer. */
const LINGER_LEAST = 1000;
const LINGER_KEEPALIVES = 3;

/** Begins to look what runs here, where the configuration has groups, or an earlier agent started some. */
export function beginResources(cluster: Cluster, turn: Turn): void {
  const { config, name } = cluster;
  if (cluster.resources !== null) return;
  const kept = recalled(cluster, turn);
  const left = leftBehind(config.resources?.groups ?? [], kept);
  const begins = config.resources ?? configForLeft(config, turn, kept, left);
  if (begins === null) return;
  // Each as it was started: what the configuration has otherwise by now is stopped first.
  const groups = groupsOf([...begins.groups, ...left]);
  const settings = settingsOf(config, name, begins, groups);
  const begun = start(settings, turn.now, kept);
  const memory = new GroupMemory(cluster.bootId, kept);
  cluster.resources = new Resources(begins, groups, settings, begun.state, memory);
  perform(cluster, turn, cluster.resources, begun);
}

const groupsOf = <Keyed extends { readonly key: string }>(groups: readonly Keyed[]): Map<string, Keyed> =>
  new Map(groups.map((group) => [group.key, group]));

function recalled({ keptResources: text, bootId }: Cluster, turn: Turn): Memory {
  if (text === null) return NOTHING_KEPT;
  const kept = decodeMemory(text, bootId);
  if (kept !== null) return kept;
  const detail =
    "hb_resources in state_dir is damaged: what a partition left for an operator is not known, nor what an earlier agent started that the configuration has no more; cure: look whether anything runs that should not";
  turn.out.log("error", "agent.warning", { what: "heartbeat resources", detail });
  return NOTHING_KEPT;
}

/** Something happens to the groups. */
export function give(cluster: Cluster, turn: Turn, event: Event): void {
  const { resources } = cluster;
  if (resources === null || cluster.left) return;
  const { state: before, restsIn } = resources;
  // Of a message about something else all that counts is that time goes on.
  const idle = event.kind === "message" && !concerns(event.content);
  if (idle && restsIn === before && resources.wakeAt > turn.now) return;
  const next = step(resources.settings, before, event, turn.now);
  const cause = causeOfMove(resources, before.standby, next.state) ?? causeOf(resources, event);
  resources.cause = cause ?? resources.cause;
  perform(cluster, turn, resources, next);
  settleRetired(cluster, turn, resources);
  const rests = idle && next.actions.length === 0 && resources.state === before;
  resources.restsIn = rests ? before : null;
}

/** state_dir has what is to be remembered, or could not take it. */
export function resourcesKept(
  { resources, left }: Cluster,
  turn: Turn,
  { version, failure }: Extract<HeartbeatEvent, { readonly what: "resources-kept" }>,
): void {
  if (resources === null || left) return;
  const { memory } = resources;
  const before = memory.failure;
  memory.kept(turn.now, version, failure);
  if (failure !== null && failure !== before) tellUnkept(turn, failure);
  if (failure === null && before !== null)
    turn.out.log("info", "resource.kept", { detail: "state_dir has it again" });
  resources.wakeAt = turn.now;
}

/** What it may mean that the disk has not what it should. */
const tellUnkept = (turn: Turn, failure: string): void =>
  turn.out.log("error", "resource.unkept", {
    detail: `${failure}: after a crash the next agent would not know which groups were started here, nor what a partition left for an operator; cure: make state_dir writable`,
  });

/** Starts that waited for the disk. */
function startHeld(cluster: Cluster, turn: Turn, { memory }: Resources): void {
  const before = memory.failure;
  for (const order of memory.take(turn.now)) runResource(turn, cluster, order);
  if (before === null && memory.failure !== null) tellUnkept(turn, memory.failure);
}

/** Whatever is due. */
export function resourcesWake(cluster: Cluster, turn: Turn): void {
  if (cluster.resources !== null && cluster.resources.wakeAt <= turn.now)
    give(cluster, turn, { kind: "deadline" });
}

/** A script has ended. */
export function resourceRan(
  cluster: Cluster,
  turn: Turn,
  group: string,
  run: number,
  outcome: Outcome,
): void {
  give(cluster, turn, { kind: "ran", group, run, outcome });
}

/** Follows another configuration: groups that it has no more, or otherwise, are stopped, then left out or made anew. */
export function reconfigureResources(cluster: Cluster, turn: Turn): void {
  const { config, resources, state } = cluster;
  if (resources === null) {
    if (state === null) return;
    beginResources(cluster, turn);
    if (state.own === "active") give(cluster, turn, { kind: "active" });
    const peer = state.peers.get(config.nodes.find((name) => name !== cluster.name) ?? "")?.status;
    if (peer === "dead") give(cluster, turn, { kind: "peer-dead" });
    else if (peer !== undefined && peer !== "init") give(cluster, turn, { kind: "peer-heard" });
    return;
  }
  // Without any group the rest is as it was.
  resources.config = config.resources ?? { ...resources.config, groups: [] };
  resources.cause = "the configuration has changed";
  const fresh = resources.config.groups.filter(({ key }) => !resources.groups.has(key));
  regroup(cluster, turn, resources, groupsOf([...resources.groups.values(), ...fresh]));
  settleRetired(cluster, turn, resources);
  // Other times, or no fence any more.
  give(cluster, turn, { kind: "deadline" });
}

/** What has been stopped as it was is left out, or begins anew as it is now. */
function settleRetired(cluster: Cluster, turn: Turn, resources: Resources): void {
  const ended = resources.settings.groups.filter(({ key }) =>
    isRetired(resources.settings, resources.state, key),
  );
  if (ended.length === 0) return;
  const wanted = groupsOf(resources.config.groups);
  const stays = [...resources.groups.values()].filter(({ key }) => !ended.some((each) => each.key === key));
  for (const { key } of ended) resources.told.delete(key);
  const groups = new Map(resources.state.groups);
  for (const { key } of ended) groups.delete(key);
  resources.state = { ...resources.state, groups };
  const anew = ended.flatMap(({ key }) => wanted.get(key) ?? []);
  regroup(cluster, turn, resources, groupsOf([...stays, ...anew]));
}

function regroup(cluster: Cluster, turn: Turn, resources: Resources, groups: Resources["groups"]): void {
  const before = resources.settings;
  resources.groups = groups;
  resources.restsIn = null;
  resources.settings = settingsOf(cluster.config, cluster.name, resources.config, groups);
  perform(cluster, turn, resources, regrouped(before, resources.settings, resources.state, turn.now));
}

function perform(cluster: Cluster, turn: Turn, resources: Resources, { state, actions }: Step): void {
  const before: State = resources.state;
  resources.state = state;
  const offered = state.standby.role === "taking" && state.standby.step === "offered";
  resources.offeredAt = offered ? (resources.offeredAt ?? turn.now) : null;
  for (const action of actions) act(cluster, turn, resources, action);
  settleFence(turn, resources);
  resources.memory.keep(turn, resources);
  startHeld(cluster, turn, resources);
  answerOrder(turn, resources, before);
  const waits = earlier(resources.waiting?.until ?? NEVER, resources.memory.deadline());
  resources.wakeAt = earlier(deadline(state), waits);
}

function act(cluster: Cluster, turn: Turn, resources: Resources, action: Action): void {
  switch (action.kind) {
    case "say":
      return say(cluster, turn, action.content);
    case "run": {
      const group = resources.groups.get(action.group);
      if (group === undefined) return;
      const { run, at, task, timeout } = action;
      const order = { group, at, task, run, timeout };
      if (resources.memory.holds(order, turn.now, resources.config.directories)) return;
      return runResource(turn, cluster, order);
    }
    case "group":
      return moved(cluster, turn, resources, action);
    case "news":
      return logNews(turn, resources, action);
    case "fence":
      return runFence(cluster, turn, resources, action);
    case "left":
      return;
    default:
      return unreachable(action);
  }
}

/** A group has got somewhere. */
function moved(
  cluster: Cluster,
  turn: Turn,
  resources: Resources,
  { group, to, at }: Extract<Action, { readonly kind: "group" }>,
): void {
  const from = resources.told.get(group) ?? "unknown";
  if (from === to) return;
  const reason = reasonOf(resources, group, to, at);
  const level = to === "stuck" ? "error" : to === "failed" ? "warning" : "info";
  resources.told.set(group, to);
  resources.changes.push({ group, from, to, reason });
  tellGroup(cluster, turn, level, { group, state: to, from, reason });
}

function reasonOf(resources: Resources, group: string, to: GroupState, at: number): string {
  const resource = resources.groups.get(group)?.resources[at]?.text ?? "";
  const broken = resources.state.groups.get(group)?.broken === true;
  if (to === "stopping" && broken) resources.failures.set(group, `${resource} did not start`);
  if (to === "stuck")
    return `${resource} does not stop: nothing of the group may run elsewhere before it does`;
  return to === "failed" || broken ? (resources.failures.get(group) ?? resources.cause) : resources.cause;
}

/** The last word may have been lost: until the other node says that it has taken everything, it can ask for it. */
function lingers(cluster: Cluster, turn: Turn, resources: Resources): boolean {
  const { state, settings } = resources;
  resources.lingersUntil ??= after(
    turn.now,
    ms(Math.max(LINGER_LEAST, LINGER_KEEPALIVES * settings.keepalive)),
  );
  // Hooks may take longer.
  resources.wakeAt = resources.lingersUntil > turn.now ? resources.lingersUntil : NEVER;
  const { status, reported, hold } = state.peer;
  const taken = status !== "alive" || (reported && hold.local && hold.foreign);
  return !taken && !cluster.hurried && cluster.state?.own === "active" && resources.lingersUntil > turn.now;
}

/** How far the end of all groups is: `stuck` where all that can be stopped is, `left` where everything is, and the other node knows. */
export type Leaving = "leaving" | "stuck" | "left";

/** Begins to stop all groups, or says how far that is. */
export function leaveResources(cluster: Cluster, turn: Turn): Leaving {
  const { resources } = cluster;
  if (resources === null || cluster.left) return "left";
  const { phase } = resources.state;
  if (phase !== "leaving" && phase !== "left") give(cluster, turn, { kind: "stop" });
  if (resources.state.phase === "left") return lingers(cluster, turn, resources) ? "leaving" : "left";
  const runs = [...resources.groups.keys()].filter((key) => {
    const state = groupState(resources, key);
    return state !== "stopped" && state !== "failed" && state !== "stuck";
  });
  return runs.length === 0 || cluster.hurried ? "stuck" : "leaving";
}
