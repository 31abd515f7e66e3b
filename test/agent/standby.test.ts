/** What standby does to a router. */
import { describe, expect, test } from "bun:test";
import { pair, standby, takeover } from "./orders.ts";
import { master, reply } from "./scenes.ts";
import { adverts, hear, priorities } from "./sight.ts";
import { check, router, type Table, VIP } from "./text.ts";

const NAME = "VI_1";

describe("a router that is put in standby", () => {
  test("says priority 0, gives its address up and sends nothing more", () => {
    const { lab, box } = master();
    const since = lab.now;
    expect(standby(box)).toEqual({ exit: 0, body: { standby: [NAME] } });
    expect(priorities(box, since)).toEqual([0]);
    expect(box.kernel.has(VIP)).toBe(false);
    lab.run(60_000);
    expect(adverts(box, since)).toHaveLength(1);
    expect(box.router()).toMatchObject({
      state: "standby",
      reason: "standby by the operator",
      operator: "standby",
      master: null,
      addresses: [{ held: false }],
    });
    expect(box.logs("vrrp.state").at(-1)?.fields).toEqual({
      name: NAME,
      from: "master",
      to: "standby",
      reason: "standby by the operator",
    });
  });

  test("is replaced as soon as by a stop, and does not come back by itself", () => {
    const { lab, high, low } = pair();
    standby(high);
    lab.run(700);
    const since = lab.now;
    expect(low.state()).toBe("master");
    lab.run(30_000);
    high.kernel.set("eth1", { carrier: false });
    lab.run(1000);
    high.kernel.set("eth1", { carrier: true });
    lab.run(30_000);
    expect([high.state(), low.state()]).toEqual(["standby", "master"]);
    expect(high.router().master).toMatchObject({ address: "192.0.2.11", priority: 100 });
    low.kill();
    lab.run(30_000);
    expect(high.router()).toMatchObject({ state: "standby", master: null, peers: [{ priority: 100 }] });
    expect(adverts(high, since)).toEqual([]);
  });

  test.each([
    ["a check that it tracks recovers", { track_checks: ["web"] }],
    ["a check recovers though it owns the addresses", { track_checks: ["web"], priority: 255 }],
    ["one that its sync group tracks recovers", { sync_group: "gw" }],
  ])("does not come back by itself when %s", (_, values) => {
    const other = router(
      { sync_group: "gw", track_checks: ["web"], vrid: 52, addresses: ["192.0.2.2/24"] },
      "VI_2",
    );
    const { lab, box } = master(router(values) + other + check());
    standby(box, null);
    lab.run(1);
    const since = lab.now;
    const probes = (times: number, healthy: boolean): void => {
      for (let n = 0; n < times; n++) box.event({ kind: "probe", check: "web", healthy, detail: "exit" });
    };
    probes(3, false);
    probes(1, true);
    lab.run(30_000);
    expect([box.state(), box.state("VI_2")]).toEqual(["standby", "standby"]);
    expect(adverts(box, since)).toEqual([]);
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("says nothing as a backup, and twice is as good as once", () => {
    const { lab, low } = pair();
    const since = lab.now;
    expect(standby(low)).toEqual(standby(low));
    lab.run(5000);
    expect(adverts(low, since)).toEqual([]);
    expect(low.logs("vrrp.state").filter(({ fields }) => fields["to"] === "standby")).toHaveLength(1);
  });

  test("is degraded, not ill, whatever becomes of its interface", () => {
    const { lab, box } = master();
    standby(box);
    box.kernel.set("eth1", { carrier: false });
    lab.run(10);
    const { exit, body } = box.ask({ command: "status", name: null });
    expect(exit).toBe(3);
    expect(body).toMatchObject({ health: "degraded", vrrp: [{ state: "standby" }] });
  });

  test("says no last word where none can be heard", () => {
    const { lab, box } = master();
    box.kernel.set("eth1", { carrier: false });
    lab.run(10);
    const since = lab.now;
    expect(standby(box).exit).toBe(0);
    expect(adverts(box, since)).toEqual([]);
    expect(box.state()).toBe("standby");
  });

  test("stays out over a reload, also of one that makes another router of it", () => {
    const { lab, box } = master();
    standby(box);
    reply(lab, box, router({ priority: 200 }));
    lab.run(10_000);
    expect(box.router()).toMatchObject({ state: "standby", priority: 200 });
    const { body } = reply(lab, box, router({ vrid: 77 }));
    expect(body).toMatchObject({ restarted: [NAME] });
    lab.run(10_000);
    expect(box.router()).toMatchObject({ state: "standby", vrid: 77, reason: "standby by the operator" });
    expect(adverts(box).some(({ advertisement }) => advertisement.vrid === 77)).toBe(false);
  });

  test("takes those along that a reload puts into one sync group with it", () => {
    const text = (group: Table): string =>
      router(group, "lan") +
      router({ ...group, interface: "eth2", vrid: 52, addresses: ["198.51.100.1/24"] }, "wan");
    const { lab, box } = master(text({}));
    standby(box, "wan");
    lab.run(1000);
    expect([box.state("lan"), box.state("wan")]).toEqual(["master", "standby"]);
    reply(lab, box, text({ sync_group: "gw" }));
    lab.run(10_000);
    expect([box.state("lan"), box.state("wan")]).toEqual(["standby", "standby"]);
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("takes part again after a restart, which says so, and not by resuming", () => {
    const { lab, box } = master();
    standby(box);
    box.kill();
    lab.run(100);
    box.start();
    expect(box.router()).toMatchObject({
      state: "backup",
      reason: "started; the restart ended the standby",
      operator: null,
    });
    lab.run(5000);
    expect(box.state()).toBe("master");
  });

  test("ends with the agent as with any other state", () => {
    const { box } = master(router({ notify: { stop: ["/bin/over"] } }));
    standby(box);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.logs("vrrp.state").at(-1)?.fields).toMatchObject({ from: "standby", to: "init" });
    expect(
      box.actions.some((action) => action.kind === "notify" && action.commands[0]?.[0] === "/bin/over"),
    ).toBe(true);
    expect(box.exitCode).toBe(0);
  });

  test("is a BACKUP to the scripts, told once", () => {
    const { lab, box } = master(router({ notify: { backup: ["/bin/down"], any: [["/bin/any"]] } }));
    const before = box.actions.length;
    standby(box);
    lab.run(10);
    const said = (): string[] =>
      box.actions
        .slice(before)
        .flatMap((action) => (action.kind === "notify" ? action.commands.map((argv) => argv.join(" ")) : []));
    expect(said()).toEqual(["/bin/down", "/bin/any INSTANCE VI_1 BACKUP 100"]);
    hear(box, { source: "192.0.2.99", priority: 255 });
    box.reload(router({ notify: { backup: ["/bin/down"], any: [["/bin/any"]] }, priority: 90 }));
    expect(said()).toHaveLength(2);
  });

  test("is every one of them where none is named", () => {
    const { box } = master(router() + router({ vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2"));
    expect(standby(box, null)).toEqual({ exit: 0, body: { standby: ["VI_1", "VI_2"] } });
    expect(box.kernel.on("eth1")).toHaveLength(2);
  });

  test("has to be known", () => {
    const { box } = master();
    for (const { exit, body } of [standby(box, "VI_9"), takeover(box, "VI_9")]) {
      expect({ exit, body }).toEqual({ exit: 1, body: { error: "no virtual router is called VI_9" } });
    }
    expect(box.state()).toBe("master");
  });
});
