/**
 * The examples of docs/from-keepalived.md, all in one file: keepalived with its own comes to the same table as haagent with ours, with all
 * servers up and with all down. Those of docs/from-ldirectord.md take ldirectord minutes in an emulated guest, and were tried the same way.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "../features/agent.ts";
import { Site } from "../features/site.ts";
import { RivalDirector } from "../lab/directors.ts";
import type { Namespace } from "../lab/namespace.ts";
import type { Child } from "../lab/process.ts";
import { now, run, sleep } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { START_MS } from "./actors.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const POOL = new URL("pool.ts", import.meta.url).pathname;
const HOST = "www.example.org";
const SERVERS = ["192.0.2.11", "192.0.2.12", "192.0.2.13"];
/** 192.0.2.19, as /proc/net/ip_vs has it: never asked for anything, and nobody is there. */
const FALLBACK = "C0000213";
/** Box 0 has all the servers. */
const [THEIRS, OURS] = [1, 2];
const MODULES = ["ip_vs", ...["rr", "wrr", "lc", "wlc", "sh"].map((name) => `ip_vs_${name}`)];
/** What the programs of the examples do: they are good as long as a file is there. */
const PROGRAMS = { load: "exit 12", announce: "exit 0" };
const LOOK_EVERY = 100;

/** What the document shows in one language, one example after the other. */
const shown = (language: "keepalived" | "toml"): readonly string[] =>
  Array.from(
    readFileSync(`${ROOT}docs/from-keepalived.md`, "utf8").matchAll(
      new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"),
    ),
    ([, text = ""]) => text,
  );

const directory = makeScratch();
/** A file of all of them, with the programs and the certificate where they are here. */
const placed = (texts: readonly string[]): string =>
  texts.join("\n").replaceAll(/\/usr\/local\/bin\/|\/etc\/haagent\//g, `${directory}/`);

let site: Site;
let pool: Child | null = null;

/** Certificate, programs and addresses. */
async function prepare(): Promise<void> {
  await run([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-keyout", `${directory}/key`, "-out", `${directory}/ca.pem`, "-days", "30", "-subj", `/CN=${HOST}`],
    ...["-addext", `subjectAltName=DNS:${HOST}`],
  ]);
  chmodSync(directory, 0o755);
  for (const [name, end] of Object.entries(PROGRAMS)) {
    writeFileSync(`${directory}/${name}`, `#!/bin/sh\n[ -e ${directory}/up ] || exit 1\n${end}\n`);
    chmodSync(`${directory}/${name}`, 0o755);
  }
  for (const [at, { namespace }] of site.boxes.entries()) {
    const mine = at === 0 ? SERVERS : [`192.0.2.${100 + at}`];
    await namespace.ip(...mine.map((address) => `addr add ${address}/24 dev eth1`));
  }
}

async function rise(): Promise<void> {
  writeFileSync(`${directory}/up`, "");
  const argv = [process.execPath, "--smol", POOL, `${directory}/ca.pem`, `${directory}/key`, ...SERVERS];
  pool = site.box(0).namespace.spawn(argv);
  await pool.says("ready", START_MS);
}

async function fall(): Promise<void> {
  rmSync(`${directory}/up`, { force: true });
  await pool?.end("SIGKILL");
}

/** A table in short and at no cost, as /proc shows it, without counters. */
const glance = ({ pid }: Namespace): string =>
  readFileSync(`/proc/${pid}/net/ip_vs`, "utf8")
    .split("\n")
    .slice(3)
    .map((line) => line.replace(/^( +-> \S+ +\S+ +\d+) .*/, "$1").trimEnd())
    .toSorted()
    .join("\n");

/** How many servers have a weight, the fallback not among them. */
const serving = (look: string): number =>
  look.match(new RegExp(`^ +-> (?!${FALLBACK}:)\\S+ +\\S+ +[1-9]`, "gm"))?.length ?? 0;

interface Table {
  readonly look: string;
  /** As ipvsadm prints it to be read again, and the thresholds, which are in no line of that. */
  readonly lines: readonly string[];
}

/** The table as it is when a look at it is `wanted`, or after long enough. */
async function settled(namespace: Namespace, wanted: (look: string) => boolean): Promise<Table> {
  for (const end = now() + START_MS; !wanted(glance(namespace)) && now() < end;) await sleep(LOOK_EVERY);
  const saved = await namespace.run(["ipvsadm", "-S", "-n"]);
  const limits = await namespace.run(["ipvsadm", "-L", "-n", "--thresholds"]);
  const servers = limits.split("\n").filter((line) => /^ +-> \d/.test(line));
  const lines = [...saved.split("\n"), ...servers.map((line) => line.trim().replaceAll(/ +/g, " "))];
  return { look: glance(namespace), lines: lines.filter((line) => line !== "").toSorted() };
}

beforeAll(async () => {
  await run(["modprobe", "-a", ...MODULES]);
  site = await Site.create(3);
  await prepare();
  await rise();
}, START_MS);
afterAll(async () => {
  await site.close();
  await fall();
  removeScratch(directory);
});

describe("the examples for who comes from keepalived", () => {
  test("come in pairs", () => {
    expect([shown("keepalived").length, shown("toml").length]).toEqual([4, 4]);
  });

  test(
    "have both come to the same table, with all servers up and with all down",
    async () => {
      const [theirs, ours] = [site.box(THEIRS).namespace, site.box(OURS).namespace];
      const rival = new RivalDirector("keepalived", theirs);
      site.atClose(() => rival.close());
      rival.start(`global_defs {\n script_user root\n}\n${placed(shown("keepalived"))}`);
      const text = placed(shown("toml"));
      const agent = await Agent.create(ours, { agent: 'script_user = "root"', text });
      site.atClose(() => agent.close());
      await agent.start();
      const all = text.match(/"192\.0\.2\.1[1-3](:\d+)?"/g)?.length ?? 0;
      const up = await settled(ours, (look) => serving(look) === all && !look.includes(FALLBACK));
      expect(serving(up.look)).toBe(all);
      expect((await settled(theirs, (look) => look === up.look)).lines).toEqual(up.lines);
      await fall();
      const down = await settled(ours, (look) => serving(look) === 0);
      expect(serving(down.look)).toBe(0);
      expect(down.look).toContain(FALLBACK);
      expect((await settled(theirs, (look) => look === down.look)).lines).toEqual(down.lines);
    },
    5 * START_MS,
  );
});
