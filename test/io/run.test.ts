/** The agent's process as a whole: what it needs, what it refuses, and how it leaves. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  constants,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Action } from "../../src/agent/boundary.ts";
import { ms } from "../../src/base/units.ts";
import { ask } from "../../src/io/ask.ts";
import { controlPath } from "../../src/io/control.ts";
import { readLedger } from "../../src/io/ledger.ts";
import { Namespace } from "../lab/namespace.ts";
import { run, sleep, until } from "../lab/process.ts";
import { Edge, ip, PATIENCE, taking, temporaryDirectory } from "./edge.ts";

let space: Namespace;
let directory: ReturnType<typeof temporaryDirectory>;
let names = 0;
/** A runtime_dir that does not exist yet. */
const fresh = (): string => join(directory.path, `run${names++}`);

beforeAll(async () => {
  space = await Namespace.create();
  directory = temporaryDirectory();
  await space.ip(
    "link set lo up",
    "link add eth1 type veth peer name far",
    "link set eth1 up",
    "link set far up",
  );
});

afterAll(async () => {
  await space.close();
  directory[Symbol.dispose]();
});

const exit = (code: number): Action => ({ kind: "exit", code });

const addresses = (): Promise<string> => space.run(["ip", "-4", "-o", "addr", "show", "dev", "eth1"]);

describe("the agent's process", () => {
  test("starts with the world as it is and leaves with the code it is told", async () => {
    const path = fresh();
    const config = join(directory.path, "config.toml");
    writeFileSync(config, "# nothing\n", { mode: 0o640 });
    await using edge = await Edge.start(space, path, { config });
    const start = await edge.event("start");
    expect(start).toMatchObject({ pid: edge.pid, version: "test", ledger: [] });
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    expect(start.bootId).toBe(`${boot} ${(await space.run(["readlink", "/proc/self/ns/net"])).trim()}`);
    expect(start.source).toMatchObject({ path: config, text: "# nothing\n", failure: null, mode: 0o640 });
    expect(statSync(path).mode & 0o777).toBe(0o750);
    expect(readFileSync(join(path, "lock"), "utf8")).toBe(`${edge.pid}\n`);
    expect(statSync(join(path, "lock")).mode & 0o777).toBe(0o600);
    edge.order([exit(3)]);
    expect(await edge.exited).toBe(3);
    expect(existsSync(controlPath(path))).toBe(false);
  });

  test("turns signals into events", async () => {
    await using edge = await Edge.start(space, fresh());
    edge.signal("SIGTERM");
    expect((await edge.event("signal")).signal).toBe("SIGTERM");
  });

  test("reads its file again when asked", async () => {
    const config = join(directory.path, "changing.toml");
    writeFileSync(config, "one");
    await using edge = await Edge.start(space, fresh(), { config });
    writeFileSync(config, "two");
    edge.order([{ kind: "read-config", connection: 7 }]);
    const event = await edge.event("config");
    expect(event.connection).toBe(7);
    expect(event.source.text).toBe("two");
  });

  test("hands requests in and replies out", async () => {
    const path = fresh();
    await using edge = await Edge.start(space, path);
    const reply = ask(controlPath(path), { command: "status", name: "VI_1" });
    const { connection, request, wallClock } = await edge.event("request");
    expect(request).toEqual({ command: "status", name: "VI_1" });
    expect(Math.abs(wallClock - Date.now())).toBeLessThan(PATIENCE);
    edge.order([{ kind: "reply", connection, reply: { exit: 0, body: { fine: true } } }]);
    expect(await reply).toEqual({ ok: true, value: { exit: 0, body: { fine: true } } });
  });

  test("is alone in its runtime_dir: a second one names the pid and leaves with 5", async () => {
    const path = fresh();
    await using first = await Edge.start(space, path);
    await using second = new Edge(path, (argv) => space.enter(argv));
    expect(await second.exited).toBe(5);
    expect(await second.errors).toContain(`another agent has ${path}: pid ${first.pid}`);
    // And has not harmed the first.
    const reply = ask(controlPath(path), { command: "stop" });
    const { connection } = await first.event("request");
    first.order([{ kind: "reply", connection, reply: { exit: 0, body: "still here" } }]);
    expect(await reply).toMatchObject({ ok: true, value: { body: "still here" } });
  });

  test.each([
    ["net_raw", "CAP_NET_RAW"],
    ["net_admin", "CAP_NET_ADMIN"],
  ])("without %s leaves with 5 and says the cure", async (drop, missing) => {
    const without = (argv: readonly string[]): string[] =>
      space.enter(["setpriv", `--bounding-set=-${drop}`, `--inh-caps=-${drop}`, "--", ...argv]);
    await using edge = new Edge(fresh(), without);
    expect(await edge.exited).toBe(5);
    const said = await edge.errors;
    expect(said).toContain(`no ${missing}: run as root`);
    expect(said).toContain("setcap cap_net_admin,cap_net_raw+ep ");
    expect(said).toContain("AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW ");
  });

  test("runs as an ordinary user with these two capabilities, which its scripts do not get", async () => {
    const own = join(directory.path, "nobody");
    await run(["install", "-d", "-o", "nobody", "-m", "755", own]);
    await run(["chmod", "711", directory.path]);
    const caps = "+net_raw,+net_admin";
    const as = (argv: readonly string[]): string[] =>
      space.enter([
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        `--inh-caps=${caps}`,
        `--ambient-caps=${caps}`,
        "--",
        ...argv,
      ]);
    const program = await Edge.compile(join(own, "edge"));
    await using edge = new Edge(join(own, "run"), as, { program });
    await edge.event("start");
    const script = join(own, "script");
    writeFileSync(script, `#!/bin/sh\ngrep Cap /proc/self/status > ${own}/caps\n`, { mode: 0o755 });
    const since = edge.told.length;
    edge.order([
      ...taking(edge, "10.66.3.1"),
      {
        kind: "probe",
        check: "c",
        probe: { type: "script", command: [script], dynamic: false },
        timeout: ms(5000),
        user: null,
      },
    ]);
    expect((await edge.event("addresses-changed", () => true, since)).results[0]?.errno).toBeNull();
    expect((await edge.event("probe", () => true, since)).healthy).toBe(true);
    expect(readFileSync(join(own, "caps"), "utf8")).toContain("CapEff:\t0000000000000000");
    await space.ip("addr del 10.66.3.1/32 dev eth1");
  });

  test("runs in real time with its memory locked, its scripts as anybody", async () => {
    await using edge = await Edge.start(space, fresh(), { realtime: 37 });
    /** rt_priority and policy, fields 40 and 41 of proc(5) stat, counted from the state behind the name. */
    const scheduling = (stat: string): string[] =>
      stat
        .replace(/^.*\) /s, "")
        .split(" ")
        .slice(37, 39);
    expect(scheduling(readFileSync(`/proc/${edge.pid}/stat`, "utf8"))).toEqual(["37", "2"]);
    expect(readFileSync(`/proc/${edge.pid}/status`, "utf8")).toMatch(/VmLck:\s+[1-9]/);
    const out = join(directory.path, "stat");
    const cp = { type: "script", command: ["cp", "/proc/self/stat", out], dynamic: false } as const;
    edge.order([{ kind: "probe", check: "c", probe: cp, timeout: ms(PATIENCE), user: "root" }]);
    expect((await edge.event("probe")).healthy).toBe(true);
    expect(scheduling(readFileSync(out, "utf8"))).toEqual(["0", "0"]);
  });

  test("runs in real time together with the thread that holds the allocator's lock", async () => {
    await using edge = await Edge.start(space, fresh(), { realtime: 37 });
    // rt_priority and policy, the 38th and 39th behind the name in proc(5) stat.
    await until("the thread is as the main one", PATIENCE, () =>
      readdirSync(`/proc/${edge.pid}/task`)
        .map((thread) => readFileSync(`/proc/${edge.pid}/task/${thread}/stat`, "utf8"))
        .some((stat) => /\(mi-scavenger\)(?: \S+){37} 37 2 /.test(stat)),
    );
  });

  test("that breaks an invariant removes what it added and leaves with 70", async () => {
    const path = fresh();
    await using edge = await Edge.start(space, path);
    await space.ip("addr add 10.66.9.9/32 dev eth1");
    edge.order(taking(edge, "10.66.4.1"));
    await edge.event("addresses-changed");
    expect(await addresses()).toContain("10.66.4.1");
    edge.breakDown();
    expect(await edge.exited).toBe(70);
    expect(await edge.errors).toContain("a planted bug");
    expect(await addresses()).not.toContain("10.66.4.1");
    expect(await addresses()).toContain("10.66.9.9");
    expect(readLedger(path)).toEqual({ ok: true, value: [] });
    await space.ip("addr del 10.66.9.9/32 dev eth1");
  });

  test("finds what a killed one wrote, and says when that cannot be read", async () => {
    const path = fresh();
    const killed = await Edge.start(space, path);
    killed.order(taking(killed, "10.66.5.1"));
    await killed.event("addresses-changed");
    killed.signal("SIGKILL");
    await killed.exited;
    expect(existsSync(controlPath(path))).toBe(true);

    const successor = await Edge.start(space, path);
    const { ledger } = await successor.event("start");
    expect(ledger).toMatchObject([{ router: "A", added: [{ address: "10.66.5.1", confirmed: true }] }]);
    successor.signal("SIGKILL");
    await successor.exited;

    writeFileSync(join(path, "ledger"), "rubbish");
    await using third = await Edge.start(space, path);
    expect((await third.event("start")).ledger).toEqual([]);
    third.order([exit(0)]);
    await third.exited;
    expect(await third.errors).toContain('agent.warning what=ledger detail="too short; treated as empty"');
    await space.ip("addr del 10.66.5.1/32 dev eth1");
  });

  test("is held up neither at work nor at its exit by a stderr that nobody reads", async () => {
    const fifo = join(directory.path, "fifo");
    await run(["mkfifo", fifo]);
    const stderr = openSync(fifo, constants.O_RDWR);
    await using edge = await Edge.start(space, fresh(), { stderr });
    const noise = "x".repeat(500);
    edge.order(
      Array.from({ length: 1500 }, (): Action => ({
        kind: "log",
        level: "info",
        event: "noise",
        fields: { noise },
      })),
    );
    await sleep(200);
    const since = edge.told.length;
    const start = performance.now();
    edge.order([{ kind: "resync" }]);
    await edge.event("kernel", () => true, since);
    expect(performance.now() - start).toBeLessThan(1000);
    edge.order([exit(0)]);
    expect(await edge.exited).toBe(0);
    expect(performance.now() - start).toBeLessThan(2000);
    closeSync(stderr);
  });

  test("gives every descriptor back when its sockets come and go", async () => {
    await using edge = await Edge.start(space, fresh());
    const descriptors = async (): Promise<number> =>
      (await run(["ls", `/proc/${edge.pid}/fd`])).trim().split("\n").length;
    const { index } = edge.link("eth1");
    const before = await descriptors();
    const turns = 50;
    for (let turn = 0; turn < turns; turn++) {
      edge.listen(
        { index, family: 4, groups: [ip("224.0.0.18")], tap: false },
        { index, family: 6, groups: [ip("ff02::12")], tap: false },
      );
      edge.listen({ index: 99_999, family: 4, groups: [ip("224.0.0.18")], tap: false });
      edge.listen();
    }
    // What is opened once, soon after the start, may come in between; what leaks does so in every turn.
    await until("no more for each turn", PATIENCE, async () => (await descriptors()) < before + turns / 2);
    edge.order([exit(0)]);
    expect(await edge.exited).toBe(0);
  });
});
