/** The two that are compared: the same routers in each one's own language, and what is read from each one's log. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { Daemon, DaemonKind } from "../lab/daemon.ts";
import { Haagent } from "../lab/haagent.ts";
import { Keepalived } from "../lab/keepalived.ts";
import type { Station } from "../lab/lab.ts";
import { INTERFACE } from "../lab/lab.ts";

/** Virtual routers that differ only in VRID and address, version 3. */
export interface Fleet {
  readonly count: number;
  readonly priority: number;
  /** Milliseconds between adverts. */
  readonly interval: number;
  /** SCHED_RR priority; 0: ordinary scheduling. */
  readonly realtime?: number;
  /** Each address at the virtual MAC address of its router, on a device of its own. */
  readonly virtualMac?: boolean;
  /** What the nodes have besides their common link; keepalived can do nothing with it. */
  readonly besides?: Besides;
  /** The node, of a pair that has something besides, and its link there as haagent.toml has it. */
  readonly member?: { readonly name: string; readonly link: string };
}

/** A second wire, or a null-modem cable. */
export type Besides = "ethernet" | "serial";
/** Of the cable. */
export const BAUD = 19_200;
/** The nodes of a pair. */
export const MEMBERS = ["ha1", "ha2"] as const;

/** The priorities of a pair: the first node is the master. */
export const HIGH = 200;
export const LOW = 100;

/** VRIDs are 1 to `count`. */
export const vrids = (fleet: Fleet): number[] => Array.from({ length: fleet.count }, (_, at) => at + 1);

/** Where neighbours find a router that has a virtual MAC address (RFC 9568 7.3). */
export const virtualMacOf = (vrid: number): string => `00:00:5e:00:01:${vrid.toString(16).padStart(2, "0")}`;

/** The one address of a router: outside the stations' own subnet, the client has a route. */
export const addressOf = (vrid: number): string => `10.78.${vrid >> 7}.${(vrid & 127) + 1}`;
/** All of them. */
export const ADDRESSES = "10.78.0.0/16";

export function keepalivedText(fleet: Fleet): string {
  const realtime = fleet.realtime ?? 0;
  const lines = [
    "global_defs {",
    "  script_user root",
    ...(realtime > 0 ? [`  vrrp_rt_priority ${realtime}`, "  vrrp_no_swap"] : []),
    "}",
  ];
  for (const vrid of vrids(fleet)) {
    lines.push(
      `vrrp_instance VI_${vrid} {`,
      "  state BACKUP",
      `  interface ${INTERFACE}`,
      ...(fleet.virtualMac === true ? [`  use_vmac vrrp.${vrid}`] : []),
      `  virtual_router_id ${vrid}`,
      "  version 3",
      `  priority ${fleet.priority}`,
      `  advert_int ${fleet.interval / 1000}`,
      `  virtual_ipaddress { ${addressOf(vrid)}/32${fleet.virtualMac === true ? "" : ` dev ${INTERFACE}`} }`,
      "}",
    );
  }
  return `${lines.join("\n")}\n`;
}

function memberLines({ name, link }: NonNullable<Fleet["member"]>): string[] {
  return [
    `node = "${name}"`,
    "[heartbeat]",
    `nodes = ${JSON.stringify(MEMBERS)}`,
    'auth = { method = "sha1", key = "bench" }',
    `links = [${link}]`,
  ];
}

export function haagentText(fleet: Fleet, runtimeDir: string): string {
  const lines = [
    "[agent]",
    `runtime_dir = ${JSON.stringify(runtimeDir)}`,
    `state_dir = ${JSON.stringify(`${runtimeDir}/state`)}`,
    `realtime_priority = ${fleet.realtime ?? 0}`,
    ...(fleet.member === undefined ? [] : memberLines(fleet.member)),
  ];
  for (const vrid of vrids(fleet)) {
    lines.push(
      `[vrrp.VI_${vrid}]`,
      `interface = "${INTERFACE}"`,
      `vrid = ${vrid}`,
      `priority = ${fleet.priority}`,
      `advert_interval = "${fleet.interval}ms"`,
      `addresses = ["${addressOf(vrid)}/32"]`,
      `virtual_mac = ${fleet.virtualMac === true}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** A daemon that will run the fleet in a node; not started. `text` is its configuration for another fleet of that node. */
export interface Contender {
  readonly daemon: Daemon;
  readonly fleet: Fleet;
  text(fleet: Fleet): string;
}

export async function contender(kind: DaemonKind, station: Station, fleet: Fleet): Promise<Contender> {
  if (kind === "keepalived") {
    return { daemon: new Keepalived(station, keepalivedText(fleet)), fleet, text: keepalivedText };
  }
  const directory = await mkdtemp("/tmp/haagent-bench-");
  const file = {
    path: `${directory}/haagent.toml`,
    text: (runtimeDir: string) => haagentText(fleet, runtimeDir),
  };
  const daemon = await Haagent.withFile(station, file);
  const close = daemon.close.bind(daemon);
  daemon.close = async () => {
    await close();
    await rm(directory, { recursive: true, force: true });
  };
  return { daemon, fleet, text: (other) => haagentText(other, daemon.runtimeDir) };
}

const ROLE: Readonly<Record<DaemonKind, RegExp>> = {
  keepalived: /\((VI_\d+)\) Entering (MASTER|BACKUP|FAULT) STATE/,
  haagent: /vrrp\.state name=(VI_\d+) .*\bto=(\w+)/,
};

/** How many routers the log calls master since line `from`. */
export function masters(daemon: Daemon, from: number): number {
  const last = new Map<string, string>();
  for (const line of daemon.log.slice(from)) {
    const [, name = "", role = ""] = ROLE[daemon.kind].exec(line) ?? [];
    if (name !== "") last.set(name, role.toLowerCase());
  }
  return [...last.values()].filter((role) => role === "master").length;
}

/** The daemon's processes: all of its name in the node's namespace. */
export function processesOf(daemon: Pick<Daemon, "kind" | "station">): number[] {
  const space = readlinkSync(`/proc/${daemon.station.namespace.pid}/ns/net`);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readlinkSync(`/proc/${pid}/ns/net`) === space &&
          readFileSync(`/proc/${pid}/comm`, "utf8").startsWith(daemon.kind)
        );
      } catch {
        return false;
      }
    })
    .map(Number);
}
