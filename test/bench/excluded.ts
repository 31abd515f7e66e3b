/** A router with many addresses beside the advertised one: when the last of them is there and told, and when all are gone again. */
import { mkdtemp, rm } from "node:fs/promises";
import type { Daemon, DaemonKind } from "../lab/daemon.ts";
import { Haagent } from "../lab/haagent.ts";
import { Keepalived } from "../lab/keepalived.ts";
import type { Station } from "../lab/lab.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import type { Child } from "../lab/process.ts";
import { now, until } from "../lab/process.ts";
import { Recording } from "./recording.ts";
import type { Rows } from "./row.ts";

const VRID = 1;
const ADVERTISED = "10.79.255.1";
const PATIENCE_MS = 60_000;
/** After the last address is there, for the last of the announcements. */
const TOLD_MS = 8000;

const addressesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `10.79.${at >> 8}.${at & 255}`);

async function daemonOf(kind: DaemonKind, station: Station, count: number): Promise<Daemon> {
  const excluded = addressesOf(count);
  if (kind === "keepalived") {
    return new Keepalived(
      station,
      `vrrp_instance VI_1 {
  state BACKUP
  interface ${INTERFACE}
  virtual_router_id ${VRID}
  version 3
  priority 100
  advert_int 1
  virtual_ipaddress { ${ADVERTISED}/32 dev ${INTERFACE} }
  virtual_ipaddress_excluded {
    ${excluded.map((address) => `${address}/32 dev ${INTERFACE}`).join("\n    ")}
  }
}
`,
    );
  }
  const directory = await mkdtemp("/tmp/haagent-bench-");
  const daemon = await Haagent.withFile(station, {
    path: `${directory}/haagent.toml`,
    text: (runtimeDir) => `[agent]
runtime_dir = ${JSON.stringify(runtimeDir)}
state_dir = ${JSON.stringify(`${runtimeDir}/state`)}
[vrrp.VI_1]
interface = "${INTERFACE}"
vrid = ${VRID}
addresses = ["${ADVERTISED}/32"]
excluded_addresses = ${JSON.stringify(excluded.map((address) => `${address}/32`))}
`,
  });
  const close = daemon.close.bind(daemon);
  daemon.close = async () => {
    await close();
    await rm(directory, { recursive: true, force: true });
  };
  return daemon;
}

/** Times at which `ip -ts monitor` read of these addresses: added, or removed. */
function changes(monitor: Child, removed: boolean): number[] {
  return monitor.lines.flatMap((line) => {
    const time = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (time === undefined || !line.includes("inet 10.79.") || line.includes("Deleted") !== removed)
      return [];
    return line.includes(ADVERTISED) ? [] : [Date.parse(`${time}Z`)];
  });
}

/** One start and one stop of a master of that many addresses. */
export async function excluded(kind: DaemonKind, count: number, rows: Rows): Promise<void> {
  const lab = await Lab.create(1);
  try {
    const node = lab.node(0);
    const monitor = node.namespace.spawn(["ip", "-ts", "-o", "monitor", "address"]);
    lab.atClose(() => monitor.end("SIGKILL"));
    const recording = await Recording.start(lab.client, "proto 112 or arp");
    lab.atClose(() => recording.close());
    const daemon = await daemonOf(kind, node, count);
    lab.atClose(() => daemon.close());
    const begun = await daemon.start();
    const all = (removed: boolean): Promise<number> =>
      until(
        `${kind} ${removed ? "lost" : "has"} ${count} addresses`,
        PATIENCE_MS,
        () => changes(monitor, removed).length >= count,
      );
    await all(false);
    await Bun.sleep(TOLD_MS);
    const stopped = now();
    await daemon.stop();
    await all(true);
    const tape = await recording.finish();
    const taken = tape.adverts(VRID, node.address4, begun)[0]?.at ?? Number.NaN;
    const told = addressesOf(count).map((address) => tape.announced(address, node.mac, begun) ?? Number.NaN);
    const label = `${count} addresses`;
    rows.add(
      `${label}: first advert to last address up`,
      "ms",
      kind,
      Math.max(...changes(monitor, false)) - taken,
    );
    rows.add(`${label}: first advert to last address announced`, "ms", kind, Math.max(...told) - taken);
    rows.add(
      `${label}: SIGTERM to last address gone`,
      "ms",
      kind,
      Math.max(...changes(monitor, true)) - stopped,
    );
  } finally {
    await lab.close();
  }
}
