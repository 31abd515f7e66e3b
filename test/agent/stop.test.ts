/** The end: everything given back in one turn, in the order that lets the next master in soonest. */
import { describe, expect, test } from "bun:test";
import type { Action } from "../../src/agent/boundary.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { adverts, priorities } from "./sight.ts";
import { agent, router, VIP } from "./text.ts";

const stop = (box: Box): Action[] => box.event({ kind: "signal", signal: "SIGTERM" });
const kinds = (actions: readonly Action[]): string[] => actions.map(({ kind }) => kind);

describe("an agent that is told to stop", () => {
  test("says priority 0, then removes its addresses, then leaves", () => {
    const { box } = master(router({ notify: { stop: ["/bin/s"] } }));
    const done = stop(box);
    const order = kinds(done).filter((kind) => ["frame", "addresses", "notify", "exit"].includes(kind));
    expect(order).toEqual(["frame", "addresses", "notify", "exit"]);
    expect(priorities(box).at(-1)).toBe(0);
    expect(box.kernel.has(VIP)).toBe(false);
    expect(box.exitCode).toBe(0);
  });

  test("does all of it on one event, for all its routers", () => {
    const many = Array.from({ length: 30 }, (_, at) =>
      router({ vrid: at + 1, addresses: [`192.0.2.${at + 100}/24`], priority: 255 }, `VI_${at}`),
    );
    const { lab, box } = master(many.join(""));
    lab.run(1);
    const since = lab.now;
    stop(box);
    expect(priorities(box, since)).toEqual(Array(30).fill(0));
    expect(box.kernel.on("eth1")).toEqual(["192.0.2.10/24", "fe80::10/64"]);
    expect(lab.now).toBe(since);
  });

  test.each([
    [64, "frame"],
    [65, "addresses"],
  ] as const)("with %i addresses begins with the %s", (count, first) => {
    const addresses = Array.from({ length: count }, (_, at) => `192.0.2.${at + 100}/24`);
    const { box } = master(router({ addresses, priority: 255 }));
    const order = kinds(stop(box)).filter((kind) => kind === "frame" || kind === "addresses");
    expect(order[0]).toBe(first);
    expect(box.kernel.on("eth1")).toHaveLength(2);
  });

  test("says nothing as backup, and leaves", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    stop(box);
    expect(adverts(box)).toEqual([]);
    expect(box.exitCode).toBe(0);
  });

  test("leaves from a fault, too", () => {
    const { lab, box } = master();
    box.kernel.set("eth1", { carrier: false });
    lab.run(10);
    stop(box);
    expect(box.exitCode).toBe(0);
    expect(box.logs("vrrp.state").at(-1)?.fields).toMatchObject({ from: "fault", to: "init" });
  });

  test("leaves nothing in the ledger that it took off", () => {
    const { box } = master();
    stop(box);
    expect([...box.ledger.values()].flatMap(({ added }) => added)).toEqual([]);
  });

  test("listens on nothing any more, runs no check and answers", () => {
    const { box } = master();
    const { exit, body } = box.ask({ command: "stop" });
    expect({ exit, body }).toEqual({ exit: 0, body: { stopped: true, within_ms: 0 } });
    expect(box.exitCode).toBe(0);
  });

  test("says why it left as the last line of its log", () => {
    const { box } = master();
    stop(box);
    const lines = box.actions.filter((action) => action.kind === "log");
    expect(lines.at(-1)).toMatchObject({ event: "agent.stopped", fields: { reason: "SIGTERM" } });
    expect(box.logs("vrrp.state").at(-1)?.fields).toMatchObject({
      from: "master",
      to: "init",
      reason: "agent stops",
    });
  });
});

describe("an agent that cannot start", () => {
  test.each([
    ["wrong", "[vrrp.VI_1]\nvrid = 300\n"],
    ["empty", ""],
  ])("because its file is %s says every reason and leaves with code 1", (_, text) => {
    const lab = new Lab();
    const box = lab.box(text);
    const done = box.start();
    expect(box.exitCode).toBe(1);
    expect(box.logs("config.rejected").length).toBeGreaterThan(0);
    expect(kinds(done).every((kind) => kind === "log" || kind === "exit")).toBe(true);
  });
});

describe("an agent that starts", () => {
  test("says what it warns of, what it loaded, and that it is ready", () => {
    const lab = new Lab();
    const box = lab.box(agent({ node: "r1" }) + router({ initial_state: "master" }));
    box.start();
    const lines = box.actions.filter((action) => action.kind === "log").map(({ event }) => event);
    expect(lines).toEqual(["config.warning", "config.loaded", "agent.ready", "vrrp.state"]);
    expect(box.logs("agent.ready")[0]?.fields).toEqual({ pid: 4711, version: "test", node: "r1" });
  });

  test("listens before it speaks", () => {
    const lab = new Lab();
    const box = lab.box(router({ priority: 255 }));
    const order = kinds(box.start());
    expect(order.indexOf("listen")).toBeLessThan(order.indexOf("frame"));
  });
});
