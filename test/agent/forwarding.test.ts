/** Routes and rules that move with a router: taken, kept and given back. */
import { describe, expect, test } from "bun:test";
import { Lab } from "./harness.ts";
import { DEFAULT, RULE, SOURCED, MOVES, text, has, moved, order, entry, stop, stands } from "./moves.ts";
import { master, recordOf } from "./scenes.ts";
import { priorities } from "./sight.ts";
import { router, VIP } from "./text.ts";

describe("routes and rules", () => {
  test("are the master's only: not a backup's", () => {
    const lab = new Lab();
    const strong = lab.box(router({ ...MOVES, priority: 200 }));
    const weak = lab.box(router(MOVES));
    strong.start();
    weak.start();
    lab.run(5000);
    expect([has(strong), has(weak)]).toEqual([[DEFAULT, RULE], []]);
    expect(weak.router()).toMatchObject({
      state: "backup",
      routes: [{ route: DEFAULT, held: false, found: false }],
      rules: [{ rule: RULE, held: false, found: false }],
    });
    stop(strong);
    lab.run(1000);
    expect([has(strong), has(weak)]).toEqual([[], [DEFAULT, RULE]]);
  });

  test("come after the addresses in the same turn, and go before them, rules first", () => {
    const lab = new Lab();
    const box = lab.box(router({ ...MOVES, routes: [DEFAULT, SOURCED] }));
    box.start();
    lab.run(5000);
    const taking = order(box.actions).indexOf("addresses add");
    expect(order(box.actions).slice(taking - 1, taking + 2)).toEqual([
      "ledger",
      "addresses add",
      "forwarding add",
    ]);
    expect(moved(box.actions)).toEqual([`add ${DEFAULT}`, `add ${SOURCED}`, `add ${RULE}`]);
    const leaving = stop(box);
    expect(moved(leaving)).toEqual([`delete ${RULE}`, `delete ${SOURCED}`, `delete ${DEFAULT}`]);
    expect(order(leaving).filter((each) => each !== "ledger")).toEqual([
      "forwarding delete",
      "addresses delete",
    ]);
  });

  test("stand in the ledger before the kernel is asked, and no longer than they are there", () => {
    const { lab, box } = stands(MOVES);
    const vouched: boolean[] = [];
    box.start();
    lab.run(5000);
    let known = false;
    for (const action of box.actions) {
      if (action.kind === "ledger") known = action.record?.forwarding.length === 2;
      if (action.kind === "forwarding") vouched.push(known);
    }
    expect(vouched).toEqual([true]);
    expect(recordOf(box).forwarding.map(text)).toEqual([DEFAULT, RULE]);
    expect(box.ask({ command: "standby", name: "VI_1" }).exit).toBe(0);
    lab.run(10);
    expect(recordOf(box).forwarding).toEqual([]);
    expect(has(box)).toEqual([]);
  });

  test("wait for before_take, and stay while before_release runs", () => {
    const { lab, box } = stands({
      ...MOVES,
      hooks: { before_take: ["/bin/take"], before_release: ["/bin/free"] },
    });
    box.start();
    lab.run(4000);
    const end = (which: string): void => {
      const hook = box.actions.find((each) => each.kind === "hook" && each.which === which);
      if (hook?.kind !== "hook") throw new Error(`${which} was not started`);
      box.event({ kind: "hook-ended", router: "VI_1", id: hook.id, failure: null, output: "" });
    };
    expect(priorities(box).length).toBeGreaterThan(0);
    expect(has(box)).toEqual([]);
    end("before_take");
    expect(has(box)).toEqual([DEFAULT, RULE]);
    stop(box);
    expect(has(box)).toEqual([DEFAULT, RULE]);
    end("before_release");
    expect(has(box)).toEqual([]);
  });
});

describe("a route that somebody takes away from a master", () => {
  test("is back, said, and mastership kept", () => {
    const { lab, box } = master(router(MOVES));
    box.kernel.withdraw(entry(box, DEFAULT));
    box.kernel.withdraw(entry(box, RULE));
    lab.run(100);
    expect(has(box)).toEqual([DEFAULT, RULE]);
    expect(box.router().counters.became_master).toBe(1);
    expect(box.logs("route.lost").map(({ fields }) => fields)).toEqual([
      { name: "VI_1", route: DEFAULT },
      { name: "VI_1", rule: RULE },
    ]);
    expect(box.logs("route.restored")).toHaveLength(2);
  });

  test("more than three times in ten seconds is a quarrel: a fault for a while, then another try", () => {
    const { lab, box } = master(router(MOVES));
    for (let times = 0; times < 4; times++) {
      expect(box.state()).toBe("master");
      box.kernel.withdraw(entry(box, DEFAULT));
      lab.run(1000);
    }
    expect(box.router()).toMatchObject({
      state: "fault",
      reason: `route ${DEFAULT} was taken away 4 times in 10 s`,
    });
    expect(has(box)).toEqual([]);
    expect(priorities(box).at(-1)).toBe(0);
    lab.run(15_000);
    expect(box.state()).toBe("master");
    expect(has(box)).toEqual([DEFAULT, RULE]);
  });

  test("with an address that it sends from counts once, and comes back behind that", () => {
    const { lab, box } = master(router({ routes: [SOURCED, DEFAULT] }));
    for (let times = 0; times < 3; times++) {
      box.kernel.remove("eth1", `${VIP}/24`);
      lab.run(1500);
      expect(has(box)).toEqual([SOURCED, DEFAULT]);
    }
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });

  test("is another one's when that stands in its place: a fault, and it stays", () => {
    const { lab, box } = master(router(MOVES));
    const theirs = entry(box, DEFAULT);
    box.kernel.replace(theirs);
    lab.run(100);
    expect(box.router()).toMatchObject({
      state: "fault",
      reason: `route ${DEFAULT}: another one with its metric is there already, and not by us`,
    });
    stop(box);
    lab.run(10);
    expect(box.kernel.forwarding.has(theirs)).toBe(true);
  });
});

describe("after_take", () => {
  const values = { ...MOVES, hooks: { after_take: ["/bin/settle"] } };
  const theirs = entry(master(router(MOVES)).box, DEFAULT);

  test("waits for the routes and rules, too", () => {
    const { box } = master(router(values));
    const kinds = box.actions.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "hook")).toHaveLength(1);
    expect(kinds.indexOf("hook")).toBeGreaterThan(kinds.indexOf("forwarding"));
  });

  test("never runs where one of them is refused, and does where it is adopted", () => {
    for (const [on_found, hooks] of [
      ["fault", 0],
      ["adopt", 1],
    ] as const) {
      const { lab, box } = stands({ ...values, on_found });
      box.kernel.forwarding.put(theirs);
      box.start();
      lab.run(5000);
      expect(box.actions.filter(({ kind }) => kind === "hook")).toHaveLength(hooks);
    }
  });

  test("runs once after a crash, when the resumed master has all it had", () => {
    const { lab, box } = master(router(values));
    box.kill();
    lab.run(100);
    const before = box.actions.length;
    box.start();
    lab.run(1000);
    expect(box.state()).toBe("master");
    expect(box.actions.slice(before).filter(({ kind }) => kind === "hook")).toHaveLength(1);
  });
});

describe("a route that was there before us", () => {
  const theirs = entry(master(router(MOVES)).box, DEFAULT);

  test("is a fault for five minutes, and no reason to take mastership from who can do it", () => {
    const { lab, box } = stands(MOVES);
    box.kernel.forwarding.put(theirs);
    box.start();
    lab.run(60_000);
    expect(box.state()).toBe("fault");
    expect(box.router().counters.became_master).toBe(1);
    expect(has(box)).toEqual([]);
    lab.run(300_000);
    expect(box.router().counters.became_master).toBe(2);
    stop(box);
    expect(box.kernel.forwarding.has(theirs)).toBe(true);
  });

  test("is used with on_found = adopt, and never removed", () => {
    const { lab, box } = stands({ ...MOVES, on_found: "adopt" });
    box.kernel.forwarding.put(theirs);
    box.start();
    lab.run(5000);
    expect(box.router()).toMatchObject({ state: "master", routes: [{ held: true, found: true }] });
    expect(recordOf(box).forwarding.map(text)).toEqual([RULE]);
    stop(box);
    lab.run(10);
    expect(box.kernel.forwarding.has(theirs)).toBe(true);
    expect(has(box)).toEqual([]);
  });
});

describe("the interface of a route", () => {
  test("that goes down is a fault told as such, and takes no blame for what went with it", () => {
    const { lab, box } = master(router(MOVES));
    box.kernel.set("eth2", { up: false });
    lab.run(100);
    expect(box.router()).toMatchObject({ state: "fault", reason: "interface eth2 is down" });
    expect(has(box)).toEqual([]);
    expect(box.logs("route.lost")).toEqual([]);
    box.kernel.set("eth2", { up: true });
    lab.run(5000);
    expect(box.state()).toBe("master");
    expect(has(box)).toEqual([DEFAULT, RULE]);
  });

  test("is not needed by a router without routes on it", () => {
    const { lab, box } = master(router({ rules: [RULE], routes: ["blackhole 10.9.0.0/24"] }));
    box.kernel.set("eth2", { up: false });
    lab.run(100);
    expect(box.state()).toBe("master");
    expect(has(box)).toEqual(["blackhole 10.9.0.0/24", RULE]);
  });
});
