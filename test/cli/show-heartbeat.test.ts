/** Nodes and links of a cluster as status shows them to people. */
import { expect, test } from "bun:test";
import { heartbeatLines } from "../../src/cli/show-heartbeat.ts";

const counters = { bytes_sent: 123_456, bytes_received: 99, errors: 0 };

test("nodes and links are a table, with what was dropped below it but not what is dropped every day", () => {
  expect(
    heartbeatLines({
      dropped: { own: 7, old: 12, duplicate: 900, forged: 3, noise: 12 },
      nodes: [
        { name: "ha1", self: true, state: "active", last_heard_ms: null },
        { name: "ha2", self: false, state: "dead", last_heard_ms: 37_000, left: true },
        { name: "up", type: "ping", self: false, state: "ping", last_heard_ms: 400, failure: null },
        { name: "192.0.2.1", type: "ping", state: "dead", last_heard_ms: null, failure: "ENETUNREACH" },
      ],
      links: [
        {
          name: "eth1",
          type: "broadcast",
          peer: "ha2",
          state: "dead",
          last_heard_ms: 37_000,
          failure: null,
          counters,
        },
        {
          ...{ name: "/dev/ttyS0", type: "serial", peer: "ha2", state: "failed", last_heard_ms: null },
          ...{ failure: "ENOENT", counters: { ...counters, errors: 4 } },
        },
      ],
    }),
  ).toEqual([
    "heartbeat",
    "  node  ha1                    active  this node",
    "  node  ha2                    dead    heard 37s ago, had stopped",
    "  ping  up                     ping    heard 0.4s ago",
    "  ping  192.0.2.1              dead    never heard; ENETUNREACH",
    "  link  eth1 broadcast ha2     dead    heard 37s ago; 123 kB out, 99 B in",
    "  link  /dev/ttyS0 serial ha2  failed  never heard; 123 kB out, 99 B in; 4 not sent; ENOENT",
    "  dropped  3 forged, 12 noise",
  ]);
});

test("groups are where they run, or nowhere", () => {
  const nodes = [{ name: "ha1", self: true, state: "active", last_heard_ms: null }];
  const resources = [
    { group: "IPaddr::192.0.2.9", owner: "ha1", state: "started", prefers: "ha1" },
    { group: "mysqld", owner: "ha1", state: "stuck", prefers: "ha2", detail: "mysqld does not stop" },
    { group: "r0", owner: null, state: "barred", prefers: "ha2" },
    { group: "r1", owner: null, state: "unknown", prefers: "ha2" },
  ];
  expect(heartbeatLines({ nodes, links: [], resources })).toEqual([
    "heartbeat",
    "  node   ha1                active   this node",
    "  group  IPaddr::192.0.2.9  started  on ha1",
    "  group  mysqld             stuck    on ha1; prefers ha2; mysqld does not stop",
    "  group  r0                 barred   on NO NODE; prefers ha2",
    "  group  r1                 unknown  where is not known; prefers ha2",
  ]);
});

test("a fence says what it waits for", () => {
  const nodes = [{ name: "ha1", self: true, state: "active", last_heard_ms: null }];
  const said = (state: string, failed: number, next: number | null): string | undefined =>
    heartbeatLines({ nodes, links: [], fence: { node: "ha2", state, failed, next_in_ms: next } }).at(-1);
  expect(said("running", 0, null)).toEndWith("running  nothing is taken over yet");
  expect(said("blocked", 3, 4000)).toEndWith(
    "blocked  3 of its runs failed; cure: make sure that it is off, then haagent fence confirm ha2",
  );
  expect(said("blind", 0, 83_000)).toEndWith(
    "waits to fence ha2: no ping node answers, until one does, ha2 is heard, or 1m23s have passed",
  );
  expect(said("blind", 0, null)).toEndWith(
    "no ping node answers, until one does or ha2 is heard; cure: make sure that it is off, then haagent fence confirm ha2",
  );
});

test("no cluster is no line", () => {
  expect(heartbeatLines({ nodes: [], links: [] })).toEqual([]);
});
