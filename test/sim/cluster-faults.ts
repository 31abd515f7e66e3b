/** What can be done to a cluster: to one of its links and not to the others, to a port, to a clock of day, to the time that a node has. */
import { unreachable } from "../../src/base/assert.ts";
import type { LinkWeather } from "./cables.ts";
import { idOf } from "./cluster-plan.ts";
import type { Fault } from "./faults.ts";
import { ask } from "./orders.ts";
import type { NodePlan } from "./plan.ts";
import type { Prng } from "./prng.ts";
import type { World } from "./world.ts";

/** Both ends of a link have this name for it. */
type LinkId = string;

export type ClusterFault =
  /** Nothing goes from `from` to any other node over this link, nor, with `both`, back. */
  | { readonly kind: "heartbeat-cut"; readonly link: LinkId; readonly from: number; readonly both: boolean }
  /** The same of all links: only VRRP, where it has a way, goes on. */
  | { readonly kind: "heartbeat-gone"; readonly from: number; readonly both: boolean }
  /** Loss, duplicates, replays, delay; noise on a line. */
  | { readonly kind: "heartbeat-weather"; readonly link: LinkId; readonly weather: LinkWeather }
  /** A port of this node is unplugged. */
  | { readonly kind: "port-broken"; readonly node: number; readonly link: LinkId }
  /** These nodes do not reach the gateway. */
  | { readonly kind: "gateway-lost"; readonly from: readonly number[] }
  /** An operator gives groups, or takes them. */
  | {
      readonly kind: "group-order";
      readonly node: number;
      readonly command: "standby" | "takeover";
      readonly groups: "all" | "local" | "foreign";
    }
  /** Of starts and stops, so many fail or hang meanwhile. */
  | { readonly kind: "scripts-fail"; readonly node: number; readonly odds: number }
  /** Somebody sets the clock of day, milliseconds. */
  | { readonly kind: "clock-step"; readonly node: number; readonly by: number }
  /** It runs a moment now and then only. */
  | { readonly kind: "overload"; readonly node: number; readonly runs: number; readonly waits: number };

const KINDS = [
  ...(["cut", "cut", "cut", "gone", "gone", "gone", "weather", "weather", "port"] as const),
  ...(["clock", "overload", "gateway", "gateway", "scripts", "scripts", "power", "order", "order"] as const),
] as const;
const FAULTS_MAX = 8;
const YEAR = 365 * 86_400_000;

type Drawn = DistributiveOmit<Fault, "at" | "until">;
type DistributiveOmit<Type, Key extends PropertyKey> = Type extends unknown ? Omit<Type, Key> : never;

function drawOne(chance: Prng, nodes: readonly NodePlan[], links: readonly LinkId[]): Drawn {
  const node = chance.integer(0, nodes.length - 1);
  const link = chance.pick(links);
  const kind = chance.pick(KINDS);
  switch (kind) {
    case "cut":
      return { kind: "heartbeat-cut", link, from: node, both: chance.chance(0.6) };
    case "gone":
      return { kind: "heartbeat-gone", from: node, both: chance.chance(0.7) };
    case "weather": {
      const weather = {
        loss: chance.pick([0, 0.1, 0.4]),
        duplicate: chance.pick([0, 0.3]),
        delay: chance.pick([0, 10, 300]),
        replay: chance.pick([0, 0.3]),
      };
      return { kind: "heartbeat-weather", link, weather };
    }
    case "port":
      return { kind: "port-broken", node, link };
    case "clock":
      return { kind: "clock-step", node, by: chance.pick([-YEAR, -1000, 3_600_000, YEAR]) };
    case "gateway":
      return { kind: "gateway-lost", from: chance.pick([[node], [node], nodes.map((_, index) => index)]) };
    case "scripts":
      return { kind: "scripts-fail", node, odds: chance.pick([0.2, 0.7]) };
    case "power":
      return { kind: "reboot", node, keepsLedger: false };
    case "order":
      return drawOrder(chance, nodes);
    case "overload":
      return { kind: "overload", node, runs: chance.between(1, 30), waits: chance.between(20, 300) };
    default:
      return unreachable(kind);
  }
}

const drawOrder = (chance: Prng, nodes: readonly NodePlan[]) => ({
  kind: "group-order" as const,
  node: chance.integer(0, nodes.length - 1),
  command: chance.pick(["standby", "takeover"] as const),
  groups: chance.pick(["all", "local", "foreign"] as const),
});

/** Faults of a cluster until `peaceAt`, milliseconds of world time; none where there is no cluster. */
export function drawClusterFaults(chance: Prng, nodes: readonly NodePlan[], peaceAt: number): Fault[] {
  const cluster = nodes[0]?.config.cluster ?? null;
  if (cluster === null) return [];
  const links = cluster.links.map(idOf);
  return Array.from({ length: chance.integer(0, FAULTS_MAX) }).flatMap(() => {
    const at = chance.between(0, peaceAt - 1);
    const until = Math.min(at + cluster.deadtime * 10 ** chance.between(-1, 0.7), peaceAt - 1);
    const drawn = { ...drawOne(chance, nodes, links), at, until };
    // As long as the other node may take for everything, or longer.
    if (drawn.kind === "reboot" && chance.chance(0.6)) return [{ ...drawn, until: peaceAt - 1 }];
    if (drawn.kind !== "scripts-fail" || cluster.resources === null) return [drawn];
    // Scripts run when groups move.
    const order: Fault = { ...drawOrder(chance, nodes), at: chance.between(at, until), until };
    return [{ ...drawn, until: Math.min(until + 10_000, peaceAt - 1) }, order];
  });
}

/** Begins such a fault; `later` is for its end. */
export function inflictCluster(
  world: World,
  fault: ClusterFault & { readonly until: number },
  later: (run: () => void) => void,
): void {
  const { cables, nodes } = world;
  switch (fault.kind) {
    case "heartbeat-cut":
    case "heartbeat-gone": {
      const all = nodes.flatMap(({ config }) => config.cluster?.links.map(idOf) ?? []);
      const links = fault.kind === "heartbeat-cut" ? [fault.link] : [...new Set(all)];
      const each = (by: 1 | -1): void => {
        for (const link of links) {
          for (const { number } of nodes) {
            if (number === fault.from) continue;
            cables.cut(link, fault.from, number, by);
            if (fault.both) cables.cut(link, number, fault.from, by);
          }
        }
      };
      each(1);
      return later(() => each(-1));
    }
    case "heartbeat-weather":
      cables.setWeather(fault.link, fault.weather);
      return later(() => cables.setWeather(fault.link, null));
    case "port-broken":
      cables.breakPort(fault.node, fault.link);
      return later(() => void cables.broken.delete(`${fault.node} ${fault.link}`));
    case "gateway-lost":
      for (const number of fault.from) cables.cutOff.add(number);
      return later(() => {
        for (const number of fault.from) cables.cutOff.delete(number);
      });
    case "scripts-fail": {
      const services = nodes[fault.node]?.services;
      if (services === undefined) return;
      services.failing = fault.odds;
      return later(() => void (services.failing = 0));
    }
    case "group-order": {
      const { command, groups } = fault;
      const node = nodes[fault.node];
      if (node !== undefined) ask(node, { command, name: null, groups, force: false });
      return;
    }
    case "clock-step":
      return cables.stepClock(fault.node, fault.by);
    case "overload":
      return overload(world, fault);
    default:
      unreachable(fault);
  }
}

/** Sleeps and runs in turns until its time is over. */
function overload(
  { schedule, nodes }: World,
  {
    node: number,
    runs,
    waits,
    until,
  }: Extract<ClusterFault, { kind: "overload" }> & { readonly until: number },
): void {
  const node = nodes[number];
  if (node === undefined) return;
  const sleep = (): void => {
    if (schedule.now + waits >= until) return;
    const { process } = node;
    // Who was stopped by something else is not let go on.
    if (process === null || process.frozen) return void schedule.after(waits, sleep);
    node.freeze();
    schedule.after(waits, () => {
      if (node.process === process) node.thaw();
      schedule.after(runs, sleep);
    });
  };
  sleep();
}
