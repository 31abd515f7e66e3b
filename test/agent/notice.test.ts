/** A master that goes says so by the cluster's links, and the backup that follows it takes over at once. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Cables, clustered, together } from "./cables.ts";
import { Lab } from "./harness.ts";
import { addressOps } from "./scenes.ts";
import { adverts, hear } from "./sight.ts";
import { MOMENT, pair, unplug } from "./notice-scene.ts";
import { router, VIP } from "./text.ts";

/** What a box did until now, in the order in which it did it. */
const sequence = (box: Box, from: number): string[] =>
  box.actions.slice(from).flatMap((action) => {
    if (action.kind === "addresses") return addressOps([action]);
    if (action.kind === "heartbeat" && action.what === "send") {
      return /released/.test(new TextDecoder("latin1").decode(action.bytes)) ? ["released"] : [];
    }
    return action.kind === "exit" ? ["exit"] : [];
  });

describe("a master that goes", () => {
  test("removes its addresses first, then says so, and its backup takes over at once", () => {
    const { lab, high, low } = pair();
    const before = high.actions.length;
    high.cut = true;
    unplug(high);
    lab.run(MOMENT);
    expect(sequence(high, before)).toEqual([`delete ${VIP}/24`, "released"]);
    expect([high.state(), low.state()]).toEqual(["fault", "master"]);
    expect(low.router().reason).toBe("192.0.2.10 released it");
    expect(low.logs("vrrp.released").map(({ fields }) => fields)).toEqual([
      { name: "VI_1", source: "192.0.2.10", node: "a" },
    ]);
  });

  test("says so when it stops, is put in standby, or a check fails", () => {
    const { lab, high, low } = pair();
    expect(high.ask({ command: "standby", name: null }).exit).toBe(0);
    lab.run(MOMENT);
    expect([high.state(), low.state()]).toEqual(["standby", "master"]);
    high.ask({ command: "takeover", name: null, force: false });
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    const before = high.actions.length;
    high.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(MOMENT);
    expect(sequence(high, before)).toEqual([`delete ${VIP}/24`, "released", "exit"]);
    expect(low.state()).toBe("master");
  });

  test("comes back as backup, and listens for a whole master-down interval", () => {
    const { lab, high, low } = pair();
    high.cut = true;
    unplug(high);
    lab.run(500);
    low.cut = true;
    high.kernel.putLink({ ...high.kernel.link("eth1"), carrier: true });
    lab.run(3000);
    expect(high.state()).toBe("backup");
    lab.run(1000);
    expect(high.state()).toBe("master");
  });

  test("says nothing where the kernel did not let an address go", () => {
    const { lab, high, low } = pair();
    const before = high.actions.length;
    high.cut = true;
    high.kernel.refuse = (change) => (change.op === "delete" ? "EPERM" : null);
    unplug(high);
    lab.run(MOMENT);
    expect(sequence(high, before)).toEqual([`delete ${VIP}/24`]);
    expect(low.state()).toBe("backup");
  });

  test("says so where somebody took the address away in that moment", () => {
    const { lab, high, low } = pair();
    high.cut = true;
    high.kernel.refuse = (change) => (change.op === "delete" ? "EADDRNOTAVAIL" : null);
    unplug(high);
    lab.run(MOMENT);
    expect(low.state()).toBe("master");
  });

  test("says nothing when it lost to a better one", () => {
    const { lab, high, low } = pair();
    hear(high, { source: "192.0.2.99", priority: 200 });
    lab.run(MOMENT);
    expect(high.state()).toBe("backup");
    expect(sequence(high, 0)).not.toContain("released");
    expect(low.state()).toBe("backup");
  });

  test("has its before_release end before it says so", () => {
    const { lab, high, low } = pair({ hooks: { before_release: ["/bin/down"] } });
    high.cut = true;
    unplug(high);
    lab.run(500);
    expect([high.state(), low.state()]).toEqual(["fault", "backup"]);
    const hook = high.actions.findLast((action) => action.kind === "hook");
    if (hook?.kind !== "hook") throw new Error("no hook");
    high.event({ kind: "hook-ended", router: "VI_1", id: hook.id, failure: null, output: "" });
    lab.run(MOMENT);
    expect(low.state()).toBe("master");
  });

  test.each(["4", "6"])("with a virtual MAC address, and in IPv%s", (family) => {
    const addresses = family === "4" ? [`${VIP}/24`] : ["fe80::1/64", "2001:db8::1/64"];
    const { lab, high, low } = pair({ virtual_mac: true, addresses });
    high.cut = true;
    unplug(high);
    lab.run(MOMENT);
    expect(low.state()).toBe("master");
  });

  test("takes its sync group along, and so does who follows it", () => {
    const gateway = (priority: number): string =>
      router({ priority, sync_group: "gw" }, "lan") +
      router(
        { priority, sync_group: "gw", interface: "eth2", vrid: 52, addresses: ["198.51.100.1/24"] },
        "wan",
      );
    const lab = new Lab();
    const { boxes } = together(lab, [gateway(150), gateway(100)]);
    const [high, low] = boxes as [Box, Box];
    high.cut = true;
    unplug(high);
    lab.run(MOMENT);
    expect([low.state("lan"), low.state("wan")]).toEqual(["master", "master"]);
    expect([high.state("lan"), high.state("wan")]).toEqual(["fault", "fault"]);
  });
});

describe("a backup that is told that its master released", () => {
  test("takes over from a lower one though it does not preempt", () => {
    const { lab, high, low } = pair({ preempt: false });
    low.ask({ command: "takeover", name: null, force: false });
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["backup", "master"]);
    low.cut = true;
    unplug(low);
    lab.run(MOMENT);
    expect(high.state()).toBe("master");
  });

  test("waits for the skew when a third node lives, and not when that is dead", () => {
    for (const dead of [false, true]) {
      const lab = new Lab();
      const { boxes } = together(
        lab,
        [150, 100, 90].map((priority) => router({ priority })),
      );
      const [high, low, third] = boxes as [Box, Box, Box];
      if (dead) third.kill();
      lab.run(10_000);
      high.cut = true;
      unplug(high);
      lab.run(MOMENT);
      expect(low.state()).toBe(dead ? "master" : "backup");
      lab.run(610);
      expect(low.state()).toBe("master");
      expect(third.number).toBe(2);
    }
  });

  test.each([
    [1000, "does not wait for one that released just before, and listens"],
    [8000, "waits for the skew when that one may take over again"],
  ])("of three, %i ms after the first release, %s", (later) => {
    const lab = new Lab();
    const { boxes } = together(
      lab,
      [150, 120, 90].map((priority) => router({ priority, preempt: false })),
    );
    const [high, low, third] = boxes as [Box, Box, Box];
    lab.run(10_000);
    // By the cluster alone: no advert says so.
    high.cut = true;
    unplug(high);
    lab.run(700);
    expect(low.state()).toBe("master");
    high.kernel.putLink({ ...high.kernel.link("eth1"), carrier: true });
    high.cut = false;
    lab.run(later);
    expect([high.state(), third.state()]).toEqual(["backup", "backup"]);
    low.cut = true;
    unplug(low);
    lab.run(MOMENT);
    expect(third.state()).toBe(later < 3000 ? "master" : "backup");
    lab.run(1000);
    expect([high, third].map((box) => box.state()).sort()).toEqual(["backup", "master"]);
  });

  test("waits for the skew when a stranger was heard who may be there", () => {
    const { lab, high, low } = pair();
    hear(low, { source: "192.0.2.77", priority: 100 });
    lab.run(2000);
    high.cut = true;
    unplug(high);
    lab.run(MOMENT);
    expect(low.state()).toBe("backup");
    lab.run(610);
    expect(low.state()).toBe("master");
  });

  test.each(["without a link", "in standby", "while it stops"])("does not heed it %s", (state) => {
    const VI_2 = { vrid: 52, addresses: ["192.0.2.2/24"], hooks: { before_release: ["/bin/down"] } };
    const lab = new Lab();
    const { boxes } = together(lab, [
      router({ priority: 150 }),
      router({ priority: 100 }) + router(VI_2, "VI_2"),
    ]);
    const [high, low] = boxes as [Box, Box];
    expect([high.state(), low.state(), low.state("VI_2")]).toEqual(["master", "backup", "master"]);
    if (state === "without a link") unplug(low);
    else if (state === "in standby") low.ask({ command: "standby", name: "VI_1" });
    // The before_release of the other router is waited for.
    else low.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(MOMENT);
    const before = low.kernel.added().length;
    high.cut = true;
    unplug(high);
    lab.run(MOMENT);
    expect(high.state()).toBe("fault");
    expect(low.logs("vrrp.released")).toEqual([]);
    lab.run(1000);
    expect(low.logs("vrrp.state").filter(({ fields }) => fields["to"] === "master")).toHaveLength(1);
    expect(low.kernel.added().length).toBe(before);
  });

  test("does not heed it of a master that it does not follow", () => {
    const { lab, high, low } = pair();
    low.cut = true;
    // Somebody else is master now, as far as this one hears.
    hear(low, { source: "192.0.2.99", priority: 200 });
    unplug(high);
    lab.run(MOMENT);
    expect(high.state()).toBe("fault");
    expect(low.state()).toBe("backup");
    expect(low.logs("vrrp.released")).toEqual([]);
  });

  test("believes no word that was said before", () => {
    const { lab, high, low, cables } = pair();
    high.cut = true;
    unplug(high);
    lab.run(MOMENT);
    expect(low.state()).toBe("master");
    const word = cables.said.findLast(
      ({ from, bytes }) => from === high && /released/.test(new TextDecoder("latin1").decode(bytes)),
    );
    high.cut = false;
    high.kernel.putLink({ ...high.kernel.link("eth1"), carrier: true });
    lab.run(8000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    if (word !== undefined) cables.replay(low, word.bytes);
    lab.run(MOMENT);
    expect(low.state()).toBe("backup");
    expect(adverts(low, lab.now - MOMENT)).toEqual([]);
  });
});

test("without another node of the cluster a router goes and comes as before", () => {
  const lab = new Lab();
  const box = lab.box(clustered(0) + router());
  const cables = new Cables([box]);
  box.start();
  lab.run(15_000);
  expect(box.state()).toBe("master");
  box.event({ kind: "signal", signal: "SIGTERM" });
  expect(box.exitCode).toBe(0);
  expect(cables.said.length).toBeGreaterThan(0);
});
