/** The client commands against a socket whose other end is played by the test: what they ask, print and exit with. */
import { afterAll, describe, expect, test } from "bun:test";
import { BINARY, haagent } from "./binary.ts";
import type { Ran } from "./binary.ts";
import { scratch } from "./scratch.ts";

const { file, place } = scratch();
const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

/** Listens at `name`, records what is asked, answers with `reply` as it is and hangs up. */
function listen(
  name: string,
  reply: string,
): { readonly path: string; readonly asked: string[]; stop(): void } {
  const asked: string[] = [];
  const path = place(name);
  const server = Bun.listen({
    unix: path,
    socket: {
      data(socket, bytes) {
        asked.push(bytes.toString());
        socket.end(reply);
      },
    },
  });
  stops.push(() => server.stop(true));
  return { path, asked, stop: () => server.stop(true) };
}

async function run(...argv: string[]): Promise<Ran> {
  const child = Bun.spawn([BINARY, ...argv], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: {} });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exit: await child.exited, stdout, stderr };
}

const line = (exit: number, body: unknown): string => `${JSON.stringify({ exit, body })}\n`;

const router = {
  name: "VI_1",
  interface: "eth1",
  family: 4,
  vrid: 55,
  version: 3,
  state: "backup",
  since: new Date(Date.now() - 3_600_000).toISOString(),
  reason: "heard 192.0.2.11",
  priority: 150,
  effective_priority: 90,
  interval_ms: 1000,
  sync_group: null,
  contested: null,
  master: { address: "192.0.2.11", priority: 100, last_heard_ms: 412 },
  peers: [{ address: "192.0.2.11", priority: 100, last_heard_ms: 412, mismatch: ["addresses"] }],
  addresses: [
    { address: "192.0.2.1/24", interface: "eth1", held: false, found: false },
    { address: "192.0.2.2/24", interface: "eth1", held: false, found: true },
  ],
  tracks: [
    { name: "eth2", up: true, weight: 0 },
    { name: "nginx", up: false, weight: -60, effect: -60, detail: 'no process "nginx"' },
  ],
  election: {
    wins: false,
    reason: "lower priority",
    order: [
      { address: "192.0.2.11", priority: 100, self: false, last_heard_ms: 412 },
      { address: "192.0.2.12", priority: 90, self: true, last_heard_ms: null },
    ],
  },
  counters: {
    adverts_sent: 5,
    adverts_received: 812,
    became_master: 1,
    rejected: { ttl: 0, checksum: 1, version: 0, type: 0, vrid: 3, length: 0, auth: 0, source: 0, self: 0 },
  },
};
const report = {
  schema: 1,
  node: "ha1",
  pid: 812,
  version: "0.1.0",
  health: "degraded",
  config: { file: "/etc/haagent.toml", loaded_at: router.since, last_error: null },
  vrrp: [router],
  heartbeat: { nodes: [], links: [], resources: [] },
  services: [],
};

describe("a client command", () => {
  test("says that no agent runs when there is no socket, or nobody behind it", async () => {
    for (const path of [place("nothing"), listenAndLeave("left")]) {
      const { exit, stdout, stderr } = await run("status", "--socket", path);
      expect(exit).toBe(4);
      expect(stdout).toBe("");
      expect(stderr).toContain(`no agent is running (${path}`);
    }
  });

  test("finds the socket in the runtime_dir of a configuration, even of a wrong one", () => {
    const valid = '[agent]\nruntime_dir = "/nowhere/at/all"\n';
    for (const text of [valid, `${valid}nonsense = 1\n`]) {
      const { exit, stderr } = haagent(["status", "--config", file("haagent.toml", text)]);
      expect(stderr).toContain("/nowhere/at/all/control.sock");
      expect(exit).toBe(4);
    }
  });

  test("asks for --socket when a configuration cannot be read at all", () => {
    for (const path of [file("broken.toml", "[agent"), place("missing.toml")]) {
      const { exit, stderr } = haagent(["stop", "--config", path]);
      expect(stderr).toContain(path);
      expect(stderr).toContain("--socket");
      expect(exit).toBe(1);
    }
  });

  test("takes an answer that is none for the system's refusal", async () => {
    for (const [name, reply] of [
      ["hangs-up", ""],
      ["half", '{"exit":0'],
      ["other", "HTTP/1.1 400\r\n"],
    ] as const) {
      const { exit, stdout, stderr } = await run("status", "--socket", listen(name, reply).path);
      expect(exit).toBe(5);
      expect(stdout).toBe("");
      expect(stderr).not.toBe("");
    }
  });
});

/** A socket file that an agent left behind: connecting is refused. */
function listenAndLeave(name: string): string {
  const argv = [
    process.execPath,
    "-e",
    `Bun.listen({ unix: ${JSON.stringify(place(name))}, socket: { data() {} } }); process.kill(process.pid, "SIGKILL")`,
  ];
  Bun.spawnSync(argv);
  return place(name);
}

describe("status", () => {
  test("--json passes on what the agent says and leaves with its code", async () => {
    const { path, asked } = listen("json", line(3, report));
    const { exit, stdout, stderr } = await run("status", "VI_1", "--json", "--socket", path);
    expect(asked).toEqual(['{"command":"status","name":"VI_1"}\n']);
    expect(JSON.parse(stdout)).toEqual(report);
    expect(stderr).toBe("");
    expect(exit).toBe(3);
  });

  test("of one router shows everything about it", async () => {
    const { stdout, exit } = await run("status", "--socket", listen("one", line(3, report)).path);
    expect(stdout).toBe(
      [
        "ha1: degraded   haagent 0.1.0, pid 812, /etc/haagent.toml",
        "",
        "VI_1: BACKUP for 1h00m (heard 192.0.2.11)",
        "  on        eth1, VRID 55, VRRPv3, IPv4, an advert every 1s",
        "  priority  90 = 150 -60 (nginx down)",
        "  master    192.0.2.11, priority 100, heard 0.4s ago, differs in addresses",
        "  address   192.0.2.1/24 on eth1: not held",
        "            192.0.2.2/24 on eth1: there, but not ours",
        "  track     eth2: up, required",
        '            nginx: DOWN, weight -60 (no process "nginx")',
        "  adverts   5 sent, 812 received; became master 1x",
        "  election  this node would not win: lower priority",
        "            100  192.0.2.11, heard 0.4s ago",
        "            90  this node",
        "  rejected  1 checksum, 3 vrid",
        "",
      ].join("\n"),
    );
    expect(exit).toBe(3);
  });

  test("of several is a table that fits a serial console, with what is wrong below the router", async () => {
    const calm = { ...router.counters, rejected: { ttl: 0 } };
    const good = { ...router, peers: [], tracks: [], counters: calm, effective_priority: 150 };
    const held = router.addresses.map((each) => ({ ...each, held: true }));
    const contested = { source: "192.0.2.11", setting: "auth", since: router.since };
    const vrrp = [
      router,
      { ...good, name: "VI_2", vrid: 56, state: "master", contested, master: null, addresses: held },
      { ...good, name: "VI_3", vrid: 57, state: "fault", reason: "eth1 has no carrier", master: null },
    ];
    const reply = line(3, { ...report, health: "fault", vrrp });
    const { stdout } = await run("status", "--socket", listen("several", reply).path);
    expect(stdout.split("\n").slice(2)).toEqual([
      "NAME  STATE   FOR    PRIO  INTERFACE  VRID   ADDRESSES  MASTER",
      "VI_1  backup  1h00m  90    eth1       55/v3  0 of 2     192.0.2.11",
      "  ! 192.0.2.11 differs in addresses",
      "  ! nginx is down",
      "  ! rejected 1 checksum, 3 vrid",
      "VI_2  master  1h00m  150   eth1       56/v3  2 of 2     this node",
      "  ! 192.0.2.11 is master too (auth), for 1h00m",
      "VI_3  fault   1h00m  150   eth1       57/v3  0 of 2     -",
      "  ! eth1 has no carrier",
      "",
    ]);
    for (const shown of stdout.split("\n")) expect(shown.length).toBeLessThan(80);
  });

  test("says that the last reload was refused", async () => {
    const config = { ...report.config, last_error: "3 errors" };
    const { path } = listen("refused", line(3, { ...report, config }));
    expect((await run("status", "--socket", path)).stdout).toContain(
      "! the last reload was refused: 3 errors\n",
    );
  });

  test("of a name that the agent does not know is an error", async () => {
    const { path } = listen("unknown", line(1, { error: 'no virtual router "VI_9"' }));
    const { exit, stdout, stderr } = await run("status", "VI_9", "--json", "--socket", path);
    expect(stdout).toBe("");
    expect(stderr).toBe('no virtual router "VI_9"\n');
    expect(exit).toBe(1);
  });
});

describe("reload", () => {
  test("prints what changed", async () => {
    const body = {
      added: ["VI_3"],
      removed: [],
      changed: ["VI_1", "VI_2"],
      findings: ["a.toml:1:1: warning: w"],
    };
    const { path, asked } = listen("reload", line(0, body));
    const { exit, stdout } = await run("reload", "--socket", path);
    expect(asked).toEqual(['{"command":"reload"}\n']);
    expect(stdout).toBe("added: VI_3\nchanged: VI_1, VI_2\na.toml:1:1: warning: w\n");
    expect(exit).toBe(0);
  });

  test("says that nothing changed", async () => {
    const { path } = listen("same", line(0, { added: [], changed: [], findings: [] }));
    expect((await run("reload", "--socket", path)).stdout).toBe("nothing changed\n");
  });

  test("prints why it was refused, on stderr", async () => {
    const { path } = listen(
      "no-reload",
      line(1, { error: "refused", findings: ["a.toml:1:1: error: empty"] }),
    );
    const { exit, stdout, stderr } = await run("reload", "--socket", path);
    expect(stdout).toBe("");
    expect(stderr).toBe("refused\na.toml:1:1: error: empty\n");
    expect(exit).toBe(1);
  });
});

describe("stop", () => {
  test("comes back when the agent is gone", async () => {
    const server = listen("stop", line(0, { stopped: true }));
    const done = run("stop", "--socket", server.path);
    await Bun.sleep(300);
    server.stop();
    const { exit, stdout, stderr } = await done;
    expect(stdout).toBe("");
    expect(server.asked).toEqual(['{"command":"stop"}\n', ...server.asked.slice(1)]);
    expect(stderr).toBe("");
    expect(exit).toBe(0);
  });
});
