/** What packet filters do to connections through a director, and that the doctor says so and cures it: no filter is judged but by the kernel. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Finding } from "../features/patient.ts";
import { Site } from "../features/site.ts";
import { HAAGENT } from "../lab/haagent.ts";
import { now, ran, run, sleep } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { Backend, Caller, SERVICE } from "./actors.ts";

const PORT = 7000;
const SERVER = `10.77.1.2:${PORT}`;

let site: Site;
let backend: Backend;
let caller: Caller;
let directory: string;

const director = () => site.box(0).namespace;
const chain = (hook: string, ...rules: readonly string[]): Promise<string> =>
  director().run(
    ["nft", "-f", "-"],
    ["table inet guard {", "chain in {", `type filter hook ${hook}`, ...rules, "}", "}", ""].join("\n"),
  );
const nft = (...rules: readonly string[]): Promise<string> => chain("input priority 0", ...rules);
const set = (...values: readonly string[]): Promise<string> => director().run(["sysctl", "-qw", ...values]);

beforeAll(async () => {
  await run(["modprobe", "-a", "ip_vs", "ip_vs_rr", "nf_conntrack", "nf_tables", "nft_ct"]);
  site = await Site.create(3);
  directory = makeScratch();
  const server = site.box(1).namespace;
  await server.run(["sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2"]);
  await server.ip(`addr add ${SERVICE}/32 dev lo`);
  await director().ip(`addr add ${SERVICE}/32 dev eth1`);
  await set(
    ...["net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.eth1.send_redirects=0"],
  );
  await director().run(["ipvsadm", "-A", "-t", `${SERVICE}:${PORT}`, "-s", "rr"]);
  await director().run(["ipvsadm", "-a", "-t", `${SERVICE}:${PORT}`, "-r", SERVER, "-g"]);
  backend = new Backend("s1", site.box(1));
  caller = new Caller(site.box(2));
  await Promise.all([backend.ready(), caller.ready()]);
});
afterAll(async () => {
  await Promise.all([backend.end(), caller.end()]);
  await site.close();
  removeScratch(directory);
});
afterEach(async () => {
  await director().run(["nft", "flush", "ruleset"]);
  await set(TRACKED.replace("1", "0"), STRICT.replace("0", "1"));
});

/** What the doctor finds of the director's filter. */
async function found(forward = "dr"): Promise<Finding[]> {
  const path = `${directory}/haagent.toml`;
  const text = `[agent]
runtime_dir = "${directory}/run"
state_dir = "${directory}/state"
[virtual_server.web]
address = "${SERVICE}:${PORT}"
real_servers = ["${SERVER}"]
forward = "${forward}"
check = { type = "tcp" }
`;
  await Bun.write(path, text);
  const { stdout, stderr } = await ran(director().enter([HAAGENT, "doctor", "--json", "--config", path]));
  if (stdout === "") throw new Error(stderr);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return findings.filter(({ id }) => id === "ipvs_invalid" || id === "ipvs_dropped");
}

/** Ports of the client that a box has connections of: the client's own are where the server's are the peer's. */
async function ports(of: "client" | "server"): Promise<Set<string>> {
  const box = site.box(of === "client" ? 2 : 1);
  const filter = `( ${of === "client" ? "dport" : "sport"} = :${PORT} )`;
  const listed = await box.namespace.run(["ss", "-Htn", "state", "established", filter]);
  const lines = listed.split("\n").filter((line) => line.trim() !== "");
  return new Set(
    lines.map((line) => line.trim().split(/\s+/)[of === "client" ? 2 : 3]?.split(":").pop() ?? ""),
  );
}

type Fate = "hangs" | "stays open" | "well";
/** How long what should come is waited for, and what should not. */
const PATIENCE_MS = { good: 10_000, bad: 1500 } as const;

/** How a connection fares: it is not opened or hangs, its end gets lost, or all is well. `expected` is what is waited for less. */
async function fares(expected: Fate): Promise<Fate> {
  const patience = (of: Fate): number => (expected === of ? PATIENCE_MS.bad : PATIENCE_MS.good);
  // One that hung before may yet come through.
  const before = await ports("client");
  const [connection, answer] = await caller.open(SERVICE, PORT, patience("hangs"));
  if (answer !== "s1 hello") return "hangs";
  expect(await caller.say(connection)).toBe("s1 still there");
  const [port = "none", ...more] = (await ports("client")).difference(before);
  expect(more).toEqual([]);
  expect(await ports("server")).toContain(port);
  await caller.close(connection);
  for (const end = now() + patience("stays open"); now() < end; await sleep(50)) {
    if (!(await ports("server")).has(port)) return "well";
  }
  return "stays open";
}

const NOT_SYN = "tcp flags & (fin|syn|rst|ack) != syn ct state new drop";
const INVALID = "ct state invalid drop";
const TRACKED = "net.ipv4.vs.conntrack=1";
const STRICT = "net.netfilter.nf_conntrack_tcp_loose=0";

/** How the server of the service is reached. */
async function forwards(method: "dr" | "nat"): Promise<void> {
  const edit = ["ipvsadm", "-e", "-t", `${SERVICE}:${PORT}`, "-r", SERVER];
  await director().run([...edit, method === "nat" ? "-m" : "-g"]);
  const verb = method === "nat" ? "replace" : "flush";
  await site
    .box(1)
    .namespace.ip(`route ${verb} ${site.box(2).address4}/32 via ${site.box(0).address4} dev eth1`);
}

describe("a connection through a director", () => {
  test("without a filter fares well, and nothing is found", async () => {
    expect(await fares("well")).toBe("well");
    expect(await found()).toEqual([]);
  });

  test("fares well, whatever a chain behind IPVS drops", async () => {
    await chain("input priority 100", `tcp dport ${PORT} drop`);
    expect(await fares("well")).toBe("well");
    expect(await found()).toEqual([]);
  });

  test("hangs where what is sent on is dropped, as nothing of it is tracked there", async () => {
    await chain("output priority 0; policy drop", "ct state new,established,related accept");
    expect(await fares("hangs")).toBe("hangs");
    const findings = await found();
    expect(findings.map(({ severity, id }) => `${severity} ${id}`)).toEqual(["fault ipvs_dropped"]);
    await director().run(["nft", "-f", "-"], `${findings[0]?.cure.replace(/^nft /, "") ?? ""}\n`);
    expect(await fares("well")).toBe("well");
  });

  test.each([
    ["what is invalid", "dr", [INVALID], [], "stays open", "degraded ipvs_invalid"],
    ["what is invalid, and IPVS is tracked", "dr", [INVALID], [TRACKED], "hangs", "fault ipvs_invalid"],
    ["what is invalid, a middle too", "dr", [INVALID], [STRICT], "hangs", "fault ipvs_invalid"],
    ["what is new without SYN", "dr", [NOT_SYN], [], "hangs", "fault ipvs_invalid"],
    ["what is new without SYN, and IPVS is tracked", "dr", [NOT_SYN], [TRACKED], "well", null],
    ["what is new without SYN", "nat", [NOT_SYN], [], "hangs", "fault ipvs_invalid"],
    ["what is invalid, and IPVS is tracked", "nat", [INVALID, NOT_SYN], [TRACKED], "well", null],
    ["what is for its port", "dr", [`tcp dport ${PORT} drop`], [], "hangs", "fault ipvs_dropped"],
  ] as const)("where the filter drops %s, by %s", async (_, forward, rules, settings, expected, told) => {
    await forwards(forward);
    await nft(...rules);
    if (settings.length > 0) await set(...settings);
    expect(await fares(expected)).toBe(expected);
    const findings = await found(forward);
    expect(findings.map(({ severity, id }) => `${severity} ${id}`)).toEqual(told === null ? [] : [told]);
    for (const { cure } of findings) {
      const [, setting] = /^sysctl -w (\S+),/.exec(cure) ?? [];
      if (setting !== undefined) await set(setting);
      else await director().run(["nft", "-f", "-"], `${cure.replace(/^nft /, "")}\n`);
    }
    if (told !== null) expect(await fares("well")).toBe("well");
  });
});
