/**
 * How many servers are probed on time, at what cost, and whether adverts stay even meanwhile. The kernel need not have IPVS: the table is
 * not written then, and servers are probed all the same.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { Haagent } from "../lab/haagent.ts";
import type { Station } from "../lab/lab.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import { now } from "../lab/process.ts";
import { pass } from "./bout.ts";
import { processesOf } from "./contender.ts";
import type { Tape } from "./recording.ts";
import { Recording } from "./recording.ts";
import type { Rows } from "./row.ts";
import { cost, memory, spent } from "./usage.ts";

export interface Crowd {
  readonly count: number;
  readonly type: "tcp" | "http";
  /** Of the servers, the share that hang: packets to them come to nothing, or their connections stand and nothing is said. */
  readonly hung: number;
}

/** Between two probes of a server, and what each may take; milliseconds. */
const INTERVAL = 1000;
/** Between two adverts of the router beside them; milliseconds. */
const ADVERTS = 100;
const SETTLE_MS = 60_000;
/** The good ones are below 10.80, those that hang below 10.81: all of them are the client. */
const GOOD = "10.80.0.0/16";
const HUNG = "10.81.0.0/16";
const SERVICE_MAX = 100;
const SILENT_PORT = 81;
const QUIET_MS = 4000;

const addressOf = (at: number, hung: boolean): string => `10.${hung ? 81 : 80}.${at >> 8}.${at & 255}`;

function text({ count, type, hung }: Crowd, runtimeDir: string): string {
  const lines = [
    "[agent]",
    `runtime_dir = "${runtimeDir}"`,
    `state_dir = "${runtimeDir}/state"`,
    "[vrrp.VI_1]",
    `interface = "${INTERFACE}"`,
    "vrid = 1",
    `advert_interval = "${ADVERTS}ms"`,
    'addresses = ["10.78.0.1/32"]',
  ];
  for (let first = 0; first < count; first += SERVICE_MAX) {
    const many = Math.min(SERVICE_MAX, count - first);
    const servers = Array.from({ length: many }, (_, at) => {
      const silent = at < many * hung;
      const port = silent && type === "http" ? SILENT_PORT : 80;
      // The port of a service by dr is that of its servers, so the probe's is said.
      return `{ address = "${addressOf(first + at, silent)}", check = { port = ${port} } }`;
    });
    lines.push(
      `[virtual_server.s${first}]`,
      `address = "10.79.${first >> 8}.${first & 255}:80"`,
      `real_servers = [${servers.join(", ")}]`,
      `check = { type = "${type}", interval = "${INTERVAL}ms", timeout = "${INTERVAL}ms" }`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The servers: one nginx for all that answer, and one that accepts and says nothing. */
async function servers(
  { client }: Lab,
  directory: string,
  crowd: Crowd,
): Promise<(() => Promise<unknown>)[]> {
  const { namespace } = client;
  await namespace.ip(
    `route add local ${GOOD} dev lo`,
    crowd.type === "http" ? `route add local ${HUNG} dev lo` : `route add blackhole ${HUNG}`,
  );
  await Bun.write(
    `${directory}/nginx.conf`,
    `daemon off; master_process off; user root; pid ${directory}/pid; error_log ${directory}/error.log;
     worker_rlimit_nofile 65536; events { worker_connections 32768; }
     http { access_log off; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p;
       fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
       server { listen 80 backlog=4096; location / { return 200 "here\\n"; } } }\n`,
  );
  const nginx = namespace.spawn(["nginx", "-c", `${directory}/nginx.conf`, "-p", directory]);
  const silent = namespace.spawn([
    process.execPath,
    "-e",
    `Bun.listen({ hostname: "0.0.0.0", port: ${SILENT_PORT}, socket: { data() {} } }); console.log("ready")`,
  ]);
  await silent.says("ready", SETTLE_MS);
  return [() => nginx.end("SIGKILL"), () => silent.end("SIGKILL")];
}

/** Starts an agent on a crowd and measures it for `span` milliseconds once it has come to rest. */
export async function probing(crowd: Crowd, span: number, rows: Rows): Promise<void> {
  const lab = await Lab.create(1);
  const directory = await mkdtemp("/tmp/haagent-bench-");
  try {
    lab.atClose(() => rm(directory, { recursive: true, force: true }));
    const closers = await servers(lab, directory, crowd);
    for (const closer of closers) lab.atClose(closer);
    const station = lab.node(0);
    await station.namespace.ip(
      ...[GOOD, HUNG].map((range) => `route add ${range} via ${lab.client.address4} dev ${INTERFACE}`),
    );
    const path = `${directory}/haagent.toml`;
    const daemon = await Haagent.withFile(station, { path, text: (runtime) => text(crowd, runtime) });
    lab.atClose(() => daemon.close());
    const label = `${crowd.count} ${crowd.type}${crowd.hung > 0 ? `, ${crowd.hung * 100} % hung` : ""}`;
    await settled(lab, daemon, crowd, label, rows);
    await pass(QUIET_MS);
    const pids = processesOf(daemon);
    const before = spent(pids);
    await pass(span);
    const { cpu, switches } = cost(before, spent(pids));
    rows.add(`${label}: CPU`, "% of a core", "haagent", cpu);
    rows.add(`${label}: context switches`, "/s", "haagent", switches);
    rows.add(`${label}: RSS`, "MB", "haagent", memory(pids).rss);
    await watched(lab, station, span, label, rows);
  } finally {
    await lab.close();
  }
}

const hungOf = ({ count, hung }: Crowd): number => {
  let sum = 0;
  for (let first = 0; first < count; first += SERVICE_MAX) {
    sum += Math.ceil(Math.min(SERVICE_MAX, count - first) * hung);
  }
  return sum;
};

/** Starts the agent; notes when it had probed every server. */
async function settled(
  { client }: Lab,
  daemon: Haagent,
  crowd: Crowd,
  label: string,
  rows: Rows,
): Promise<void> {
  const recording = await Recording.start(client, PROBES);
  try {
    await daemon.start();
    const ready = now();
    await pass(QUIET_MS);
    const starts = startsOf(await recording.finish(), 0, Infinity);
    const good = crowd.count - hungOf(crowd);
    if (starts.length < good) throw new Error(`${starts.length} servers were probed, of ${good}`);
    const last = Math.max(...starts.map(([first = 0]) => first));
    if (good > 0) rows.add(`${label}: ready to last server probed`, "ms", "haagent", last - ready);
  } finally {
    await recording.close();
  }
}

/** First packets of probes to those that answer. */
const PROBES = "(tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn and dst net 10.80.0.0/16)";

/** What the wire says: first packets of probes by server, and adverts. */
async function watched(
  { client }: Lab,
  station: Station,
  span: number,
  label: string,
  rows: Rows,
): Promise<void> {
  const recording = await Recording.start(client, `${PROBES} or proto 112`);
  try {
    const from = now();
    await pass(span);
    const to = now();
    const tape = await recording.finish();
    const gaps = tape.gaps(1, station.address4, from, to);
    rows.add(`${label}: advert off its time`, "ms", "haagent", ...gaps.map((gap) => Math.abs(gap - ADVERTS)));
    const starts = startsOf(tape, from, to);
    if (starts.length === 0) return;
    const probes = starts.reduce((sum, times) => sum + times.length, 0);
    rows.add(`${label}: probes to the good`, "/s", "haagent", (probes * 1000) / (to - from));
    rows.add(`${label}: achieved interval`, "ms", "haagent", ...starts.flatMap(mean));
    rows.add(`${label}: probe off its time`, "ms", "haagent", ...starts.flatMap(uneven));
  } finally {
    await recording.close();
  }
}

/** When the probes of each server began. */
function startsOf({ frames }: Tape, from: number, to: number): number[][] {
  const starts = new Map<string, number[]>();
  for (const { at, bytes, seen } of frames) {
    if (seen.kind === "advert" || at < from || at > to) continue;
    const address = bytes.subarray(DESTINATION, DESTINATION + 4).join(".");
    const times = starts.get(address) ?? [];
    starts.set(address, times);
    times.push(at);
  }
  return [...starts.values()];
}

/** Of the destination address in an IPv4 header. */
const DESTINATION = 16;

/** The mean interval of one server. */
const mean = (times: readonly number[]): number[] =>
  times.length < 2 ? [] : [((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1)];

/** How far each interval is from what it should be. */
const uneven = (times: readonly number[]): number[] =>
  times.slice(1).map((at, index) => Math.abs(at - (times[index] ?? at) - INTERVAL));
