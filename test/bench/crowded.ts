/**
 * Who probes a crowd of servers while it advertises: haagent, or keepalived, whose checkers run on a kernel without IPVS too because their
 * writes to it are faked (faked-ipvs.ts).
 */
import type { DaemonKind } from "../lab/daemon.ts";
import { Haagent } from "../lab/haagent.ts";
import type { Station } from "../lab/lab.ts";
import { INTERFACE } from "../lab/lab.ts";
import type { Child } from "../lab/process.ts";
import { now } from "../lab/process.ts";
import { processesOf } from "./contender.ts";
import { fakedIpvs } from "./faked-ipvs.ts";

export interface Crowd {
  readonly count: number;
  readonly type: "tcp" | "http";
  /** Of the servers, the share that hang: packets to them come to nothing, or their connections stand and nothing is said. */
  readonly hung: number;
}

/** Between two probes of a server, and what each may take; milliseconds. */
export const INTERVAL = 1000;
/** Between two adverts of the router beside them; milliseconds. */
export const ADVERTS = 50;
/** The good ones are below 10.80, those that hang below 10.81: all of them are the client. */
export const GOOD = "10.80.0.0/16";
export const HUNG = "10.81.0.0/16";
export const SILENT_PORT = 81;
/** The row of another router's adverts in the same seconds. */
export const BESIDE = "the same of a router beside that probes nobody";
const SERVICE_MAX = 100;
const START_MS = 60_000;
const STOP_MS = 30_000;

interface Server {
  readonly address: string;
  readonly port: number;
}

/** The servers, by service. */
function services({ count, type, hung }: Crowd): { address: string; servers: Server[] }[] {
  const firsts = Array.from({ length: Math.ceil(count / SERVICE_MAX) }, (_, at) => at * SERVICE_MAX);
  return firsts.map((first) => {
    const many = Math.min(SERVICE_MAX, count - first);
    const servers = Array.from({ length: many }, (_, at) => {
      const silent = at < many * hung;
      const place = `${(first + at) >> 8}.${(first + at) & 255}`;
      return {
        address: `10.${silent ? 81 : 80}.${place}`,
        port: silent && type === "http" ? SILENT_PORT : 80,
      };
    });
    return { address: `10.79.${first >> 8}.${first & 255}`, servers };
  });
}

/** Those of them that answer. */
export const goodOf = (crowd: Crowd): number =>
  services(crowd)
    .flatMap(({ servers }) => servers)
    .filter(({ address }) => address.startsWith("10.80.")).length;

function haagentText(crowd: Crowd, vrid: number, runtimeDir: string): string {
  const lines = [
    "[agent]",
    `runtime_dir = "${runtimeDir}"`,
    `state_dir = "${runtimeDir}/state"`,
    "[vrrp.VI_1]",
    `interface = "${INTERFACE}"`,
    `vrid = ${vrid}`,
    `advert_interval = "${ADVERTS}ms"`,
    `addresses = ["10.78.0.${vrid}/32"]`,
  ];
  for (const { address, servers } of services(crowd)) {
    // The port of a service by dr is that of its servers, so the probe's is said.
    const list = servers.map(
      (server) => `{ address = "${server.address}", check = { port = ${server.port} } }`,
    );
    lines.push(
      `[virtual_server."${address}"]`,
      `address = "${address}:80"`,
      `real_servers = [${list.join(", ")}]`,
      `check = { type = "${crowd.type}", interval = "${INTERVAL}ms", timeout = "${INTERVAL}ms" }`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function keepalivedText(crowd: Crowd, vrid: number): string {
  const check = ({ port }: Server): string[] => [
    crowd.type === "tcp" ? "TCP_CHECK {" : "HTTP_GET {",
    `connect_port ${port}`,
    `connect_timeout ${INTERVAL / 1000}`,
    ...(crowd.type === "tcp" ? [] : ["url {", "path /", "status_code 200", "}"]),
    "}",
  ];
  const lines = [
    ...["global_defs {", "script_user root", "}"],
    ...["vrrp_instance VI_1 {", "state BACKUP", `interface ${INTERFACE}`, `virtual_router_id ${vrid}`],
    ...["version 3", "priority 100", `advert_int ${ADVERTS / 1000}`],
    ...["virtual_ipaddress {", `10.78.0.${vrid}/32 dev ${INTERFACE}`, "}", "}"],
  ];
  for (const { address, servers } of services(crowd)) {
    lines.push(`virtual_server ${address} 80 {`, `delay_loop ${INTERVAL / 1000}`);
    lines.push("lb_algo rr", "lb_kind DR", "protocol TCP");
    for (const server of servers) lines.push(`real_server ${server.address} 80 {`, ...check(server), "}");
    lines.push("}");
  }
  return `${lines.join("\n")}\n`;
}

/** One that was made ready to start in a station, with a router of this VRID. */
export interface Prober {
  readonly station: Station;
  /** Starts it; gives when it was at work. */
  start(): Promise<number>;
  pids(): number[];
  close(): Promise<unknown>;
}

export async function prober(
  kind: DaemonKind,
  station: Station,
  directory: string,
  crowd: Crowd,
  vrid: number,
): Promise<Prober> {
  const pids = (): number[] => processesOf({ kind, station });
  if (kind === "haagent") {
    const path = `${directory}/${vrid}.toml`;
    const daemon = await Haagent.withFile(station, {
      path,
      text: (runtime) => haagentText(crowd, vrid, runtime),
    });
    const start = async (): Promise<number> => {
      await daemon.start();
      return now();
    };
    return { station, start, pids, close: () => daemon.close() };
  }
  const files = `${directory}/keepalived-${vrid}`;
  await Bun.write(`${files}.conf`, keepalivedText(crowd, vrid));
  const library = await fakedIpvs(directory);
  let child: Child | null = null;
  const start = async (): Promise<number> => {
    const options = ["--dont-fork", "--log-console", "--no-syslog", "-f", `${files}.conf`];
    const notes = ["-p", `${files}.pid`, "-r", `${files}.vrrp.pid`, "-c", `${files}.checkers.pid`];
    const argv = ["keepalived", ...options, ...notes];
    child = station.namespace.spawn(argv, { env: { LD_PRELOAD: library } });
    await child.says("Startup complete", START_MS);
    return now();
  };
  return { station, start, pids, close: async () => child?.end("SIGTERM", STOP_MS) };
}
