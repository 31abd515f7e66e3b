/** Heartbeat in the agent: where its events, its time, a reload and the end of the agent arrive. */
import { unreachable } from "../../base/assert.ts";
import { after, instant, ms, NEVER } from "../../base/units.ts";
import type { Config } from "../../config/model.ts";
import { nextGeneration } from "../../heartbeat/generation.ts";
import { reshaped } from "../../heartbeat/reshape.ts";
import { agreementAt, agreementDue, agreementReconfigured, arrangementDue } from "./agreement.ts";
import { claimsReceived } from "./claims.ts";
import { Cluster } from "./cluster.ts";
import { renumbered, tellDamaged } from "./life.ts";
import { linkOpened, settleLinks, unsent } from "./links.ts";
import { heedClaim } from "../contend.ts";
import { happen, joins, membersDue } from "./members.ts";
import { countPings, echoCame } from "./pings.ts";
import { askAgain, bytesReceived, nextQuestion } from "./receive.ts";
import { resourcesEnd } from "./resources.ts";
import type { ClusterEvent, HeartbeatEvent } from "./boundary.ts";
import { heedReleased } from "../released.ts";
import { fenceEnded } from "../resource/fenced.ts";
import type { Leaving } from "../resource/machine.ts";
import { leaveResources, reconfigureResources, resourcesKept, resourcesWake } from "../resource/machine.ts";
import { resourceEnded } from "../resource/run.ts";
import type { Turn, World } from "../world.ts";

/** How often the host's load is looked at, which messages tell. */
const LOOK_EVERY = ms(10_000);

/** Follows the configuration: at the start, and at each reload. */
export function configureHeartbeat(world: World, turn: Turn, { agent, heartbeat }: Config): void {
  const { cluster } = world;
  if (heartbeat === null) {
    if (cluster !== null) leave(world, turn);
    world.cluster = null;
    return;
  }
  if (cluster === null) {
    world.cluster = new Cluster(heartbeat, agent.node);
    world.cluster.scriptUser = agent.scriptUser;
    world.cluster.bootId = world.bootId;
    turn.out.defer({ kind: "heartbeat", what: "recall" });
    return;
  }
  cluster.scriptUser = agent.scriptUser;
  if (JSON.stringify(heartbeat) === JSON.stringify(cluster.config)) return;
  cluster.reconfigure(heartbeat);
  if (cluster.state === null) return;
  cluster.state = reshaped(cluster.settings(), cluster.state, turn.now);
  reconfigureResources(cluster, turn);
  countPings(cluster, turn);
  agreementReconfigured(cluster, turn);
  settle(world, turn, cluster);
}

/** One of heartbeat's events. */
export function heartbeatEvent(world: World, turn: Turn, event: ClusterEvent): void {
  const { cluster } = world;
  if (cluster === null) return;
  if (event.kind === "resource-ended") return resourceEnded(cluster, turn, event);
  switch (event.what) {
    case "recalled":
      recalled(cluster, turn, event);
      break;
    case "kept":
      kept(world, cluster, turn, event.failure);
      break;
    case "resources-kept":
      resourcesKept(cluster, turn, event);
      break;
    case "host":
      cluster.host = { time: event.host, at: turn.now };
      break;
    case "received":
      bytesReceived(cluster, turn, event);
      for (const believed of claimsReceived(world, turn, cluster)) {
        heedClaim(world, turn, believed);
        heedReleased(world, turn, believed);
      }
      break;
    case "flood":
      cluster.drop("flood", event.count);
      break;
    case "opened":
      linkOpened(cluster, turn, event);
      break;
    case "unsent":
      unsent(cluster, turn, event);
      break;
    case "fenced":
      fenceEnded(cluster, turn, event);
      break;
    case "pinged":
      pinged(cluster, turn, event);
      break;
    default:
      unreachable(event);
  }
  schedule(cluster);
}

function recalled(
  cluster: Cluster,
  turn: Turn,
  {
    uuid,
    generation,
    resources,
    fresh,
    host,
    failure,
  }: Extract<HeartbeatEvent, { readonly what: "recalled" }>,
): void {
  if (failure !== null) stateLost(turn, failure);
  tellDamaged(turn, generation);
  cluster.keptResources = resources;
  cluster.seed(fresh);
  cluster.host = { time: host, at: turn.now };
  cluster.identity = { name: cluster.name, uuid: uuid ?? fresh };
  const time = host.wallClock / 1000;
  cluster.generation = nextGeneration({ stored: generation, heard: null, time });
  const keep = { uuid: cluster.identity.uuid, generation: cluster.generation };
  turn.out.defer({ kind: "heartbeat", what: "keep", ...keep });
}

/** An echo is a sign of life of whatever has the address. */
function pinged(
  cluster: Cluster,
  turn: Turn,
  { address, failure }: Extract<HeartbeatEvent, { readonly what: "pinged" }>,
): void {
  if (failure !== null) return void cluster.pingFailures.set(address, failure);
  echoCame(cluster, turn, address);
}

const stateLost = (turn: Turn, detail: string): void =>
  turn.out.log("warning", "agent.warning", {
    what: "heartbeat generation",
    detail: `${detail}; without it and without a clock the others take this node's next life for a replay`,
  });

/** Only what is on the disk is said: nobody must ever hear an earlier life after a later one. */
function kept(world: World, cluster: Cluster, turn: Turn, failure: string | null): void {
  if (failure !== null) stateLost(turn, failure);
  if (renumbered(cluster, turn)) {
    happen(cluster, turn, { kind: "deadline" });
    arrangementDue(cluster, turn);
  }
  if (cluster.state !== null) return;
  settleLinks(world, turn, cluster);
  cluster.startAt = after(turn.now, ms(0));
}

/** Whatever is due. */
export function heartbeatDue(world: World, turn: Turn): void {
  const { cluster } = world;
  if (cluster === null) return;
  resourcesWake(cluster, turn);
  if (cluster.wakeAt > turn.now) return;
  if (cluster.startAt <= turn.now) {
    cluster.startAt = NEVER;
    joins(cluster, turn);
  }
  const due = membersDue(cluster);
  if (due !== null && due <= turn.now) happen(cluster, turn, { kind: "deadline" });
  askAgain(cluster, turn);
  if (!cluster.left) agreementDue(cluster, turn);
  if (cluster.lookAt <= turn.now) {
    cluster.lookAt = after(turn.now, LOOK_EVERY);
    turn.out.defer({ kind: "heartbeat", what: "look" });
  }
  if (cluster.retryAt <= turn.now) settleLinks(world, turn, cluster);
  schedule(cluster);
}

/** The kernel's links or addresses are others: so may be where messages go. */
export function heartbeatKernel(world: World, turn: Turn): void {
  const { cluster } = world;
  if (cluster !== null && cluster.generation > 0 && !cluster.left) settle(world, turn, cluster);
}

function settle(world: World, turn: Turn, cluster: Cluster): void {
  settleLinks(world, turn, cluster);
  schedule(cluster);
}

/** Hands over what runs here; says whether that is done, or cannot be. */
export function handOver({ cluster }: World, turn: Turn): Leaving {
  if (cluster === null || cluster.left) return "left";
  // It has not looked yet what an earlier agent left running, and must not leave that behind unsaid.
  const unseen = cluster.config.resources !== null && cluster.resources === null;
  if (unseen) return cluster.hurried ? "stuck" : "leaving";
  return leaveResources(cluster, turn);
}

/** Says good-bye; nothing is said after it. */
export function leave(world: World, turn: Turn): void {
  const { cluster } = world;
  if (cluster === null || cluster.left) return;
  if (cluster.state !== null) {
    leaveResources(cluster, turn);
    resourcesEnd(cluster, turn);
  }
  cluster.left = true;
  if (cluster.resources !== null) cluster.resources.wakeAt = NEVER;
  turn.out.finally({ kind: "heartbeat", what: "media", media: [] });
  turn.out.finally({ kind: "heartbeat", what: "ping", addresses: [] });
  schedule(cluster);
}

function schedule(cluster: Cluster): void {
  const { startAt, retryAt, lookAt, state, left } = cluster;
  if (left) cluster.wakeAt = startAt;
  else {
    const look = state === null ? NEVER : lookAt;
    const members = Math.min(membersDue(cluster) ?? NEVER, nextQuestion(cluster), agreementAt(cluster));
    cluster.wakeAt = instant(Math.min(members, retryAt, look, startAt));
  }
}
