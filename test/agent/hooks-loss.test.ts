/** before_release where the router goes by a reload or the operator's word, and where nothing can be waited for. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { standby, takeover } from "./orders.ts";
import { master, reply } from "./scenes.ts";
import { end, HOOKS, latest, names, started } from "./scripts.ts";
import { hear, priorities } from "./sight.ts";
import { router, VIP } from "./text.ts";

const { before_release } = HOOKS;
const hooks = { before_release };

describe("before_release at a loss", () => {
  const text = router({ hooks });

  test("starts after the address is gone, and nothing waits for it", () => {
    const { box } = master(text);
    const actions = hear(box, { source: "192.0.2.200", priority: 200 });
    expect(box.kernel.has(VIP)).toBe(false);
    const kinds = actions.map(({ kind }) => kind);
    expect(kinds.indexOf("hook")).toBeGreaterThan(kinds.indexOf("addresses"));
    expect(latest(box).environment).toMatchObject({
      HAAGENT_STATE: "BACKUP",
      HAAGENT_PREVIOUS: "MASTER",
      HAAGENT_REASON: "192.0.2.200 has priority 200",
    });
  });

  test.each([
    ["a dead interface", (box: Box) => box.kernel.set("eth1", { carrier: false })],
    ["a tracked interface that dies", (box: Box) => box.kernel.set("eth2", { carrier: false })],
  ])("of %s is not waited for", (_, kill) => {
    const { lab, box } = master(router({ hooks, track_interfaces: ["eth2"] }));
    kill(box);
    lab.run(10);
    expect(box.state()).toBe("fault");
    expect(box.kernel.has(VIP)).toBe(false);
    expect(names(box)).toEqual(["before_release VI_1"]);
  });

  test("that a takeover undoes in the same turn is none", () => {
    const { lab, box } = master(text);
    box.freeze();
    lab.run(6000);
    box.resume();
    expect(takeover(box)).toMatchObject({ exit: 0 });
    expect(box.kernel.has(VIP)).toBe(true);
    expect(names(box)).toEqual([]);
  });

  test("lets the next before_take wait, and that has its whole time then", () => {
    const { lab, box } = master(router({ hooks: HOOKS }));
    end(box, latest(box));
    end(box, latest(box));
    hear(box, { source: "192.0.2.200", priority: 200 });
    const release = latest(box);
    lab.run(4000);
    expect(box.state()).toBe("master");
    expect(names(box).slice(2)).toEqual(["before_release VI_1"]);
    expect(box.kernel.has(VIP)).toBe(false);
    end(box, release, "timeout after 5s");
    expect(names(box).slice(3)).toEqual(["before_take VI_1"]);
    end(box, latest(box));
    expect(box.kernel.has(VIP)).toBe(true);
  });

  test("does not start a before_take that waited for it in vain", () => {
    const { lab, box } = master(router({ hooks: HOOKS }));
    end(box, latest(box));
    end(box, latest(box));
    hear(box, { source: "192.0.2.200", priority: 200 });
    lab.run(4000);
    hear(box, { source: "192.0.2.200", priority: 200 });
    end(box, latest(box));
    expect(names(box).at(-1)).toBe("before_release VI_1");
    expect(started(box)).toHaveLength(3);
  });
});

describe("before_release at a reload", () => {
  test("that removes the router is waited for, and the answer says so", () => {
    const { lab, box } = master(router({ hooks }) + router({ vrid: 52, addresses: ["192.0.2.2/24"] }, "b"));
    const without = router({ vrid: 52, addresses: ["192.0.2.2/24"], priority: 120 }, "b");
    expect(reply(lab, box, without)).toMatchObject({
      exit: 0,
      body: { removed: ["VI_1"], changed: ["b"], waiting_for_hook: ["VI_1"] },
    });
    lab.run(2000);
    expect(box.state()).toBe("master");
    expect(box.router("b").priority).toBe(100);
    const since = lab.now;
    end(box, latest(box));
    expect(priorities(box, since)).toContain(0);
    expect(box.kernel.has(VIP)).toBe(false);
    expect(box.status().vrrp.map(({ name, priority }) => [name, priority])).toEqual([["b", 120]]);
  });

  test("that makes another router of it is waited for", () => {
    const { lab, box } = master(router({ hooks }));
    reply(lab, box, router({ hooks, vrid: 60 }));
    expect(box.router().vrid).toBe(51);
    end(box, latest(box));
    expect(box.router()).toMatchObject({ vrid: 60, state: "backup" });
    lab.run(4000);
    expect(box.kernel.has(VIP)).toBe(true);
  });

  test("waits for the slowest of several", () => {
    const { lab, box } = master(
      router({ hooks }, "a") +
        router({ hooks, vrid: 52, addresses: ["192.0.2.2/24"] }, "b") +
        router({ vrid: 53, addresses: ["192.0.2.3/24"] }, "c"),
    );
    reply(lab, box, router({ vrid: 53, addresses: ["192.0.2.3/24"] }, "c"));
    end(box, latest(box, "a"));
    expect(box.state("a")).toBe("master");
    end(box, latest(box, "b"), "exit 1");
    expect(box.status().vrrp.map(({ name }) => name)).toEqual(["c"]);
    expect(box.kernel.addresses().filter(({ address }) => /^192.0.2.[123]$/.test(address))).toHaveLength(1);
  });

  test("gives way to a later reload; the router that had begun to go still goes, and comes back", () => {
    const { lab, box } = master(router({ hooks }));
    reply(lab, box, router({ hooks, vrid: 60 }));
    reply(lab, box, router({ hooks, priority: 130 }));
    const since = lab.now;
    end(box, latest(box));
    expect(priorities(box, since)).toEqual([0]);
    expect(box.router()).toMatchObject({ vrid: 51, priority: 130, state: "backup" });
    lab.run(4000);
    expect(box.state()).toBe("master");
  });

  test("is cut short by a stop that has waited as long", () => {
    const { lab, box } = master(router({ hooks }));
    reply(lab, box, router({ hooks, vrid: 60 }));
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.exitCode).toBeNull();
    end(box, latest(box));
    expect(box.exitCode).toBe(0);
    expect(box.kernel.has(VIP)).toBe(false);
  });
});

describe("before_release at standby", () => {
  test("leaves the router in standby when it loses its mastership meanwhile", () => {
    const { lab, box } = master(router({ hooks }));
    standby(box);
    hear(box, { source: "192.0.2.200", priority: 200 });
    end(box, latest(box));
    expect(box.router()).toMatchObject({ state: "standby", reason: "standby by the operator" });
    lab.run(10_000);
    expect(box.state()).toBe("standby");
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("is waited for, and the answer says so", () => {
    const { lab, box } = master(router({ hooks }));
    expect(standby(box)).toEqual({
      exit: 0,
      body: { standby: ["VI_1"], waiting_for_hook: ["VI_1"] },
    });
    lab.run(1000);
    expect(box.state()).toBe("master");
    expect(box.router().reason).toBe("standby by the operator; hook: before_release running 1.0s");
    expect(takeover(box)).toMatchObject({
      exit: 1,
      body: { refused: ["VI_1 is giving up its addresses: its before_release runs"] },
    });
    const since = lab.now;
    end(box, latest(box));
    expect(priorities(box, since)).toEqual([0]);
    expect(box.router()).toMatchObject({ state: "standby", reason: "standby by the operator" });
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("is waited for by the whole sync group", () => {
    const { box } = master(
      router({ sync_group: "gw" }, "lan") +
        router({ sync_group: "gw", hooks, vrid: 52, addresses: ["192.0.2.2/24"] }, "wan"),
    );
    standby(box, "lan");
    expect([box.state("lan"), box.state("wan")]).toEqual(["master", "master"]);
    end(box, latest(box, "wan"));
    expect([box.state("lan"), box.state("wan")]).toEqual(["standby", "standby"]);
  });
});
