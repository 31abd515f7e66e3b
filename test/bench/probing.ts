/**
 * How many servers are probed on time, at what cost, and whether adverts stay even meanwhile: beside each router that probes there is one
 * that does not, on another node in the same seconds. The kernel need not have IPVS: the table is not written then, and servers are probed
 * all the same.
 */
import { mkdtemp, rm } from "node:fs/promises";
import type { DaemonKind } from "../lab/daemon.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import { now } from "../lab/process.ts";
import { pass } from "./bout.ts";
import type { Crowd, Prober } from "./crowded.ts";
import { ADVERTS, BESIDE, GOOD, goodOf, HUNG, INTERVAL, prober, SILENT_PORT } from "./crowded.ts";
import type { Tape } from "./recording.ts";
import { Recording } from "./recording.ts";
import type { Rows } from "./row.ts";
import { cost, memory, spent } from "./usage.ts";

const READY_MS = 60_000;
/** What each takes until all servers have been probed, and a little: keepalived some twenty seconds with thousands. */
const SETTLED_MS: Readonly<Record<DaemonKind, number>> = { haagent: 4000, keepalived: 25_000 };
const QUIET_MS = 4000;
/** Of the router that probes, and of the one beside it. */
const VRID = 1;
const OTHER_VRID = 2;

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
  await silent.says("ready", READY_MS);
  return [() => nginx.end("SIGKILL"), () => silent.end("SIGKILL")];
}

/** Starts one on a crowd and measures it for `span` milliseconds once it has come to rest. */
export async function probing(kind: DaemonKind, crowd: Crowd, span: number, rows: Rows): Promise<void> {
  const lab = await Lab.create(2);
  const directory = await mkdtemp("/tmp/haagent-bench-");
  try {
    lab.atClose(() => rm(directory, { recursive: true, force: true }));
    const closers = await servers(lab, directory, crowd);
    for (const closer of closers) lab.atClose(closer);
    const station = lab.node(0);
    await station.namespace.ip(
      ...[GOOD, HUNG].map((range) => `route add ${range} via ${lab.client.address4} dev ${INTERFACE}`),
    );
    const nobody: Crowd = { ...crowd, count: 0 };
    const beside = await prober(kind, lab.node(1), directory, nobody, OTHER_VRID);
    lab.atClose(() => beside.close());
    await beside.start();
    const probing = await prober(kind, station, directory, crowd, VRID);
    lab.atClose(() => probing.close());
    const name = `${crowd.count} ${crowd.type}`;
    const bench: Bench = {
      ...{ lab, kind, crowd, probing, beside, rows },
      label:
        crowd.count === 0 ? "no servers" : `${name}${crowd.hung > 0 ? `, ${crowd.hung * 100} % hung` : ""}`,
    };
    await settled(bench);
    await pass(QUIET_MS);
    await watched(bench, span);
  } finally {
    await lab.close();
  }
}

interface Bench {
  readonly lab: Lab;
  readonly kind: DaemonKind;
  readonly crowd: Crowd;
  readonly probing: Prober;
  readonly beside: Prober;
  readonly rows: Rows;
  readonly label: string;
}

/** Starts it; notes when it had probed every server. */
async function settled({ lab, kind, crowd, probing, rows, label }: Bench): Promise<void> {
  const recording = await Recording.start(lab.client, PROBES);
  try {
    const ready = await probing.start();
    await pass(SETTLED_MS[kind]);
    const starts = startsOf(await recording.finish(), 0, Infinity);
    const good = goodOf(crowd);
    if (starts.length < good) throw new Error(`${starts.length} servers were probed, of ${good}`);
    const last = Math.max(...starts.map(([first = 0]) => first));
    if (good > 0) rows.add(`${label}: ready to last server probed`, "ms", kind, last - ready);
  } finally {
    await recording.close();
  }
}

/** First packets of probes to those that answer. */
const PROBES = "(tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn and dst net 10.80.0.0/16)";

/** What it costs, and what the wire says: first packets of probes by server, and adverts. */
async function watched(
  { lab, kind, crowd, probing, beside, rows, label }: Bench,
  span: number,
): Promise<void> {
  const recording = await Recording.start(lab.client, `${PROBES} or proto 112`);
  try {
    const pids = probing.pids();
    const [before, from] = [spent(pids), now()];
    await pass(span);
    const [after, to] = [spent(pids), now()];
    const { cpu, switches } = cost(before, after);
    rows.add(`${label}: CPU`, "% of a core", kind, cpu);
    rows.add(`${label}: context switches`, "/s", kind, switches);
    rows.add(`${label}: RSS`, "MB", kind, memory(pids).rss);
    const tape = await recording.finish();
    const adverts = (vrid: number, { station }: Prober): number[] =>
      tape.gaps(vrid, station.address4, from, to).map((gap) => Math.abs(gap - ADVERTS));
    rows.add(`${label}: advert off its time`, "ms", kind, ...adverts(VRID, probing));
    rows.add(`${label}: ${BESIDE}`, "ms", kind, ...adverts(OTHER_VRID, beside));
    if (crowd.count === 0) return;
    const starts = startsOf(tape, from, to);
    const probes = starts.reduce((sum, times) => sum + times.length, 0);
    rows.add(`${label}: probes to the good`, "/s", kind, (probes * 1000) / (to - from));
    rows.add(`${label}: achieved interval`, "ms", kind, ...starts.flatMap(mean));
    rows.add(`${label}: probe off its time`, "ms", kind, ...starts.flatMap(uneven));
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
