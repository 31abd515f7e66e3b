/** What counts as a change of the status, and how it is told in a line. */
import { describe, expect, test } from "bun:test";
import { changes, differs } from "../../src/cli/changes.ts";
import type { RouterReport, ServiceReport, StatusReport } from "../../src/cli/report.ts";

const router: RouterReport = {
  name: "lan",
  interface: "eth1",
  family: 4,
  vrid: 51,
  version: 3,
  state: "backup",
  since: "2026-01-01T00:00:00.000Z",
  reason: "startup_delay: only listens for another 12 s",
  priority: 100,
  effective_priority: 80,
  interval_ms: 1000,
  operator: null,
  contested: null,
  master: { address: "192.0.2.11", priority: 150, last_heard_ms: 3 },
  peers: [],
  addresses: [{ address: "192.0.2.1/24", interface: "eth1", held: false, found: false }],
  tracks: [{ name: "eth2", up: false, weight: -20 }],
  counters: { adverts_sent: 0, adverts_received: 3, became_master: 0, rejected: {} },
};
const report = (change: Partial<RouterReport> = {}, rest: Partial<StatusReport> = {}): StatusReport => ({
  schema: 1,
  node: "ha1",
  pid: 1,
  version: "0",
  health: "ok",
  config: { file: "a.toml", loaded_at: "2026-01-01T00:00:00.000Z", last_error: null },
  vrrp: [{ ...router, ...change }],
  ...rest,
});
const told = (before: StatusReport | null, after: StatusReport): string[] => {
  expect(differs(before, after)).toBe(changes(before, after, "T").length > 0);
  return changes(before, after, "T");
};

describe("a change of the status", () => {
  test("is everything at first", () => {
    expect(told(null, report())).toEqual([
      "T ha1: ok",
      "T lan: BACKUP priority 80, master 192.0.2.11, addresses 0 of 1, eth2 DOWN (startup_delay: only listens for another 12 s)",
    ]);
  });

  test("is what becomes of a service and its servers, not what they count", () => {
    const service: ServiceReport = {
      ...{ name: "web", address: "192.0.2.80:80", quorum: true, state: "up", active: true },
      servers: [
        {
          address: "192.0.2.1:80",
          up: true,
          state: "up",
          weight: 1,
          active: 3,
          inactive: 0,
          last_error: null,
        },
      ],
    };
    const before = report({}, { services: [service] });
    const [first] = service.servers;
    if (first === undefined) throw new Error("no server");
    const busy = { ...service, weight: 1, servers: [{ ...first, active: 99 }] };
    expect(told(before, report({}, { services: [busy] }))).toEqual([]);
    const down = {
      ...service,
      quorum: false,
      state: "down",
      servers: [{ ...first, state: "down", weight: 0 }],
    };
    expect(told(before, report({}, { services: [down] }))).toEqual([
      "T service web: down",
      "T server web 192.0.2.1:80: down, weight 0",
    ]);
    const since = "2026-01-01T00:00:00.000Z";
    const leaver = { address: "192.0.2.2:80", weight: 0, active: 3, inactive: 1, since, until: since };
    const left = { ...service, leaving: [leaver] };
    expect(told(before, report({}, { services: [left] }))).toEqual(["T server web 192.0.2.2:80: leaving"]);
    const idle = { ...service, active: false, failure: "this kernel has no IPVS" };
    expect(told(before, report({}, { services: [idle] }))).toEqual([
      "T service web: up, not active, this kernel has no IPVS",
    ]);
    expect(told(before, report())).toEqual(["T service web: no more", "T server web 192.0.2.1:80: no more"]);
    expect(told(report(), before)).toEqual(["T service web: up", "T server web 192.0.2.1:80: up, weight 1"]);
  });

  test("is not that time passes or adverts come", () => {
    const later = report({
      since: "2026-01-01T00:00:00.001Z",
      reason: "startup_delay: only listens for another 9 s",
      master: { address: "192.0.2.11", priority: 150, last_heard_ms: 900 },
      counters: { ...router.counters, adverts_received: 99 },
    });
    expect(told(report(), later)).toEqual([]);
  });

  test("is another state, master, reason, priority, address, track or contest", () => {
    const contested = { source: "192.0.2.9", setting: "auth", since: router.since };
    const held = router.addresses.map((each) => ({ ...each, held: true }));
    for (const [change, text] of [
      [{ state: "master" }, "lan: MASTER priority 80, master this node,"],
      [{ master: null }, "master none heard"],
      [{ reason: "started" }, "(started)"],
      [{ effective_priority: 100 }, "priority 100,"],
      [{ addresses: held }, "addresses 1 of 1"],
      [{ tracks: [] }, "addresses 0 of 1 ("],
      [{ contested }, "CONTESTED by 192.0.2.9"],
    ] as const) {
      const lines = told(report(), report(change));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(text);
    }
  });

  test("is the node's health, a refused reload, another agent, and a router that is gone", () => {
    expect(told(report(), report({}, { health: "fault" }))).toEqual(["T ha1: fault"]);
    expect(told(report(), report({}, { pid: 2 }))).toEqual(["T ha1: ok"]);
    const config = { ...report().config, last_error: "a.toml:1:1: error" };
    expect(told(report(), report({}, { config }))).toEqual([
      "T ha1: ok, the last reload was refused: a.toml:1:1: error",
    ]);
    expect(told(report(), report({}, { vrrp: [] }))).toEqual(["T lan: no more"]);
  });
});

describe("a change of a cluster", () => {
  const cluster = (link: string, ...nodes: readonly string[]): Partial<StatusReport> => ({
    heartbeat: {
      nodes: nodes.map((state, at) => ({ name: `ha${at + 1}`, state, last_heard_ms: at * 100 })),
      links: [{ name: "eth1", type: "broadcast", peer: "ha2", state: link, last_heard_ms: 0 }],
    },
  });
  test("is told of each node and link that is another, or no more", () => {
    const before = report({}, cluster("up", "active", "active"));
    expect(told(before, report({}, cluster("up", "active", "active")))).toEqual([]);
    expect(told(before, report({}, cluster("dead", "active", "dead")))).toEqual([
      "T node ha2: dead",
      "T link eth1 broadcast ha2: dead",
    ]);
    expect(told(before, report())).toEqual([
      "T node ha1: no more",
      "T node ha2: no more",
      "T link eth1 broadcast ha2: no more",
    ]);
  });
});
