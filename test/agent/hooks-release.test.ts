/** before_release where it is awaited: at a stop and at a failed check. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { addressOps, master, recordOf, reply } from "./scenes.ts";
import { end, HOOKS, killed, latest, names } from "./scripts.ts";
import { adverts, hear, priorities } from "./sight.ts";
import { check, router, type Table, VIP } from "./text.ts";

const { before_release } = HOOKS;
const hooks = { before_release };

const stop = (box: Box): void => {
  box.event({ kind: "signal", signal: "SIGTERM" });
};

/** A master that was told to stop, its hook running. */
function stopping(text = router({ hooks })): { lab: Lab; box: Box; since: number } {
  const { lab, box } = master(text);
  const since = lab.now;
  stop(box);
  return { lab, box, since };
}

describe("before_release at a stop", () => {
  test("is waited for while adverts go on and the address stays, then all is given up in one turn", () => {
    const { lab, box, since } = stopping();
    expect(names(box)).toEqual(["before_release VI_1"]);
    lab.run(3500);
    expect(box.exitCode).toBeNull();
    expect(new Set(priorities(box, since))).toEqual(new Set([100]));
    expect(priorities(box, since).length).toBeGreaterThanOrEqual(3);
    expect(box.kernel.has(VIP)).toBe(true);
    expect(box.router().reason).toMatch(/; hook: before_release running 3\.5s$/);
    const actions = end(box, latest(box));
    expect(priorities(box, since).at(-1)).toBe(0);
    expect(addressOps(actions)).toEqual([`delete ${VIP}/24`]);
    expect(box.exitCode).toBe(0);
    expect(box.ledger.size).toBe(0);
    expect(box.logs("vrrp.state").at(-1)?.fields).toMatchObject({ to: "init", reason: "agent stops" });
    expect(box.logs("agent.stopped").at(-1)?.fields).toEqual({ reason: "SIGTERM" });
  });

  test("is told why", () => {
    const { box } = stopping();
    expect(latest(box).environment).toMatchObject({ HAAGENT_STATE: "MASTER", HAAGENT_REASON: "agent stops" });
  });

  test("that fails holds nothing up", () => {
    const { box } = stopping();
    end(box, latest(box), "exit 1");
    expect(box.exitCode).toBe(0);
    expect(box.logs("hook.failed")).toHaveLength(1);
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("answers at once how long it may take", () => {
    const { box } = master(router({ hooks: { before_release, timeout: "8s" } }));
    expect(box.ask({ command: "stop" })).toEqual({ exit: 0, body: { stopped: true, within_ms: 8000 } });
    expect(box.exitCode).toBeNull();
  });

  test("is killed when the stop is asked for twice", () => {
    const { box } = stopping();
    const { id } = latest(box);
    stop(box);
    expect(box.exitCode).toBe(0);
    expect(killed(box)).toEqual([id]);
    expect(box.logs("hook.failed").at(-1)?.fields).toMatchObject({ detail: "killed: told to stop again" });
  });

  test("is waited for, too, when it began after a loss: nobody else would end it in time", () => {
    const { lab, box } = master(router({ hooks }));
    hear(box, { source: "192.0.2.200", priority: 200 });
    lab.run(1500);
    expect(box.ask({ command: "stop" })).toMatchObject({ body: { within_ms: 3500 } });
    expect(box.exitCode).toBeNull();
    end(box, latest(box));
    expect(box.exitCode).toBe(0);
  });

  test("leaves no room for a reload", () => {
    const { lab, box } = stopping();
    expect(reply(lab, box, router({ hooks, vrid: 60 }))).toEqual({
      exit: 1,
      body: { error: "the agent is stopping" },
    });
    expect(box.router()).toMatchObject({ vrid: 51, state: "master" });
    end(box, latest(box));
    expect(box.exitCode).toBe(0);
  });

  test("runs side by side with that of another router, and each goes when its own has ended", () => {
    const { box } = stopping(
      router({ hooks }, "a") + router({ hooks, vrid: 52, addresses: ["192.0.2.2/24"] }, "b"),
    );
    expect(names(box)).toEqual(["before_release a", "before_release b"]);
    end(box, latest(box, "a"));
    expect([box.kernel.has(VIP), box.kernel.has("192.0.2.2")]).toEqual([false, true]);
    expect(box.exitCode).toBeNull();
    end(box, latest(box, "b"));
    expect(box.kernel.has("192.0.2.2")).toBe(false);
    expect(box.exitCode).toBe(0);
  });

  test("keeps its sync group together", () => {
    const { lab, box, since } = stopping(
      router({ sync_group: "gw" }, "lan") +
        router({ sync_group: "gw", hooks, vrid: 52, addresses: ["192.0.2.2/24"] }, "wan"),
    );
    lab.run(2500);
    expect(priorities(box, since)).toHaveLength(4);
    expect([box.kernel.has(VIP), box.kernel.has("192.0.2.2")]).toEqual([true, true]);
    end(box, latest(box, "wan"));
    expect(priorities(box, since).slice(-2)).toEqual([0, 0]);
    expect(box.exitCode).toBe(0);
  });

  test("does not keep who holds nothing", () => {
    const { box } = stopping(router({ hooks, priority: 90 }));
    end(box, latest(box));
    const backup = new Lab().box(router({ hooks }));
    backup.start();
    stop(backup);
    expect(backup.exitCode).toBe(0);
    expect(names(backup)).toEqual([]);
  });

  /** The address is gone; the agent stays only to end the hook in time. */
  const gone = (box: Box): void => {
    expect(box.kernel.has(VIP)).toBe(false);
    expect(box.exitCode).toBeNull();
    expect(names(box)).toHaveLength(1);
    end(box, latest(box));
    expect(box.exitCode).toBe(0);
  };

  test("keeps no address when a better master is heard meanwhile", () => {
    const { box } = stopping();
    hear(box, { source: "192.0.2.200", priority: 200 });
    gone(box);
  });

  test("keeps no address when the interface goes down meanwhile", () => {
    const { lab, box } = stopping();
    box.kernel.set("eth1", { up: false });
    lab.run(10);
    gone(box);
  });

  test("keeps no address over a stall", () => {
    const { lab, box, since } = stopping();
    box.freeze();
    lab.run(6000);
    box.thaw();
    expect(adverts(box, since)).toEqual([]);
    gone(box);
  });

  test("ends the after_take under way", () => {
    const { box } = master(router({ hooks: HOOKS }));
    end(box, latest(box));
    const { id } = latest(box);
    stop(box);
    expect(names(box)).toEqual(["before_take VI_1", "after_take VI_1", "before_release VI_1"]);
    expect(killed(box)).toEqual([id]);
  });

  test("that a crash interrupts leaves a master that resumes", () => {
    const { lab, box } = stopping();
    expect(recordOf(box).state).toBe("master");
    lab.run(200);
    box.kill();
    box.start();
    expect(box.state()).toBe("master");
    expect(box.kernel.has(VIP)).toBe(true);
  });
});

describe("before_release at a failed check", () => {
  const text = (values: Table = {}): string => router({ hooks, track_checks: ["web"], ...values }) + check();
  const probe = (box: Box, healthy: boolean): void => {
    for (let n = 0; n < 3; n++) box.event({ kind: "probe", check: "web", healthy, detail: "exit 1" });
  };

  test("is waited for, and the router is master until then", () => {
    const { lab, box } = master(text());
    probe(box, false);
    lab.run(2000);
    expect(box.router()).toMatchObject({ state: "master", addresses: [{ held: true }] });
    expect(latest(box).environment).toMatchObject({ HAAGENT_REASON: "web is down" });
    const since = lab.now;
    end(box, latest(box));
    expect(priorities(box, since)).toEqual([0]);
    expect(box.router()).toMatchObject({ state: "fault", reason: "web is down" });
    expect(names(box)).toHaveLength(1);
  });

  test("goes on to the end when the check is well again meanwhile", () => {
    const { lab, box } = master(text());
    probe(box, false);
    probe(box, true);
    lab.run(1000);
    expect(box.state()).toBe("master");
    end(box, latest(box));
    expect(box.state()).toBe("backup");
    lab.run(4000);
    expect(box.state()).toBe("master");
  });

  test("that is over for the owner by then lets it take anew, and it never says that it left", () => {
    const { lab, box } = master(text({ priority: 255, hooks: HOOKS }));
    end(box, latest(box));
    end(box, latest(box));
    lab.run(10);
    const since = lab.now;
    probe(box, false);
    probe(box, true);
    end(box, latest(box));
    expect(priorities(box, since)).toEqual([255]);
    expect(names(box).slice(-2)).toEqual(["before_release VI_1", "before_take VI_1"]);
    expect(box.router()).toMatchObject({ state: "master", addresses: [{ held: false }] });
    end(box, latest(box));
    expect(box.router()).toMatchObject({ state: "master", addresses: [{ held: true }] });
    expect(names(box).at(-1)).toBe("after_take VI_1");
    expect(priorities(box, since)).not.toContain(0);
  });

  test("is waited for by the whole sync group", () => {
    const { box } = master(
      text({ sync_group: "gw" }) +
        router({ hooks, sync_group: "gw", vrid: 52, addresses: ["192.0.2.2/24"] }, "other"),
    );
    probe(box, false);
    expect(names(box)).toEqual(["before_release VI_1", "before_release other"]);
    end(box, latest(box, "other"));
    expect([box.state(), box.state("other")]).toEqual(["master", "master"]);
    end(box, latest(box));
    expect([box.state(), box.state("other")]).toEqual(["fault", "fault"]);
  });

  test("leaves the router in fault when it loses its mastership meanwhile", () => {
    const { lab, box } = master(text());
    probe(box, false);
    // The echo of its own release would have it look at itself again.
    box.feedWaits = true;
    hear(box, { source: "192.0.2.200", priority: 200 });
    end(box, latest(box));
    expect(box.router()).toMatchObject({ state: "fault", reason: "web is down" });
    expect(box.kernel.has(VIP)).toBe(false);
    lab.run(10_000);
    expect(adverts(box, lab.now - 9000)).toEqual([]);
    box.tellFeed();
    probe(box, true);
    lab.run(4000);
    expect(box.state()).toBe("master");
  });

  test("is waited for no more when the interface dies, too", () => {
    const { lab, box } = master(text());
    probe(box, false);
    box.kernel.set("eth1", { carrier: false });
    lab.run(10);
    expect(box.state()).toBe("fault");
    expect(box.kernel.has(VIP)).toBe(false);
  });
});
