/**
 * What a run came to, of all that is to be tried: a feature that no seed comes to is a hole in the simulator, whatever is drawn of it.
 * Told from the log, the orders and the plans, not from the agent's state.
 */
import type { Action } from "../../src/agent/boundary.ts";
import type { Role } from "../../src/agent/router.ts";
import type { Node } from "./node.ts";
import { type RouterPlan, virtualRouterOf } from "./plan.ts";
import { partsOf, roleOf, type Scene } from "./scene.ts";
import { rank } from "./truth.ts";

/** A master is a newcomer to a sticky tie for so many of its adverts. */
const NEW_ADVERTS = 60;

type Log = Extract<Action, { kind: "log" }>;

/** One change of role, as it was told. */
interface Change {
  readonly from: Role;
  readonly to: Role;
  readonly reason: string;
  /** Milliseconds of world time since this router became what it was. */
  readonly lasted: number;
}

type Look = (scene: Scene, node: Node, router: RouterPlan, change: Change) => boolean;

/** The priority of another master that it yields to; null: it does not. */
function yieldsTo({ from, to, reason }: Change): number | null {
  const number = / has priority (\d+)$/.exec(reason)?.[1];
  return from === "master" && to === "backup" && number !== undefined ? Number(number) : null;
}

const others = (scene: Scene, node: Node, router: RouterPlan) =>
  partsOf(scene, virtualRouterOf(router)).filter((part) => part.node !== node);

const tracks = ({ checks, tracks: interfaces }: RouterPlan): boolean => checks.length + interfaces.length > 0;

/** Features that show in a change of role. */
const BY_ROLE: Readonly<Record<string, Look>> = {
  "standby of a master": (_scene, _node, _router, { from, to }) => from === "master" && to === "standby",
  "standby of a backup": (_scene, _node, _router, { from, to }) => from === "backup" && to === "standby",
  "standby ended by takeover": (_scene, _node, _router, { from, to }) =>
    from === "standby" && to === "master",
  "takeover by a backup": (_scene, _node, _router, { from, reason }) =>
    from === "backup" && reason === "takeover by the operator",
  "takeover of a sync group": (_scene, _node, { syncGroup }, { reason }) =>
    syncGroup !== null && reason === "takeover by the operator",
  "takeover that yields to a younger one": (_scene, node, { name }, change) =>
    yieldsTo(change) === 254 && node.orders.taken.has(name),
  "weight makes a master yield": (_scene, node, router, change) => {
    const theirs = yieldsTo(change);
    return theirs !== null && router.priority > theirs && rank(node, router) < theirs;
  },
  "weight makes a backup preempt": (scene, node, router, { reason }) =>
    reason.startsWith("preempting") &&
    rank(node, router) > router.priority &&
    others(scene, node, router).some(
      (other) =>
        roleOf(scene, other.node, other.router) === "master" && other.router.priority >= router.priority,
    ),
  "required check fails a master": (_scene, _node, _router, { from, to, reason }) =>
    from === "master" && to === "fault" && /probe\d is down/.test(reason),
  "number in a file is fatal": (_scene, _node, _router, { to, reason }) =>
    to === "fault" && reason.includes(" says -"),
  "required interface fails a master": (_scene, _node, _router, { from, to, reason }) =>
    from === "master" && to === "fault" && /(^|; )eth2 is down/.test(reason),
  "sync group takes": (_scene, _node, { syncGroup }, { from, to, reason }) =>
    syncGroup !== null && from === "backup" && to === "master" && !reason.startsWith("takeover"),
  "sync group loses": (_scene, _node, _router, { reason }) => reason === "sync group lost",
  "sync group in fault by a member": (_scene, _node, _router, { reason }) => reason.startsWith("sync group "),
  "both versions take from version 2": (scene, node, router, change) =>
    deposes(scene, node, router, change, 2),
  "both versions take from version 3": (scene, node, router, change) =>
    deposes(scene, node, router, change, 3),
  "version 2 takes from both": (scene, node, router, change) =>
    router.version === 2 && deposes(scene, node, router, change, "2+3"),
  "version 3 takes from both": (scene, node, router, change) =>
    router.version === 3 && deposes(scene, node, router, change, "2+3"),
  "sticky newcomer yields": (_scene, node, router, change) =>
    isTie(node, router, change) && change.lasted < NEW_ADVERTS * router.interval,
  "sticky master yields to its equal": (_scene, node, router, change) =>
    isTie(node, router, change) && change.lasted >= NEW_ADVERTS * router.interval,
  "tie by address": (_scene, node, router, change) =>
    router.tie === "address" && yieldsTo(change) === rank(node, router),
  "startup delay": (_scene, _node, _router, { reason }) => reason.includes("(startup_delay)"),
  "owner starts": (_scene, _node, _router, { reason }) => reason === "owner of the addresses",
  resume: (_scene, _node, _router, { reason }) => reason === "resumed after a restart",
  stall: (_scene, _node, _router, { reason }) => reason.startsWith("stalled"),
  preempts: (_scene, _node, _router, { reason }) => reason.startsWith("preempting"),
  "preempts after a delay": (_scene, _node, router, { reason }) =>
    reason.startsWith("preempting") && router.preemptDelay > 0,
  "hook fails a router": (_scene, _node, _router, { to, reason }) =>
    to === "fault" && reason.startsWith("hook: before_take failed"),
  "addresses taken away too often": (_scene, _node, _router, { to, reason }) =>
    to === "fault" && reason.includes(" was taken away "),
  "address refused": (_scene, _node, _router, { to, reason }) =>
    to === "fault" && reason.includes("could not be added"),
  "address is there already": (_scene, _node, _router, { to, reason }) =>
    to === "fault" && reason.includes("and not by us"),
  "mute master gives way": (_scene, _node, _router, { from, reason }) =>
    from === "master" && reason.includes("cannot be sent") && reason.endsWith(" is master"),
  "mute router in fault": (_scene, _node, _router, { to, reason }) =>
    to === "fault" && reason.includes("cannot be sent"),
  "deaf for a while": (_scene, _node, _router, { to, reason }) =>
    to === "fault" && reason.includes("cannot listen"),
};

/** Features that show in another line of the log. */
const BY_LOG: Readonly<Record<string, (log: Log, router: RouterPlan) => boolean>> = {
  "before_take ends well": ({ event, fields }) => event === "hook.ended" && fields["hook"] === "before_take",
  "before_take fails": ({ event, fields }) => event === "hook.failed" && fields["hook"] === "before_take",
  "after_take ends well": ({ event, fields }) => event === "hook.ended" && fields["hook"] === "after_take",
  "before_release ends well": ({ event, fields }) =>
    event === "hook.ended" && fields["hook"] === "before_release",
  "before_release fails": ({ event, fields }) =>
    event === "hook.failed" && fields["hook"] === "before_release",
  "check changes a priority": ({ event, fields }, router) =>
    event === "track.changed" && String(fields["name"]).startsWith("probe") && tracks(router),
  "several tracks": ({ event }, { checks, tracks: interfaces }) =>
    event === "track.changed" && checks.length + interfaces.length > 1,
  "link debounce": ({ event, fields }, router) =>
    event === "track.changed" &&
    router.tracks.some(({ upDelay, downDelay }) => upDelay + downDelay > 0) &&
    String(fields["name"]).startsWith("eth"),
  "address restored": ({ event }) => event === "address.restored",
  "route restored": ({ event }) => event === "route.restored",
  "alarm of two masters": ({ event }) => event === "vrrp.contested",
};

const told = (log: Log, name: string, key: string, value: string): boolean =>
  log.event === name && String(log.fields[key]).startsWith(value);
const runs = ({ nodes }: Scene, { fields }: Log): boolean =>
  nodes.some((node) => node.plan.name === fields["node"] && node.running);

/** Features of a cluster, and of virtual services. */
const BY_CLUSTER: Readonly<Record<string, (log: Log, scene: Scene) => boolean>> = {
  "node dead, and it lives": (log, scene) =>
    told(log, "heartbeat.node", "reason", "not heard for") && runs(scene, log),
  "node dead, and so it is": (log, scene) =>
    told(log, "heartbeat.node", "reason", "not heard for") && !runs(scene, log),
  "node returns": (log) => told(log, "heartbeat.node", "state", "returned"),
  "node begins a new life": (log) => told(log, "heartbeat.node", "state", "restarted"),
  "node leaves": (log) => told(log, "heartbeat.node", "state", "leaving"),
  "link late": (log) => told(log, "heartbeat.link", "state", "late"),
  "link dead": (log) => told(log, "heartbeat.link", "state", "dead"),
  "line dead": (log) =>
    told(log, "heartbeat.link", "state", "dead") && told(log, "heartbeat.link", "type", "serial"),
  "port fails": (log) => told(log, "heartbeat.link", "state", "failed"),
  "guard blocks": ({ event }) => event === "vrrp.guard_blocked",
  "guard sees itself isolated": ({ event, fields }) =>
    event === "vrrp.isolated" && String(fields["text"]).startsWith("guard"),
  "isolated master releases": (log) => told(log, "vrrp.isolated", "text", "no witness answers"),
  "group starts": (log) => told(log, "resource.state", "state", "started"),
  "group fails": (log) => told(log, "resource.state", "state", "failed"),
  "groups moved by order": (log) => told(log, "resource.move", "what", "standby-done"),
  "groups on both, and let go": (log) => told(log, "resource.partition", "what", "let-go"),
  "node fenced": (log) => told(log, "resource.fence", "what", "fenced"),
  "fence fails": (log) => told(log, "resource.fence", "what", "fence-failed"),
  "fence blocks": (log) => told(log, "resource.fence", "what", "fence-blocked"),
  "fewer ping nodes": (log) => told(log, "resource.ping", "what", ""),
  "group taken over": (log) => told(log, "resource.fence", "what", "unfenced"),
  "service without quorum": (log) => told(log, "service.state", "to", "down"),
  "service with a quorum again": (log) =>
    told(log, "service.state", "to", "up") && told(log, "service.state", "from", "down"),
  "service taken": (log) => told(log, "service.active", "active", "true"),
  "service given up": (log) => told(log, "service.active", "active", "false"),
  "server fails": (log) => told(log, "server.state", "to", "down") && told(log, "server.state", "from", "up"),
  "server dead from the start": (log) =>
    told(log, "server.state", "to", "down") && told(log, "server.state", "from", "undecided"),
  "server returns": (log) =>
    told(log, "server.state", "to", "up") && told(log, "server.state", "from", "down"),
  "table repaired": (log) => told(log, "service.repaired", "name", ""),
  "table not to be had": (log) => told(log, "service.failed", "table", ""),
  "change refused": (log) => told(log, "service.failed", "detail", "the kernel refuses"),
  "replay dropped": (log) =>
    told(log, "heartbeat.rejected", "reason", "replay") || told(log, "heartbeat.rejected", "reason", "stale"),
};

/** Everything that some seed must come to. */
export const FEATURES: readonly string[] = [
  ...Object.keys(BY_ROLE),
  ...Object.keys(BY_LOG),
  ...Object.keys(BY_CLUSTER),
  "hook is killed",
];

function isTie(node: Node, router: RouterPlan, change: Change): boolean {
  return (
    router.tie === "sticky" && yieldsTo(change) === rank(node, router) && !node.orders.taken.has(router.name)
  );
}

function deposes(
  scene: Scene,
  node: Node,
  router: RouterPlan,
  { from, to }: Change,
  theirs: RouterPlan["version"],
): boolean {
  if (from !== "backup" || to !== "master" || (theirs !== "2+3" && router.version !== "2+3")) return false;
  return others(scene, node, router).some(
    (other) => other.router.version === theirs && roleOf(scene, other.node, other.router) === "master",
  );
}

export class Census {
  readonly seen = new Set<string>();
  readonly #scene: Scene;
  /** World time since which a router is what it is, by node and name. */
  readonly #since = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  log(node: Node, log: Log): void {
    const { event, fields } = log;
    for (const [feature, look] of Object.entries(BY_CLUSTER)) {
      if (look(log, this.#scene)) this.seen.add(feature);
    }
    const router = node.config.routers.find(({ name }) => name === (fields["router"] ?? fields["name"]));
    if (router === undefined) return;
    if (event === "vrrp.state") this.#changed(node, router, log);
    for (const [feature, look] of Object.entries(BY_LOG)) if (look(log, router)) this.seen.add(feature);
  }

  #changed(node: Node, router: RouterPlan, { fields }: Log): void {
    const { now } = this.#scene.schedule;
    const key = `${node.number} ${router.name}`;
    const lasted = now - (this.#since.get(key) ?? now);
    this.#since.set(key, now);
    // As told: roles of the log.
    const change = {
      from: fields["from"] as Role,
      to: fields["to"] as Role,
      reason: String(fields["reason"]),
      lasted,
    };
    for (const [feature, look] of Object.entries(BY_ROLE)) {
      if (look(this.#scene, node, router, change)) this.seen.add(feature);
    }
  }

  killed(): void {
    this.seen.add("hook is killed");
  }
}
