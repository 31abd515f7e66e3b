/** How late the adverts of a master are while it probes, and what that costs it. */
import { readFileSync } from "node:fs";
import { Agent } from "../features/agent.ts";
import { check, serve, tracking } from "../features/probing.ts";
import { Site } from "../features/site.ts";
import { Capture } from "../lab/capture.ts";
import { lateness, unwatchLateness, watchLateness } from "../lab/lateness.ts";
import { now, sleep } from "../lab/process.ts";

/** Of the advertisements, milliseconds; tracking() writes it. */
export const INTERVAL_MS = 100;
/** After the start, before anything is measured: the first probes load their code, and those that hang change the priority. */
const WARM_MS = 4500;
/** Ticks of /proc/PID/stat in a second (sysconf(3) _SC_CLK_TCK). */
const TICKS = 100;

/** What was measured of one run; times in milliseconds. */
export interface Probed {
  /** By how much each advert came later than an interval after the one before. */
  readonly late: readonly number[];
  /** Share of one processor. */
  readonly busy: number;
  /** Resident memory, megabytes. */
  readonly memory: number;
  /** TCP connections begun in a second. */
  readonly connections: number;
  /** Checks with a result. */
  readonly judged: number;
  /** How late the machine itself was. */
  readonly noise: number;
}

const of = (name: string, count: number, keys: (number: number) => readonly string[]): string[] =>
  Array.from({ length: count }, (_, number) =>
    // Each rises by a number of its own: checks that are the same in everything would share a probe.
    check(
      `${name}${number}`,
      ...keys(number),
      'interval = "1s"',
      `rise = ${number + 1}`,
      "fall = 3",
      "weight = -1",
    ),
  );

/** A hundred checks of all kinds, a fifth of which never get an answer. */
export const HUNDRED: readonly string[] = [
  ...of("page", 25, () => ['type = "http"', 'target = "10.77.1.2:8002"', 'expect_body = "Test Page"']),
  ...of("port", 20, () => ['type = "tcp"', 'target = "10.77.1.2:8005"']),
  ...of("echo", 20, () => ['type = "ping"', 'target = "10.77.1.2"']),
  ...of("gone", 10, (number) => ['type = "process"', `process = "no-such-${number}"`]),
  ...of("file", 5, () => ['type = "file"', 'file = "/etc/passwd"', 'expect_body = "root"']),
  ...of("mute", 10, () => ['type = "http"', 'target = "10.77.1.2:8005"', 'timeout = "900ms"']),
  ...of("lost", 10, (number) => ['type = "ping"', `target = "10.77.1.${100 + number}"`, 'timeout = "900ms"']),
];

/** A thousand connections a second, a tenth of which come about and then hang. */
export const THOUSAND: readonly string[] = [
  ...of("page", 450, () => ['type = "http"', 'target = "10.77.1.2:8002"', 'expect_body = "Test Page"']),
  ...of("port", 450, () => ['type = "tcp"', 'target = "10.77.1.2:8005"']),
  ...of("mute", 100, () => ['type = "http"', 'target = "10.77.1.2:8005"', 'timeout = "900ms"']),
];

/** As many commands instead, the shortest that there are. */
export const SCRIPTS: readonly string[] = of("script", 100, () => [
  'type = "script"',
  'command = ["/bin/true"]',
]);

/** Runs a master with these checks for so many milliseconds. */
export async function probing(checks: readonly string[], span: number): Promise<Probed> {
  const site = await Site.create(2);
  watchLateness();
  try {
    await serve(site, site.box(1));
    const wire = await Capture.start(site.box(1).namespace, ["eth1"]);
    site.atClose(() => wire.close());
    const agent = await Agent.create(site.box(0).namespace, tracking(200, checks.join("\n")));
    site.atClose(() => agent.close());
    await agent.start();
    await agent.is("lan", "master");
    await sleep(WARM_MS);
    const [from, ticks, begun] = [now(), spent(agent.pid), opens(agent.pid)];
    await sleep(span);
    const [to, used, opened] = [now(), spent(agent.pid) - ticks, opens(agent.pid) - begun];
    await wire.upTo(to);
    const times = wire.adverts(from).flatMap(({ at }) => (at <= to ? [at] : []));
    const { tracks } = await agent.router("lan");
    return {
      late: times.slice(1).map((at, index) => at - (times[index] ?? at) - INTERVAL_MS),
      busy: (used / TICKS) * (1000 / (to - from)),
      memory: memory(agent.pid),
      connections: opened * (1000 / (to - from)),
      judged: tracks.filter(({ up }) => up !== null).length,
      noise: lateness(from, to),
    };
  } finally {
    await unwatchLateness();
    await site.close();
  }
}

/** Processor time of a process, all its threads, in ticks. */
function spent(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** TCP connections begun in the namespace of a process (RFC 4022 tcpActiveOpens). */
function opens(pid: number): number {
  const lines = readFileSync(`/proc/${pid}/net/snmp`, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  const [names = [], values = []] = lines.map((line) => line.split(" "));
  return Number(values[names.indexOf("ActiveOpens")]);
}

const memory = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
