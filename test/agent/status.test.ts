/** What `status --json` says. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { hear } from "./sight.ts";
import { agent, check, router, VIP } from "./text.ts";

/** Names of all keys, nested, in order. */
function keys(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [keys(value[0])];
  if (typeof value !== "object" || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, keys(inner)]));
}

const body = (box: Box): unknown => box.ask({ command: "status", name: null }).body;

describe("the status", () => {
  test("has the keys of the contract, and some more", () => {
    const { box } = master(
      router({
        priority: 150,
        track_checks: ["web"],
        routes: ["default via 192.0.2.1"],
        rules: ["from 192.0.2.0/24 table 100"],
      }) + check(),
    );
    hear(box, { source: "192.0.2.99", interval: 2000 });
    const none = null;
    expect(keys(body(box))).toEqual({
      schema: none,
      node: none,
      pid: none,
      version: none,
      health: none,
      config: { file: none, loaded_at: none, last_error: none },
      vrrp: [
        {
          name: none,
          interface: none,
          family: none,
          vrid: none,
          version: none,
          state: none,
          since: none,
          reason: none,
          priority: none,
          effective_priority: none,
          interval_ms: none,
          sync_group: none,
          accept: none,
          accept_failure: none,
          virtual_mac: none,
          operator: none,
          master: { address: none, priority: none, last_heard_ms: none },
          contested: none,
          peers: [{ address: none, priority: none, last_heard_ms: none, version: none, mismatch: [none] }],
          addresses: [{ address: none, interface: none, held: none, found: none }],
          routes: [{ route: none, held: none, found: none }],
          rules: [{ rule: none, held: none, found: none }],
          tracks: [
            {
              ...{
                name: none,
                up: none,
                weight: none,
                effect: none,
                detail: none,
                warning: none,
                failure: none,
              },
              ...{ interval_ms: none, achieved_interval_ms: none },
            },
          ],
          guard: none,
          election: {
            wins: none,
            reason: none,
            order: [{ address: none, priority: none, self: none, last_heard_ms: none }],
          },
          counters: {
            adverts_sent: none,
            adverts_received: none,
            became_master: none,
            rejected: {
              ttl: none,
              checksum: none,
              version: none,
              type: none,
              vrid: none,
              length: none,
              auth: none,
              source: none,
              self: none,
            },
          },
        },
      ],
      heartbeat: { nodes: [], links: [], resources: [] },
      services: [],
      foreign_services: [],
      probing_failure: none,
      maintenance_failure: none,
      realserver: none,
    });
  });

  test("says how often a check is probed, and how often it is to be", () => {
    const { lab, box } = master(router({ track_checks: ["web"] }) + check());
    const track = (): unknown => {
      // Of the contract.
      const { vrrp } = body(box) as unknown as { vrrp: { tracks: Record<string, unknown>[] }[] };
      const { interval_ms, achieved_interval_ms } = vrrp[0]?.tracks[0] ?? {};
      return { interval_ms, achieved_interval_ms };
    };
    expect(track()).toEqual({ interval_ms: 1000, achieved_interval_ms: null });
    for (let at = 0; at < 60; at++) {
      lab.run(1500);
      box.event({ kind: "probe", check: "web", healthy: true, detail: "" });
    }
    expect(track()).toEqual({ interval_ms: 1000, achieved_interval_ms: 1500 });
  });

  test("of a master names itself as the master", () => {
    const { lab, box } = master(agent({ node: "r1" }) + router({ priority: 150 }));
    lab.run(1000);
    expect(body(box)).toMatchObject({
      schema: 1,
      node: "r1",
      pid: 4711,
      version: "test",
      health: "ok",
      config: { file: "test.toml", last_error: null },
    });
    expect(box.router()).toMatchObject({
      name: "VI_1",
      interface: "eth1",
      family: 4,
      vrid: 51,
      version: 3,
      state: "master",
      reason: "no master heard",
      priority: 150,
      effective_priority: 150,
      interval_ms: 1000,
      master: { address: "192.0.2.10", priority: 150 },
      addresses: [{ address: `${VIP}/24`, interface: "eth1", held: true, found: false }],
    });
    expect(box.router().counters).toMatchObject({ adverts_sent: 3, adverts_received: 0, became_master: 1 });
  });

  test("of a backup names the master that it hears, and when it did", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    hear(box, { source: "192.0.2.99", priority: 200 });
    lab.run(700);
    expect(box.router()).toMatchObject({
      state: "backup",
      master: { address: "192.0.2.99", priority: 200, last_heard_ms: 700 },
      addresses: [{ held: false, found: false }],
    });
  });

  test("of a backup that hears nobody, or one that has left, names no master", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    expect(box.router().master).toBeNull();
    hear(box, { source: "192.0.2.99", priority: 0 });
    expect(box.router().master).toBeNull();
  });

  test("tells times of day by the clock as it stands now", () => {
    const { box } = master();
    const report = box.status();
    // Loaded five seconds before now, master since 1390.6 ms.
    expect(report.config.loaded_at).toBe("2023-11-14T22:13:15.000Z");
    expect(report.vrrp[0]?.since).toBe("2023-11-14T22:13:18.609Z");
  });

  test("of one router has only that one", () => {
    const { box } = master(router() + router({ vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2"));
    const { exit, body: report } = box.ask({ command: "status", name: "VI_2" });
    expect(exit).toBe(0);
    expect(report).toMatchObject({ vrrp: [{ name: "VI_2" }] });
    expect((report as { vrrp: unknown[] }).vrrp).toHaveLength(1);
  });

  test("of a name that nobody has is an error of the input", () => {
    const { box } = master();
    expect(box.ask({ command: "status", name: "VI_9" })).toEqual({
      exit: 1,
      body: { error: "no virtual router is called VI_9" },
    });
  });
});

describe("the health", () => {
  test("of masters and backups is ok, exit code 0", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    expect(box.ask({ command: "status", name: null })).toMatchObject({ exit: 0, body: { health: "ok" } });
    lab.run(5000);
    expect(box.ask({ command: "status", name: null })).toMatchObject({ exit: 0, body: { health: "ok" } });
  });

  test("with a fault is fault, exit code 3", () => {
    const { lab, box } = master();
    box.kernel.set("eth1", { carrier: false });
    lab.run(10);
    expect(box.ask({ command: "status", name: null })).toMatchObject({ exit: 3, body: { health: "fault" } });
    expect(box.router().master).toBeNull();
  });

  test("with another master that does not yield is degraded, exit code 3, and says what differs", () => {
    const { box } = master();
    hear(box, { source: "192.0.2.99", version: 2, key: "other" });
    expect(box.ask({ command: "status", name: null })).toMatchObject({
      exit: 3,
      body: { health: "degraded", vrrp: [{ contested: { source: "192.0.2.99", setting: "auth" } }] },
    });
  });
});
