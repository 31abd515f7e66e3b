/** Reload that adds and removes routers, and moves addresses between them. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { addressOps, master, reply } from "./scenes.ts";
import { end, latest, names } from "./scripts.ts";
import { hear, priorities, told } from "./sight.ts";
import { router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

const SECOND = { vrid: 52, addresses: ["192.0.2.2/24"] };

const states = (box: Box): string[] =>
  box.logs("vrrp.state").map(({ fields }) => `${fields["name"]} ${fields["from"]} ${fields["to"]}`);

describe("a router that is no more", () => {
  const both = router() + router(SECOND, "VI_2");

  test("says 0, releases, and is told STOP; the others do not notice", () => {
    const notify = { any: ["/bin/n"] };
    const { lab, box } = master(router({ notify }) + router({ ...SECOND, notify }, "VI_2"));
    const since = lab.now;
    box.reload(router({ notify }));
    lab.run(10);
    expect(priorities(box, since)).toEqual([0]);
    expect(box.kernel.has("192.0.2.2")).toBe(false);
    expect(states(box).at(-1)).toBe("VI_2 master init");
    const last = box.actions.findLast((action) => action.kind === "notify");
    expect(last).toMatchObject({ queue: "VI_2", commands: [["/bin/n", "INSTANCE", "VI_2", "STOP", "100"]] });
    expect(box.status().vrrp).toHaveLength(1);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });

  test("leaves no record once its address is off", () => {
    const { lab, box } = master(both);
    const before = box.actions.length;
    box.reload(router());
    lab.run(10);
    expect([...box.ledger.keys()]).toEqual(["VI_1"]);
    const done = box.actions.slice(before);
    const forgotten = done.findIndex((action) => action.kind === "ledger" && action.record === null);
    expect(forgotten).toBeGreaterThan(done.findIndex((action) => action.kind === "addresses"));
  });

  test("leaves no record either when it held nothing, or only what it found", () => {
    const { lab, box } = master(router() + router({ ...SECOND, priority: 255 }, "VI_2"));
    hear(box, { source: "192.0.2.99", priority: 200 });
    expect(box.state()).toBe("backup");
    box.reload(router({ ...SECOND, priority: 255 }, "VI_2"));
    expect([...box.ledger.keys()]).toEqual(["VI_2"]);
    const owner = master(router());
    owner.box.kernel.add("eth1", "192.0.2.2/24");
    owner.box.reload(router() + router({ ...SECOND, priority: 255 }, "VI_2"));
    owner.lab.run(10);
    owner.box.reload(router());
    owner.lab.run(10);
    expect([...owner.box.ledger.keys()]).toEqual(["VI_1"]);
    expect(lab.now).toBeGreaterThan(0);
  });

  test("does not take the rest of its sync group along", () => {
    const group = { sync_group: "g" };
    const { lab, box } = master(router(group) + router({ ...SECOND, ...group }, "VI_2"));
    expect(box.state()).toBe("master");
    box.reload(router(group));
    lab.run(2000);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
    expect(priorities(box).filter((priority) => priority === 0)).toHaveLength(1);
  });
});

describe("an address that moves between two routers of ours", () => {
  const first = [CIDR, "192.0.2.3/24"];
  const second = ["192.0.2.2/24"];
  const text = (one: string[], two: string[]): string =>
    router({ addresses: one }) + router({ ...SECOND, addresses: two }, "VI_2");

  test("is never taken off, and is told by its new one", () => {
    const { lab, box } = master(text(first, second));
    const before = box.actions.length;
    const since = lab.now;
    box.reload(text([CIDR], [...second, "192.0.2.3/24"]));
    lab.run(100);
    expect(addressOps(box.actions.slice(before)).filter((op) => !op.startsWith("refresh"))).toEqual([]);
    expect(box.router("VI_2").addresses).toMatchObject([{ held: true }, { held: true }]);
    expect(told(box, since).map(({ address }) => address as string)).toContain("192.0.2.3");
    expect(box.ledger.get("VI_2")?.added.map(({ address }) => address as string)).toEqual([
      "192.0.2.2",
      "192.0.2.3",
    ]);
    expect(box.ledger.get("VI_1")?.added.map(({ address }) => address as string)).toEqual([VIP]);
  });

  test("is in the ledger all the time", () => {
    const { lab, box } = master(text(first, second));
    const records = new Map([...box.ledger].map(([name, { added }]) => [name, added]));
    const before = box.actions.length;
    box.reload(text([CIDR], [...second, "192.0.2.3/24"]));
    lab.run(100);
    for (const action of box.actions.slice(before)) {
      if (action.kind !== "ledger") continue;
      records.set(action.router, action.record?.added ?? []);
      const vouched = [...records.values()].flat().map(({ address }) => address as string);
      expect(vouched).toContain("192.0.2.3");
    }
  });

  test("from a router that is no more leaves no record of that one", () => {
    const { lab, box } = master(router({ addresses: first }) + router(SECOND, "VI_2"));
    const before = box.actions.length;
    box.reload(router({ ...SECOND, addresses: [...second, ...first] }, "VI_2"));
    lab.run(100);
    expect(addressOps(box.actions.slice(before)).filter((op) => op.startsWith("delete"))).toEqual([]);
    expect([...box.ledger.keys()]).toEqual(["VI_2"]);
  });

  test("goes when its new router is no master", () => {
    const { lab, box } = master(text(first, second));
    hear(box, { source: "192.0.2.99", priority: 200, vrid: 52 });
    expect(box.state("VI_2")).toBe("backup");
    box.reload(text([CIDR], [...second, "192.0.2.3/24"]));
    lab.run(10);
    expect(box.kernel.has("192.0.2.3")).toBe(false);
  });
});

describe("a router that is new", () => {
  test("starts as backup and leaves the others alone", () => {
    const { lab, box } = master();
    const { body } = reply(lab, box, router() + router(SECOND, "VI_2"));
    expect(body).toMatchObject({ added: ["VI_2"], changed: [], restarted: [], removed: [] });
    expect(box.state("VI_2")).toBe("backup");
    lab.run(5000);
    expect(box.state("VI_2")).toBe("master");
    expect(box.router().counters.became_master).toBe(1);
  });

  test("joins the mastership of its sync group when nobody else is its master", () => {
    const group = { sync_group: "g" };
    const { lab, box } = master(router(group));
    box.reload(router(group) + router({ ...SECOND, ...group }, "VI_2"));
    lab.run(5000);
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "master"]);
    expect(box.router().counters.became_master).toBe(1);
  });

  test("moves its whole sync group when it is made anew", () => {
    const group = { sync_group: "g" };
    const { lab, box } = master(router(group) + router({ ...SECOND, ...group }, "VI_2"));
    lab.run(10);
    const since = lab.now;
    box.reload(router({ ...group, priority: 120 }) + router({ ...SECOND, ...group, vrid: 77 }, "VI_2"));
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["backup", "backup"]);
    expect(priorities(box, since)).toEqual([0, 0]);
    lab.run(5000);
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "master"]);
  });

  test("has before_release of its whole sync group waited for when it is made anew", () => {
    const group = { sync_group: "g", hooks: { before_release: ["/bin/flush"] } };
    const { lab, box } = master(router(group) + router({ ...SECOND, ...group }, "VI_2"));
    lab.run(10);
    const since = lab.now;
    box.reload(router(group) + router({ ...SECOND, ...group, vrid: 77 }, "VI_2"));
    expect(names(box).toSorted()).toEqual(["before_release VI_1", "before_release VI_2"]);
    end(box, latest(box, "VI_2"));
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "master"]);
    expect(priorities(box, since)).toEqual([]);
    end(box, latest(box, "VI_1"));
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["backup", "backup"]);
    expect(priorities(box, since)).toEqual([0, 0]);
    expect(names(box)).toHaveLength(2);
  });

  test("says so when the addresses are too many for lifetimes from now on", () => {
    const { box } = master();
    const many = Array.from({ length: 64 }, (_, at) => `192.0.2.${at + 100}/24`);
    box.reload(router() + router({ vrid: 52, addresses: many }, "VI_2"));
    expect(box.logs("config.warning").map(({ fields }) => String(fields["text"]))).toEqual([
      expect.stringContaining("65 addresses"),
    ]);
  });
});
