/** `haagent status --json` key by key, what `reload` and `stop` answer, and with which code the client commands leave. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { HAAGENT } from "../lab/haagent.ts";
import { run, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Site } from "./site.ts";

const text = (priority: number, more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ["10.77.1.50/24"]
track_interfaces = [{ name = "eth2", weight = 5 }]
${more}
`;

let site: Site;
let master: Agent;
let backup: Agent;

beforeAll(async () => {
  site = await Site.create(2, 2);
  master = await Agent.create(site.box(0).namespace, text(150));
  backup = await Agent.create(
    site.box(1).namespace,
    text(100, 'advert_interval = "200ms"').replace('advert_interval = "100ms"\n', ""),
  );
  for (const one of [master, backup]) site.atClose(() => one.close());
  await master.start();
  await master.is("lan", "master");
  await backup.start();
  await until("the master is heard", 5000, async () => (await backup.router("lan")).master !== null);
});
afterAll(() => site.close());

const json = async (agent: Agent, ...argv: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await agent.command("status", ...argv, "--json")).stdout);
/** The keys of an object and of the objects in it, as `a.b`; of arrays those of the first element. */
function keys(value: unknown, prefix = ""): string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : keys(value[0], `${prefix}[]`);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = prefix === "" ? key : `${prefix}.${key}`;
    return [path, ...keys(inner, path)];
  });
}
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

describe("status --json", () => {
  test("has every key of its schema", async () => {
    const rejected = ["ttl", "checksum", "version", "type", "vrid", "length", "auth", "source", "self"];
    const wanted = [
      ..."schema node pid version health config config.file config.loaded_at config.last_error vrrp".split(
        " ",
      ),
      ..."name interface family vrid version state since reason priority effective_priority interval_ms master"
        .split(" ")
        .map((key) => `vrrp[].${key}`),
      ..."address priority last_heard_ms".split(" ").map((key) => `vrrp[].master.${key}`),
      ..."address priority last_heard_ms mismatch".split(" ").map((key) => `vrrp[].peers[].${key}`),
      ..."address interface held found".split(" ").map((key) => `vrrp[].addresses[].${key}`),
      ..."name up weight".split(" ").map((key) => `vrrp[].tracks[].${key}`),
      ..."adverts_sent adverts_received became_master rejected"
        .split(" ")
        .map((key) => `vrrp[].counters.${key}`),
      ...rejected.map((key) => `vrrp[].counters.rejected.${key}`),
      ..."heartbeat heartbeat.nodes heartbeat.links heartbeat.resources services".split(" "),
    ];
    const found = keys(await json(backup));
    expect(wanted.filter((key) => !found.includes(key))).toEqual([]);
    // A number each, and nothing that the contract does not count.
    const { vrrp } = await backup.status();
    expect(Object.keys(vrrp[0]?.counters.rejected ?? {}).sort()).toEqual([...rejected].sort());
  });

  test("says what is so, on the master", async () => {
    const { vrrp, ...agent } = await json(master);
    const version = (await run([HAAGENT, "version"])).split(" ")[1];
    expect(agent).toMatchObject({
      schema: 1,
      node: "ha1",
      pid: master.pid,
      version,
      health: "ok",
      config: { file: master.path, loaded_at: expect.stringMatching(TIME), last_error: null },
    });
    expect(vrrp).toMatchObject([
      {
        name: "lan",
        interface: "eth1",
        family: 4,
        vrid: 51,
        version: 3,
        state: "master",
        since: expect.stringMatching(TIME),
        reason: "no master heard",
        priority: 150,
        effective_priority: 155,
        interval_ms: 100,
        master: { address: "10.77.1.1", priority: 155 },
        addresses: [{ address: "10.77.1.50/24", interface: "eth1", held: true, found: false }],
        tracks: [{ name: "eth2", up: true, weight: 5 }],
        counters: { became_master: 1, adverts_received: 0 },
      },
    ]);
  });

  test("says what is so, on the backup, whose interval differs", async () => {
    const { health, vrrp } = await backup.status();
    expect(health).toBe("ok");
    expect(vrrp[0]).toMatchObject({
      state: "backup",
      reason: "started",
      priority: 100,
      effective_priority: 105,
      interval_ms: 200,
      master: { address: "10.77.1.1", priority: 155 },
      peers: [{ address: "10.77.1.1", priority: 155, mismatch: ["interval"] }],
      addresses: [{ held: false, found: false }],
      counters: { adverts_sent: 0, became_master: 0 },
    });
    expect(vrrp[0]?.master?.last_heard_ms).toBeLessThan(300);
    const said = backup.events("vrrp.mismatch");
    expect(said.map(({ fields }) => fields)).toEqual([
      { name: "lan", what: "interval", source: "10.77.1.1" },
    ]);
  });

  test("of a name is of that router alone, and of no other", async () => {
    expect((await json(master, "lan"))["vrrp"]).toHaveLength(1);
    const { code, stderr } = await master.command("status", "wan", "--json");
    expect(code).toBe(1);
    expect(stderr).toBe("no virtual router is called wan\n");
  });
});

describe("the client commands", () => {
  test("leave with 0 where all is well, a healthy backup too", async () => {
    expect((await master.command("status")).code).toBe(0);
    expect((await backup.command("status")).code).toBe(0);
  });

  test("leave with 3 in a fault, and status still prints", async () => {
    await site.cable(site.box(1), 1, false);
    await backup.is("lan", "fault");
    const { code, stdout } = await backup.command("status");
    expect(code).toBe(3);
    expect(stdout).toContain("FAULT");
    expect(stdout).toContain("interface eth1 has no carrier");
    await site.cable(site.box(1), 1, true);
    await backup.is("lan", "backup");
  });

  test("leave with 4 where no agent runs", async () => {
    await using none = await Agent.create(site.box(0).namespace, text(100));
    for (const command of ["status", "reload", "stop"]) {
      const { code, stdout, stderr } = await none.command(command);
      expect({ command, code, stdout }).toEqual({ command, code: 4, stdout: "" });
      expect(stderr).toContain("no agent");
    }
  });

  test("answer a refused reload with every finding and 1, and the status keeps the first", async () => {
    const before = await master.status();
    await master.write(`${text(150)}\npriorty = 3\nvrid = 999\n`);
    const { code, stdout, stderr } = await master.command("reload");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const findings = stderr.split("\n").filter((line) => line.includes(": error: "));
    expect(findings.length).toBeGreaterThanOrEqual(1);
    for (const line of findings) expect(line).toMatch(new RegExp(`^${master.path}:\\d+:\\d+: error: `));
    const after = await master.status();
    expect(after.config.last_error).toBe(findings[0] ?? "");
    expect(after.vrrp[0]?.counters.became_master).toBe(before.vrrp[0]?.counters.became_master ?? -1);
    expect(master.events("config.rejected").at(-1)?.level).toBe("error");
    // It counts as running on the old one, not as ill; a good file clears it.
    await master.reload(text(150));
    expect((await master.status()).config.last_error).toBeNull();
  });

  test("answer a SIGHUP in the log", async () => {
    await master.write(text(160));
    const loaded = master.events("config.loaded").length;
    master.signal("SIGHUP");
    await until("it is loaded", 3000, () => master.events("config.loaded").length > loaded);
    expect((await master.router("lan")).priority).toBe(160);
    await master.write("[agent");
    master.signal("SIGHUP");
    await until("it is refused", 3000, () =>
      /error/.test(master.events("config.rejected").at(-1)?.line ?? ""),
    );
    await sleep(200);
    expect((await master.router("lan")).priority).toBe(160);
    await master.reload(text(150));
  });

  test("refuse what the process took up once, by name", async () => {
    await master.write({ agent: 'control_group = "adm"', text: text(150) });
    const { code, stderr } = await master.command("reload");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /haagent\.toml:\d+:17: error: agent\.control_group cannot change while the agent runs; cure: restart it/,
    );
    await master.reload(text(150));
  });
});
