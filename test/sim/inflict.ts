/** Does to the world what the plan says, and undoes it when its time is over. */
import { familyOf } from "../../src/base/address.ts";
import { unreachable } from "../../src/base/assert.ts";
import { type BalanceFault, inflictBalance, isOfBalance } from "./balance-plan.ts";
import { type ClusterFault, inflictCluster } from "./cluster-faults.ts";
import type { Fault } from "./faults.ts";
import { CALM } from "./network.ts";
import type { Node } from "./node.ts";
import { ask } from "./orders.ts";
import { forge, sightAdvert } from "./packets.ts";
import { INTERFACE_OF, movedBy, type PlannedAddress, type SegmentName, SEGMENTS } from "./plan.ts";
import type { World } from "./world.ts";

/** A segment and an address that a router of this node moves there; null: it has none. */
function anyMoved(world: World, node: Node): readonly [SegmentName, PlannedAddress] | null {
  if (node.config.routers.length === 0) return null;
  const router = world.chance.pick(node.config.routers);
  return [router.segment, world.chance.pick(movedBy(router))];
}

const CLUSTER: readonly ClusterFault["kind"][] = [
  ...(["heartbeat-cut", "heartbeat-gone", "heartbeat-weather"] as const),
  ...(["port-broken", "clock-step", "overload", "gateway-lost", "scripts-fail", "group-order"] as const),
];
const isOfCluster = (fault: Fault): fault is Fault & ClusterFault =>
  CLUSTER.some((kind) => kind === fault.kind);

/** Begins a fault; what has an end is scheduled. */
export function inflict(world: World, fault: Fault): void {
  const { schedule, network, nodes } = world;
  const later = (run: () => void): void =>
    schedule.at(fault.until, () => world.tell(`${fault.kind} is over`, run));
  const node = "node" in fault ? nodes[fault.node] : undefined;
  if (isOfCluster(fault)) inflictCluster(world, fault, later);
  else if (isOfBalance(fault)) inflictBalance(world, fault, later);
  else if (fault.kind === "weather") {
    network.setWeather(fault.segment, fault.weather);
    later(() => network.setWeather(fault.segment, CALM));
  } else if (fault.kind === "cut") {
    const each = (act: (from: number, to: number) => void): void => {
      for (const from of fault.from) {
        for (const to of fault.to) {
          act(from, to);
          if (fault.both) act(to, from);
        }
      }
    };
    each((from, to) => network.cut(fault.segment, from, to));
    later(() => each((from, to) => network.heal(fault.segment, from, to)));
  } else if (fault.kind === "forgery") {
    world.forged.add(fault.segment);
    later(() => void world.forged.delete(fault.segment));
  } else if (node !== undefined) {
    harm(world, node, fault, later);
  }
}

function harm(
  world: World,
  node: Node,
  fault: Exclude<
    Fault,
    { kind: ClusterFault["kind"] | BalanceFault["kind"] | "weather" | "cut" | "forgery" }
  >,
  later: (run: () => void) => void,
): void {
  switch (fault.kind) {
    case "crash":
      // From its death on, which may come long after.
      node.kill(fault.actions, fault.respawn ? fault.until - fault.at : null);
      break;
    case "freeze":
      node.freeze();
      later(() => node.thaw());
      break;
    case "reboot":
      node.reboot(fault.keepsLedger);
      later(() => node.powerOn());
      break;
    case "stop":
      node.terminate();
      if (fault.restart) later(() => node.start());
      break;
    case "link-down":
      node.wiring.set(fault.segment, false, false);
      later(() => node.wiring.set(fault.segment, true, true));
      break;
    case "no-carrier":
      node.wiring.set(fault.segment, true, false);
      later(() => node.wiring.set(fault.segment, true, true));
      break;
    case "link-gone":
      node.wiring.remove(fault.segment);
      later(() => node.wiring.add(fault.segment));
      break;
    case "address-removed": {
      const takeAway = (): void => {
        const moved = anyMoved(world, node);
        if (moved !== null) node.takeAway(moved[0], moved[1].address);
      };
      const each = (fault.until - fault.at) / fault.times;
      takeAway();
      for (let time = 1; time < fault.times; time++) {
        world.schedule.at(fault.at + time * each, () => world.tell("address-removed again", takeAway));
      }
      break;
    }
    case "route-removed": {
      const added = node.kernel.forwarding.added();
      if (added.length === 0) break;
      node.kernel.adminWithdraw(world.chance.pick(added));
      node.excuses.loss();
      break;
    }
    case "address-added": {
      const moved = anyMoved(world, node);
      if (moved === null) break;
      const [segment, { address, prefix }] = moved;
      if (node.plan.own[segment].some((own) => own.address === address)) break;
      // A frozen agent cannot know that what it held has expired and that this is another one.
      if (node.process?.frozen === true) break;
      // Nor can the next one without lifetimes, when the last one died holding it.
      if (node.process === null && node.config.lifetime === "forever") break;
      const name = INTERFACE_OF[segment];
      const there = node.kernel.has(address);
      node.kernel.adminAdd(name, address, prefix);
      if (!there) later(() => void node.kernel.adminDelete(name, address));
      break;
    }
    case "own-removed":
      for (const { address } of node.plan.own[fault.segment]) {
        if (familyOf(address) === 4 || world.chance.chance(0.5)) {
          node.kernel.adminDelete(INTERFACE_OF[fault.segment], address);
        }
      }
      later(() => node.wiring.giveOwn(fault.segment));
      break;
    case "mute": {
      const { segment } = fault;
      node.mute.add(segment);
      node.excuses.muted.add(segment);
      later(() => void (node.mute.delete(segment) && node.excuses.heard()));
      break;
    }
    case "check-fails":
      node.health.failing.add(fault.check);
      later(() => void node.health.failing.delete(fault.check));
      break;
    case "number":
      node.health.hold(fault.check, fault.value);
      // inotify does not tell everything; the interval does.
      if (world.chance.chance(0.5)) node.process?.control({ kind: "probe-hint", check: fault.check });
      break;
    case "hooks-fail":
      node.hooksFail = true;
      later(() => void (node.hooksFail = false));
      break;
    case "reload": {
      const { config, later: other } = node.plan;
      node.reload(fault.config === "broken" ? null : fault.config === "first" ? config : other);
      // The broken file is repaired before anybody has to start from it.
      later(() => void (node.file ??= node.config));
      break;
    }
    case "standby":
      ask(node, { command: "standby", name: fault.router });
      if (fault.back) later(() => ask(node, { command: "takeover", name: fault.router, force: true }));
      break;
    case "takeover":
      ask(node, { command: "takeover", name: fault.router, force: fault.force });
      break;
    case "feed-lost":
      node.process?.loseFeed();
      break;
    case "add-fails":
      node.kernel.failAdditions = fault.count;
      later(() => void (node.kernel.failAdditions = 0));
      break;
    case "device-fails":
      node.kernel.failDevices = fault.count;
      break;
    case "device-removed":
    case "device-down": {
      const devices = [...node.kernel.bases.keys()];
      if (devices.length === 0) break;
      const name = world.chance.pick(devices);
      if (fault.kind === "device-removed") node.kernel.removeLink(name);
      else node.kernel.setLink(name, false, false);
      node.excuses.loss();
      break;
    }
    default:
      unreachable(fault);
  }
}

/** Peace: whatever is still broken is whole again. The dead stay dead, unless they may hold what others need. */
export function pacify(world: World): void {
  world.network.calm();
  world.cables.calm();
  world.forged.clear();
  for (const node of world.nodes) {
    node.thaw();
    node.mortality.spare(node.process === null);
    node.hooksFail = false;
    if (node.mute.size > 0) node.excuses.heard();
    node.mute.clear();
    node.excuses.muted.clear();
    node.services.failing = 0;
    if (node.balance !== null) node.balance.fails = false;
    node.health.failing.clear();
    node.kernel.failAdditions = 0;
    node.kernel.failDevices = 0;
    node.file ??= node.config;
    for (const segment of SEGMENTS) {
      if (!node.kernel.links.has(INTERFACE_OF[segment])) node.wiring.add(segment);
      else if (node.kernel.links.get(INTERFACE_OF[segment])?.carrier === false)
        node.wiring.set(segment, true, true);
      node.wiring.giveOwn(segment);
    }
    if (node.config.cluster?.resources) begin(world, node);
  }
}

/** Between two looks whether an agent that is to leave has left. */
const LOOK_EVERY = 200;

/** Its agent runs, as soon as one that leaves is gone. */
function begin(world: World, node: Node): void {
  node.powerOn();
  if (node.stopping) world.schedule.after(LOOK_EVERY, () => begin(world, node));
}

/** A node leaves and comes, so that everything comes to where it belongs. */
export function cycle(world: World): void {
  const node = world.chance.pick(world.nodes.filter(({ running }) => running));
  node.terminate();
  begin(world, node);
}

/** What the forger sends beside an advert. */
export function forgery(ethertype: number, bytes: Uint8Array): Uint8Array | null {
  const family = ethertype === 0x0800 ? 4 : ethertype === 0x86dd ? 6 : null;
  return family === null || sightAdvert(family, bytes) === null ? null : forge(family, bytes);
}
