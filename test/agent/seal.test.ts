/** `auth = { type = "ah" }`: adverts behind an authentication header, and the count that keeps old ones out. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master, recordOf } from "./scenes.ts";
import type { Forged } from "./sight.ts";
import { adverts, forge, hear } from "./sight.ts";
import type { Table } from "./text.ts";
import { router } from "./text.ts";

const sealed = (values: Table = {}): string =>
  router({ version: 2, auth: { type: "ah", key: "secret" }, ...values });
const sequences = (box: Box, since = 0): (number | null)[] =>
  adverts(box, since).map(({ sequence }) => sequence);
const rejected = (box: Box): Record<string, number> =>
  Object.fromEntries(Object.entries(box.router().counters.rejected).filter(([, count]) => count > 0));
const better: Forged = { source: "192.0.2.99", version: 2, priority: 200, key: "secret", sequence: 100 };

describe("a master with an authentication header", () => {
  test("counts its adverts from 1, the assertions and the last one too", () => {
    const { lab, box } = master(sealed());
    expect(sequences(box)).toEqual([1, 2]);
    const { advertisement } = adverts(box)[0] ?? {};
    expect(advertisement).toMatchObject({ version: 2, auth: { type: 2, data: new Uint8Array(8) } });
    hear(box, { ...better, priority: 50, sequence: 1000 });
    expect(sequences(box)).toEqual([1, 2, 1001]);
    lab.run(1000);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(sequences(box)).toEqual([1, 2, 1001, 1002, 1003]);
  });

  test("gives all its unicast peers the same number", () => {
    const { box } = master(sealed({ unicast_peers: ["192.0.2.98", "192.0.2.99"] }));
    expect(sequences(box).slice(0, 4)).toEqual([1, 1, 2, 2]);
  });
});

describe("a router with an authentication header", () => {
  test("yields to a better one that knows the key", () => {
    const { box } = master(sealed());
    hear(box, better);
    expect(box.state()).toBe("backup");
    expect(rejected(box)).toEqual({});
  });

  const plain: Forged = { source: "192.0.2.99", version: 2, priority: 200 };
  test.each<[string, Forged]>([
    ["another key", { ...better, key: "secreT" }],
    ["no header", plain],
    ["a password instead", { ...plain, key: "secret" }],
  ])("counts %s as auth, and says that neither will yield", (_, forged) => {
    const { box } = master(sealed());
    hear(box, forged);
    expect(box.state()).toBe("master");
    expect(rejected(box)).toEqual({ auth: 1 });
    expect(box.logs("vrrp.contested").map(({ fields }) => fields["setting"])).toEqual(["auth"]);
  });

  test("drops what was sent before, counts it and says what it is, and sees no second master in it", () => {
    const { lab, box } = master(sealed());
    hear(box, { ...better, priority: 50, sequence: 500 });
    for (const sequence of [500, 499, 1]) hear(box, { ...better, sequence });
    lab.run(3000);
    expect(box.state()).toBe("master");
    expect(rejected(box)).toEqual({ auth: 3 });
    expect(box.logs("vrrp.rejected").map(({ fields }) => fields["text"])).toEqual([
      "its sequence number was there before",
    ]);
    expect(box.logs("vrrp.contested")).toEqual([]);
  });

  test("takes no number from an advert that it does not believe", () => {
    const { box } = master(sealed());
    hear(box, { ...better, key: "wrong", sequence: 0xffff_fff0 });
    hear(box, better);
    expect(box.state()).toBe("backup");
  });

  test("looks at the hop limit first, and at damage", () => {
    const { box } = master(sealed());
    hear(box, { ...better, hopLimit: 254 });
    const bytes = forge(better);
    bytes[20 + 24 + 2] = 255;
    box.frame("eth1", 4, bytes);
    expect(rejected(box)).toEqual({ ttl: 1, checksum: 1 });
  });

  test("counts a header that is cut as length, and passes over one about something else", () => {
    const { box } = master(sealed());
    const short = forge(better).slice(0, 40);
    short.set([0, 40], 2);
    short.set([0, 0], 10);
    let sum = 0;
    for (let at = 0; at < 20; at += 2) sum += ((short[at] ?? 0) << 8) | (short[at + 1] ?? 0);
    const folded = ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
    short.set([folded >> 8, folded & 0xff], 10);
    box.frame("eth1", 4, short);
    const other = forge(better);
    other[20] = 50;
    box.frame("eth1", 4, other);
    expect(rejected(box)).toEqual({ length: 1 });
  });
});

describe("a master that is sent what it does not believe", () => {
  test("writes nothing into its ledger for it", () => {
    const { box } = master(sealed());
    const before = box.actions.length;
    for (let at = 0; at < 20; at++) hear(box, { ...better, key: "wrong", sequence: 1000 + at });
    expect(box.actions.slice(before).filter(({ kind }) => kind === "ledger")).toEqual([]);
    hear(box, { ...better, priority: 50 });
    expect(box.actions.slice(before).filter(({ kind }) => kind === "ledger")).toHaveLength(1);
  });
});

describe("a router without one", () => {
  test.each<[string, Table]>([
    ["nothing", { version: 2 }],
    ["a password", { version: 2, auth: { type: "pass", key: "secret" } }],
  ])("that expects %s counts it as auth and says that neither will yield", (_, values) => {
    const { box } = master(router(values));
    hear(box, better);
    expect(box.state()).toBe("master");
    expect(rejected(box)).toEqual({ auth: 1 });
    expect(box.logs("vrrp.contested").map(({ fields }) => fields["setting"])).toEqual(["auth"]);
  });
});

describe("two agents with authentication headers", () => {
  const pair = (): { lab: Lab; high: Box; low: Box } => {
    const lab = new Lab();
    const high = lab.box(sealed({ priority: 150 }));
    const low = lab.box(sealed());
    return { lab, high, low };
  };

  test("pass mastership on and back; the count goes on from one to the other", () => {
    const { lab, high, low } = pair();
    high.start();
    low.start();
    lab.run(60_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    const last = sequences(high).at(-1) ?? 0;
    high.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(2000);
    expect(low.state()).toBe("master");
    expect(sequences(low)[0]).toBe(last + 2);
    high.start();
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    for (const box of [high, low]) expect(rejected(box)).toEqual({});
  });

  test("keep mastership over a crash: the one that resumes goes on above what it sent", () => {
    const { lab, high, low } = pair();
    high.start();
    low.start();
    // A worse master makes it answer as fast as it ever does.
    lab.run(5000);
    for (let times = 0; times < 100; times++) {
      hear(high, { ...better, priority: 1, sequence: 10_000 + times * 3 });
      lab.run(100);
    }
    const sent = Math.max(...sequences(high).map((sequence) => sequence ?? 0));
    expect(recordOf(high).sequenceBase).toBeNumber();
    high.kill();
    lab.run(100);
    const since = lab.now;
    high.start();
    expect(high.router().reason).toBe("resumed after a restart");
    expect(sequences(high, since)[0]).toBeGreaterThan(sent);
    lab.run(10_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(rejected(low)).toEqual({});
  });

  test("that take over in the same moment, with the same number, find one master", () => {
    const { lab, high, low } = pair();
    high.config = low.config;
    high.start();
    low.start();
    lab.run(20_000);
    expect([high.state(), low.state()]).toEqual(["backup", "master"]);
    expect(high.router().counters.became_master + low.router().counters.became_master).toBe(2);
  });

  test("listen to whoever is master by then when one crashed and is not resumed", () => {
    const { lab, high, low } = pair();
    // With a second member that is in fault the group is not resumed, though each member could be.
    const member = router(
      { vrid: 52, addresses: ["198.51.100.1/24"], interface: "eth2", sync_group: "g" },
      "VI_2",
    );
    high.config = sealed({ priority: 150, sync_group: "g" }) + member;
    high.start();
    lab.run(600_000);
    expect(high.state()).toBe("master");
    low.start();
    lab.run(5000);
    high.kernel.set("eth2", { carrier: false });
    high.kill();
    lab.run(500);
    high.start();
    expect(high.state()).toBe("fault");
    lab.run(5000);
    expect(low.state()).toBe("master");
    high.kernel.set("eth2", { carrier: true });
    lab.run(2000);
    // It hears the other, whose numbers are not below any that it made up.
    expect(rejected(high)).toEqual({});
    expect(high.router().master?.address).toBe("192.0.2.11");
  });

  test("find one master again after they could not hear each other, whoever counted further", () => {
    for (const first of [0, 1]) {
      const { lab, high, low } = pair();
      const boxes = [high, low];
      boxes[first]?.start();
      lab.run(100_000);
      high.cut = true;
      boxes[1 - first]?.start();
      lab.run(20_000);
      expect([high.state(), low.state()]).toEqual(["master", "master"]);
      high.cut = false;
      lab.run(2500);
      expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    }
  });
});
