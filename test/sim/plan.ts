/** What a seed draws before the first event: the nodes, their configurations, and what will be done to them. */
import type { Family, Ip, Mac } from "../../src/base/address.ts";
import type { ConfigSource } from "../../src/config/model.ts";
import type { Terms } from "../heartbeat/sim/view.ts";
import { type ClusterPlan, clusterText, stopTime } from "./cluster-plan.ts";
import { type ServicePlan, serviceText } from "./balance-plan.ts";
import type { Fault } from "./faults.ts";

/** A broadcast domain that every node has one interface on. */
export type SegmentName = "lan" | "wan";
export const SEGMENTS: readonly SegmentName[] = ["lan", "wan"];
export const INTERFACE_OF: Readonly<Record<SegmentName, string>> = { lan: "eth1", wan: "eth2" };

/** The segment that an interface, or a device on one, leads to by its name; every node has the same names. */
export function segmentOf(interfaceName: string): SegmentName {
  return interfaceName.endsWith(INTERFACE_OF.wan) ? "wan" : "lan";
}

export interface PlannedAddress {
  readonly address: Ip;
  readonly prefix: number;
}

/** A route in the words of ip-route(8), always the same ones, and the segment that it leads to; null: none. */
export interface PlannedRoute {
  readonly text: string;
  readonly segment: SegmentName | null;
}

/** Awaited hooks: which there are. */
export interface HooksPlan {
  readonly beforeTake: boolean;
  readonly afterTake: boolean;
  readonly beforeRelease: boolean;
  readonly timeout: number;
  readonly retry: number;
}

/** `guard` and `on_isolation`. */
export interface GuardPlan {
  readonly heartbeat: boolean;
  /** The host that is asked for an echo; null: none. */
  readonly witness: string | null;
  readonly release: boolean;
}

/** One `[vrrp.NAME]` table, in milliseconds and numbers. */
export interface RouterPlan {
  readonly name: string;
  readonly segment: SegmentName;
  readonly vrid: number;
  readonly family: Family;
  readonly version: 2 | 3 | "2+3";
  /** Hears its own version only, as other implementations do; what speaks both has it too. */
  readonly strict: boolean;
  readonly startupDelay: number;
  readonly tie: "address" | "sticky";
  readonly priority: number;
  readonly interval: number;
  readonly preempt: boolean;
  readonly preemptDelay: number;
  /** v2 password or, with `header`, the key of an authentication header; null: none. */
  readonly key: string | null;
  readonly header: boolean;
  readonly checksum: "rfc5798" | "rfc9568";
  readonly addresses: readonly PlannedAddress[];
  readonly excluded: readonly PlannedAddress[];
  readonly adopt: boolean;
  /** Unicast peers; null: multicast. */
  readonly peers: readonly Ip[] | null;
  readonly syncGroup: string | null;
  readonly tracks: readonly TrackPlan[];
  readonly checks: readonly string[];
  readonly garp: {
    readonly count: number;
    readonly interval: number;
    readonly refresh: number;
    readonly repeatAfter: number;
  };
  readonly hooks: HooksPlan | null;
  readonly guard: GuardPlan | null;
  readonly routes: readonly PlannedRoute[];
  /** In the words of ip-rule(8). */
  readonly rules: readonly string[];
  readonly virtualMac: boolean | "announce-only";
  readonly accept: boolean;
}

/** One entry of `track_interfaces`; delays in milliseconds. */
export interface TrackPlan {
  readonly segment: SegmentName;
  readonly weight: number;
  readonly upDelay: number;
  readonly downDelay: number;
}

/** One `[check.NAME]` table. */
export interface CheckPlan {
  readonly name: string;
  /** A script, or a file with a number that counts. */
  readonly type: "script" | "file";
  readonly interval: number;
  readonly rise: number;
  readonly fall: number;
  readonly weight: number;
}

/** One haagent.toml. */
export interface ConfigPlan {
  readonly routers: readonly RouterPlan[];
  readonly checks: readonly CheckPlan[];
  readonly lifetime: "auto" | "forever";
  readonly method: "auto" | "ioctl" | "netlink";
  readonly cluster: ClusterPlan | null;
  readonly services: readonly ServicePlan[];
}

export interface NodePlan {
  readonly name: string;
  /** Addresses that the administrator gave to each interface, the first one of a family its primary one. */
  readonly own: Readonly<Record<SegmentName, readonly PlannedAddress[]>>;
  readonly config: ConfigPlan;
  /** What a reload brings. */
  readonly later: ConfigPlan;
  /** Milliseconds that the node's clock shows when the world begins. */
  readonly uptime: number;
}

/** Everything there is to know of one run before it begins. Times are milliseconds of world time. */
export interface Plan {
  readonly seed: number;
  readonly nodes: readonly NodePlan[];
  readonly faults: readonly Fault[];
  /** What is promised of groups of resources; null: there are none. */
  readonly terms: Terms | null;
  /** Into peace, one node is started anew, so that everything comes to where it belongs; null: none is. */
  readonly cycleAt: number | null;
  /** Everything is healed here: peace begins. */
  readonly peaceAt: number;
  /** From here on nothing may change any more. */
  readonly quietAt: number;
  readonly endAt: number;
}

/** What makes routers of several nodes one virtual router. */
export const virtualRouterOf = (router: RouterPlan): string =>
  `${router.segment} vrid ${router.vrid} ipv${router.family}`;

/** From SIGTERM to the end: a second, the slowest before_release, and the longest that groups take to stop. */
export const stopMax = ({ routers, cluster }: ConfigPlan): number =>
  1000 +
  Math.max(0, ...routers.map(({ hooks }) => (hooks?.beforeRelease === true ? hooks.timeout : 0))) +
  (cluster === null || cluster.resources === null ? 0 : stopTime(cluster.resources));

/** Every address that moves with a router. */
export const movedBy = (router: RouterPlan): readonly PlannedAddress[] => [
  ...router.addresses,
  ...router.excluded,
];

const hex = (vrid: number): string => vrid.toString(16).padStart(2, "0");

/** 00-00-5e-00-01-VRID, for IPv6 00-00-5e-00-02-VRID (RFC 9568 7.3). */
export const macOf = ({ family, vrid }: RouterPlan): Mac =>
  `00:00:5e:00:0${family === 4 ? 1 : 2}:${hex(vrid)}` as Mac;

/** Where its addresses go: its interface, or the device of its virtual MAC address there. */
export function interfaceOf({ segment, family, vrid, virtualMac }: RouterPlan): string {
  const own = INTERFACE_OF[segment];
  return virtualMac === false ? own : `vrrp${family === 4 ? "" : "6"}.${vrid}.${own}`;
}

/** All that a master has there: with a virtual MAC address a link-local address of its own, unless one moves. */
export function carriedBy(router: RouterPlan): readonly PlannedAddress[] {
  const moved = movedBy(router);
  const six = moved.filter(({ address }) => address.includes(":"));
  const local = six.some(({ address }) => address.startsWith("fe80:"));
  if (router.virtualMac === false || six.length === 0 || local) return moved;
  const address = `fe80::200:5eff:fe00:${router.family === 4 ? 1 : 2}${hex(router.vrid)}` as Ip;
  return [...moved, { address, prefix: 64 }];
}

const list = (items: readonly string[]): string => `[${items.join(", ")}]`;
const quoted = (text: string | number): string => `"${text}"`;
const cidr = ({ address, prefix }: PlannedAddress): string => quoted(`${address}/${prefix}`);

function routerText(router: RouterPlan): string {
  const { garp } = router;
  const lines = [
    `[vrrp.${router.name}]`,
    `interface = "${INTERFACE_OF[router.segment]}"`,
    `vrid = ${router.vrid}`,
    `version = ${JSON.stringify(router.version)}`,
    `priority = ${router.priority}`,
    `advert_interval = "${router.interval}ms"`,
    `preempt = ${router.preempt}`,
    `preempt_delay = "${router.preemptDelay}ms"`,
    `startup_delay = "${router.startupDelay}ms"`,
    `tie = "${router.tie}"`,
    `addresses = ${list(router.addresses.map(cidr))}`,
    `excluded_addresses = ${list(router.excluded.map(cidr))}`,
    `on_found = "${router.adopt ? "adopt" : "fault"}"`,
    `garp = { count = ${garp.count}, interval = "${garp.interval}ms", refresh = "${garp.refresh}ms", repeat_after = "${garp.repeatAfter}ms" }`,
  ];
  if (router.version !== 2 && router.family === 4) lines.push(`checksum = "${router.checksum}"`);
  if (router.key !== null)
    lines.push(`auth = { type = "${router.header ? "ah" : "pass"}", key = "${router.key}" }`);
  if (router.peers !== null) lines.push(`unicast_peers = ${list(router.peers.map(quoted))}`);
  if (router.syncGroup !== null) lines.push(`sync_group = "${router.syncGroup}"`);
  if (router.checks.length > 0) lines.push(`track_checks = ${list(router.checks.map(quoted))}`);
  const tracks = router.tracks.map(
    ({ segment, weight, upDelay, downDelay }) =>
      `{ name = "${INTERFACE_OF[segment]}", weight = ${weight}, up_delay = "${upDelay}ms", down_delay = "${downDelay}ms" }`,
  );
  if (tracks.length > 0) lines.push(`track_interfaces = ${list(tracks)}`);
  if (router.routes.length > 0) lines.push(`routes = ${list(router.routes.map(({ text }) => quoted(text)))}`);
  if (router.rules.length > 0) lines.push(`rules = ${list(router.rules.map(quoted))}`);
  if (router.hooks !== null) lines.push(hooksText(router.hooks));
  if (router.virtualMac !== false) lines.push(`virtual_mac = ${JSON.stringify(router.virtualMac)}`);
  if (router.guard !== null) lines.push(guardText(router.guard));
  if (!router.accept) lines.push("accept = false");
  return lines.join("\n");
}

function guardText({ heartbeat, witness, release }: GuardPlan): string {
  const evidence = [...(heartbeat ? ["heartbeat"] : []), ...(witness === null ? [] : [`ping:${witness}`])];
  return `guard = ${list(evidence.map(quoted))}\non_isolation = "${release ? "release" : "keep"}"`;
}

function hooksText({ beforeTake, afterTake, beforeRelease, timeout, retry }: HooksPlan): string {
  const commands = [
    ...(beforeTake ? [`before_take = ["/bin/take"]`] : []),
    ...(afterTake ? [`after_take = ["/bin/settle"]`] : []),
    ...(beforeRelease ? [`before_release = [["/bin/flush"], ["/bin/tell"]]`] : []),
  ];
  return `hooks = ${`{ ${[...commands, `timeout = "${timeout}ms"`, `retry = "${retry}ms"`].join(", ")} }`}`;
}

function checkText(check: CheckPlan): string {
  return [
    `[check.${check.name}]`,
    ...(check.type === "script"
      ? [`type = "script"`, `command = ["/bin/${check.name}"]`]
      : [`type = "file"`, `file = "/run/${check.name}"`, `content = "integer"`]),
    `interval = "${check.interval}ms"`,
    `rise = ${check.rise}`,
    `fall = ${check.fall}`,
    `weight = ${check.weight}`,
  ].join("\n");
}

/** The haagent.toml of a node. */
export function configText(node: string, config: ConfigPlan): string {
  const agent = [
    "[agent]",
    `node = "${node}"`,
    `address_lifetime = "${config.lifetime}"`,
    `address_method = "${config.method}"`,
  ].join("\n");
  const cluster = config.cluster === null ? [] : [clusterText(config.cluster)];
  const routers = config.routers.map(routerText);
  const tables = [
    ...[agent, ...routers, ...config.checks.map(checkText)],
    ...[...cluster, ...config.services.map(serviceText)],
  ];
  return `${tables.join("\n\n")}\n`;
}

/** The file of a node as its agent reads it; null: a file that is wrong. */
export function sourceOf(node: string, config: ConfigPlan | null): ConfigSource {
  const text = config === null ? "[vrrp.VI_1\nvrid = 351\n" : configText(node, config);
  return { path: "/etc/haagent.toml", text, failure: null, mode: 0o600, hostname: node, accounts: null };
}
