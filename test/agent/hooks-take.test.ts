/** before_take and after_take. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master, recordOf, reply } from "./scenes.ts";
import { end, HOOKS, killed, latest, names, started } from "./scripts.ts";
import { adverts, hear, priorities, told } from "./sight.ts";
import { router, type Table, VIP } from "./text.ts";

const { before_take, after_take } = HOOKS;
const notify = { master: ["/bin/up"], backup: ["/bin/down"], fault: ["/bin/broken"] };

const notified = (box: Box): string[] =>
  box.actions.flatMap((action) => (action.kind === "notify" ? action.commands.map(String) : []));

/** Alone, master since a moment, its before_take still running. */
function taking(hooks: Table = {}, values: Table = {}): { lab: Lab; box: Box } {
  const scene = master(router({ notify, hooks: { before_take, after_take, ...hooks }, ...values }));
  expect(names(scene.box)).toEqual(["before_take VI_1"]);
  return scene;
}

describe("before_take", () => {
  test("runs while adverts go and before any address is there", () => {
    const { lab, box } = taking();
    expect(box.state()).toBe("master");
    expect(box.kernel.has(VIP)).toBe(false);
    const since = lab.now;
    lab.run(10_000);
    expect(adverts(box, since)).toHaveLength(10);
    expect(told(box)).toEqual([]);
    expect(box.kernel.has(VIP)).toBe(false);
    end(box, latest(box));
    expect(box.kernel.has(VIP)).toBe(true);
    expect(told(box).map(({ address }) => String(address))).toContain(VIP);
  });

  test("is given its commands, its environment and the whole time for all of them", () => {
    const { box } = taking({ before_take: [["/bin/a", "1"], ["/bin/b"]], timeout: "8s" }, { priority: 120 });
    expect(latest(box)).toMatchObject({
      commands: [["/bin/a", "1"], ["/bin/b"]],
      timeout: 8000,
      user: null,
      environment: {
        HAAGENT_NAME: "VI_1",
        HAAGENT_STATE: "MASTER",
        HAAGENT_PREVIOUS: "BACKUP",
        HAAGENT_PRIORITY: "120",
        HAAGENT_INTERFACE: "eth1",
        HAAGENT_ADDRESSES: `${VIP}/24`,
        HAAGENT_REASON: "no master heard",
      },
    });
  });

  test("is said in the status, with its time", () => {
    const { lab, box } = taking();
    const { at } = adverts(box)[0] ?? { at: 0 };
    lab.run(at + 1200 - lab.now);
    expect(box.router()).toMatchObject({
      state: "master",
      reason: `no master heard; hook: before_take running ${((lab.now - at) / 1000).toFixed(1)}s`,
      addresses: [{ held: false, found: false }],
    });
    end(box, latest(box));
    expect(box.router().reason).toBe("no master heard; hook: after_take running 0.0s");
    end(box, latest(box));
    expect(box.router().reason).toBe("no master heard");
  });

  test("puts off notify master until the address is there", () => {
    const { box } = taking();
    expect(box.logs("vrrp.state").at(-1)?.fields).toMatchObject({ from: "backup", to: "master" });
    expect(notified(box)).toEqual(["/bin/down"]);
    const actions = end(box, latest(box));
    expect(notified(box)).toEqual(["/bin/down", "/bin/up"]);
    const kinds = actions.map(({ kind }) => kind);
    expect(kinds.indexOf("notify")).toBeGreaterThan(kinds.indexOf("addresses"));
  });

  test("that fails releases with priority 0, and the router is in fault for hooks.retry", () => {
    const { lab, box } = taking({ retry: "7s" });
    const since = lab.now;
    end(box, latest(box), "/bin/prepare: exit 1: no disk");
    expect(priorities(box, since)).toEqual([0]);
    expect(box.router()).toMatchObject({
      state: "fault",
      reason: "hook: before_take failed: /bin/prepare: exit 1: no disk",
    });
    expect(box.kernel.has(VIP)).toBe(false);
    expect(box.logs("hook.failed").at(-1)?.fields).toMatchObject({
      name: "VI_1",
      hook: "before_take",
      detail: "/bin/prepare: exit 1: no disk",
    });
    expect(notified(box)).toEqual(["/bin/down", "/bin/broken"]);
    lab.run(6900);
    expect(box.state()).toBe("fault");
    lab.run(200);
    expect(box.state()).toBe("backup");
    lab.run(4000);
    expect(box.state()).toBe("master");
    expect(names(box)).toEqual(["before_take VI_1", "before_take VI_1"]);
    end(box, latest(box));
    expect(box.kernel.has(VIP)).toBe(true);
  });

  test("that failed is not forgotten when the cable is pulled and put back", () => {
    const { lab, box } = taking();
    end(box, latest(box), "exit 1");
    box.kernel.set("eth1", { carrier: false });
    lab.run(1000);
    box.kernel.set("eth1", { carrier: true });
    lab.run(1000);
    expect(box.state()).toBe("fault");
  });

  test("is killed when a better master is heard, and its end means nothing", () => {
    const { lab, box } = taking();
    const hook = latest(box);
    hear(box, { source: "192.0.2.200", priority: 200 });
    expect(box.state()).toBe("backup");
    expect(killed(box)).toEqual([hook.id]);
    expect(notified(box)).toEqual(["/bin/down", "/bin/down"]);
    end(box, hook);
    lab.run(10);
    expect(box.kernel.has(VIP)).toBe(false);
    expect(told(box)).toEqual([]);
    expect(box.logs("hook.failed")).toEqual([]);
  });

  test("is killed by a stall, and its end means nothing", () => {
    const { lab, box } = taking();
    const hook = latest(box);
    box.freeze();
    lab.run(6000);
    end(box, hook);
    box.thaw();
    expect(killed(box)).toEqual([hook.id]);
    expect(box.state()).toBe("backup");
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("is killed by a stop, which waits for nothing", () => {
    const { lab, box } = taking({ before_release: ["/bin/flush"] });
    const hook = latest(box);
    const since = lab.now;
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.exitCode).toBe(0);
    expect(killed(box)).toEqual([hook.id]);
    expect(priorities(box, since)).toEqual([0]);
    expect(names(box)).toEqual(["before_take VI_1"]);
  });

  test("is killed with its router by a reload", () => {
    const { lab, box } = taking();
    const { id } = latest(box);
    box.reload(router({ vrid: 52, addresses: ["192.0.2.9/24"] }, "other"));
    expect(killed(box)).toEqual([id]);
    lab.run(10);
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("goes on through a reload that keeps its router", () => {
    const { box } = taking();
    box.reload(router({ hooks: { before_take: ["/bin/other"] }, priority: 120 }));
    end(box, latest(box));
    expect(killed(box)).toEqual([]);
    expect(box.kernel.has(VIP)).toBe(true);
  });

  test("does not vouch for mastership over a crash: the next agent starts as backup and runs it anew", () => {
    const { lab, box } = taking();
    expect(recordOf(box).state).toBe("backup");
    box.kill();
    lab.run(100);
    box.start();
    expect(box.state()).toBe("backup");
    lab.run(4000);
    expect(names(box)).toEqual(["before_take VI_1", "before_take VI_1"]);
  });

  test("that ended does: a resumed master holds at once and runs it no more", () => {
    const { lab, box } = taking();
    end(box, latest(box));
    expect(recordOf(box).state).toBe("master");
    box.kill();
    lab.run(100);
    box.start();
    expect(box.state()).toBe("master");
    expect(box.kernel.has(VIP)).toBe(true);
    expect(names(box).slice(1)).toEqual(["after_take VI_1", "after_take VI_1"]);
  });

  test("keeps another agent backup while it runs", () => {
    const lab = new Lab();
    const high = lab.box(router({ priority: 150, hooks: { before_take } }));
    const low = lab.box(router());
    high.start();
    low.start();
    lab.run(30_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect([high.kernel.has(VIP), low.kernel.has(VIP)]).toEqual([false, false]);
    end(high, latest(high), "exit 1");
    lab.run(1000);
    expect([high.state(), low.state()]).toEqual(["fault", "master"]);
    expect(low.kernel.has(VIP)).toBe(true);
  });
});

describe("after_take", () => {
  const text = router({ notify, hooks: { after_take } });

  test("runs once when the address is held and told", () => {
    const { lab, box } = master(text);
    expect(names(box)).toEqual(["after_take VI_1"]);
    const at = (kind: string): number => box.actions.findIndex((action) => action.kind === kind);
    expect(at("hook")).toBeGreaterThan(at("addresses"));
    const announced = box.actions.findIndex((action) => action.kind === "frame" && action.router === null);
    expect(at("hook")).toBeGreaterThan(announced);
    expect(latest(box).environment).toMatchObject({ HAAGENT_STATE: "MASTER", HAAGENT_PREVIOUS: "BACKUP" });
    end(box, latest(box));
    box.kernel.remove("eth1", `${VIP}/24`);
    lab.run(70_000);
    expect(names(box)).toHaveLength(1);
  });

  test("decides nothing when it fails", () => {
    const { lab, box } = master(text);
    end(box, latest(box), "exit 3");
    lab.run(1000);
    expect(box.state()).toBe("master");
    expect(box.logs("hook.failed")).toHaveLength(1);
    expect(box.kernel.has(VIP)).toBe(true);
  });

  test("is killed when its master is none any more", () => {
    const { box } = master(text);
    hear(box, { source: "192.0.2.200", priority: 200 });
    expect(killed(box)).toEqual([latest(box).id]);
  });
});

describe("a sync group with hooks", () => {
  const WAN = "198.51.100.1";
  const gateway = (lan: Table, wan: Table): string =>
    router({ sync_group: "gw", hooks: lan }, "lan") +
    router({ sync_group: "gw", hooks: wan, interface: "eth2", vrid: 52, addresses: [`${WAN}/24`] }, "wan");
  const holds = (box: Box): boolean[] => [box.kernel.has(VIP), box.kernel.has(WAN)];

  test("takes when the before_take of every member ended well", () => {
    const { lab, box } = master(gateway({ before_take }, { before_take, timeout: "9s" }));
    expect(names(box)).toEqual(["before_take lan", "before_take wan"]);
    end(box, latest(box, "lan"));
    lab.run(3000);
    expect(holds(box)).toEqual([false, false]);
    end(box, latest(box, "wan"));
    expect(holds(box)).toEqual([true, true]);
  });

  test("waits for the only member that has one", () => {
    const { box } = master(gateway({}, { before_take }));
    expect(holds(box)).toEqual([false, false]);
    end(box, latest(box, "wan"));
    expect(holds(box)).toEqual([true, true]);
  });

  test("is in fault when that of one member fails", () => {
    const { lab, box } = master(gateway({ before_take }, { before_take }));
    const other = latest(box, "lan");
    end(box, latest(box, "wan"), "exit 1");
    expect([box.state("lan"), box.state("wan")]).toEqual(["fault", "fault"]);
    expect(killed(box)).toEqual([other.id]);
    end(box, other);
    lab.run(100);
    expect(holds(box)).toEqual([false, false]);
  });

  test("whose waiting member leaves it by a reload goes on without it", () => {
    const { box } = master(gateway({}, { before_take }));
    const text = router({ sync_group: "gw", hooks: {} }, "lan");
    expect(reply(box.lab, box, text)).toMatchObject({ exit: 0 });
    expect(holds(box)).toEqual([true, false]);
    expect(started(box)).toHaveLength(1);
  });
});
