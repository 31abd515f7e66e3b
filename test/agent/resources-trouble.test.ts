/** Groups of resources in trouble: what a partition leaves, what does not stop, and the end of an agent. */
import { describe, expect, test } from "bun:test";
import { Wire, type WireNode } from "./cluster-wire.ts";
import {
  asked,
  BEGUN,
  DEADTIME,
  details,
  GROUPS,
  pair,
  partition,
  rows,
  running,
  standby,
  text,
} from "./resource-pair.ts";

describe("after a partition", () => {
  const SHARED = ["a drbddisk::r0", "b probe::two"];

  test("each group runs once, on the node that prefers it", () => {
    const two = pair();
    partition(two, () => expect(running(two)).toBe("one,two,uno | one,two,uno"));
    expect(running(two)).toBe("one,uno | two");
  });

  test("data that both may have written is not started again by itself, over a restart too, until an operator says so", () => {
    const two = pair(SHARED);
    partition(two);
    expect(running(two)).toBe("r0 | two");
    expect(two.b.said("resource.partition").join()).toContain("haagent takeover");
    expect(two.b.disk.resources).toStartWith('{"barred":["drbddisk::r0"],"pinned":true');
    two.b.kill();
    two.b.start();
    two.wire.run(BEGUN);
    two.a.kill();
    two.wire.run(10_000);
    expect([...two.b.scripts.running]).toEqual(["two"]);
    expect(rows(two.b)).toContain("drbddisk::r0 - barred");
    expect(two.b.status()["health"]).toBe("fault");
    const reply = two.b.request({ command: "takeover", name: "drbddisk::r0", force: false });
    expect(reply.body).toEqual({
      already_here: ["drbddisk::r0"],
      allowed_again: ["drbddisk::r0"],
      tried_again: [],
    });
    two.wire.run(1000);
    expect([...two.b.scripts.running]).toEqual(["two", "r0"]);
    expect(two.b.disk.resources).toStartWith('{"barred":[],"pinned":false');
  });

  test("a damaged file is told, and the agent runs", () => {
    const two = pair();
    two.b.kill();
    two.b.disk.resources = "{";
    two.b.start();
    two.wire.run(BEGUN);
    expect(two.b.said("agent.warning").join()).toContain("damaged");
    expect(running(two)).toBe("one,uno | two");
  });
});

describe("an agent that stops", () => {
  test("stays until the other node has heard its last word", () => {
    const two = pair();
    two.wire.passes = () => false;
    two.b.stop();
    two.wire.run(100);
    expect([two.b.exit, running(two)]).toEqual([null, "one,uno | "]);
    two.wire.passes = () => true;
    two.wire.run(1500);
    expect([two.b.exit, running(two)]).toEqual([0, "one,two,uno | "]);
  });

  test("does not wait for one that hears nothing", () => {
    const two = pair();
    two.wire.passes = () => false;
    two.b.stop();
    two.wire.run(1600);
    expect(two.b.exit).toBe(0);
  });
});

describe("a resource that does not stop", () => {
  const STUBBORN = 'resource_scripts = { stop_tries = 2, pause = "1s" }';

  test("keeps its group, is an alarm, and is told when it has stopped after all", () => {
    const two = pair(GROUPS, STUBBORN);
    two.a.scripts.fails.add("stop one");
    asked(two, two.a, standby("all"));
    expect(running(two)).toBe("one | two");
    expect(rows(two.a)).toEqual(["probe::one a stuck", "probe::two b started"]);
    expect(two.a.status()["health"]).toBe("fault");
    two.a.scripts.fails.clear();
    two.wire.run(31_000);
    expect(running(two)).toBe(" | one,two,uno");
    expect(two.a.status()["health"]).toBe("ok");
  });

  test("does not keep an agent from ending, which says nothing then: the other node waits for its death", () => {
    const two = pair(GROUPS, STUBBORN);
    two.a.scripts.fails.add("stop one");
    two.a.stop();
    two.wire.run(1000);
    expect(two.a.exit).toBe(null);
    two.wire.run(1500);
    expect(two.a.exit).toBe(5);
    expect(running(two)).toBe("one | two");
    two.wire.run(DEADTIME + 1000);
    expect(running(two)).toBe("one | one,two,uno");
  });

  test("is not waited for by an agent that is told to stop again", () => {
    const two = pair();
    two.a.scripts.fails.add("stop uno");
    two.a.stop();
    two.wire.run(100);
    two.a.stop();
    expect(two.a.exit).toBe(5);
  });
});

describe("a script that hangs", () => {
  const TIMES = 'resource_scripts = { start_timeout = "60s", stop_timeout = "60s", status_timeout = "20s" }';

  test("is named in the log once, before it is killed, and in the status with how long it runs", () => {
    const two = pair(GROUPS, TIMES);
    two.a.scripts.hangs.add("stop uno");
    two.a.request(standby("local"));
    two.wire.run(1000);
    expect(details(two.a)).toEqual(["", ""]);
    two.wire.run(8000);
    expect([details(two.a)[0], two.a.said("resource.slow")]).toEqual([
      "stop of probe::uno runs for 9s, killed after 60s",
      [],
    ]);
    two.wire.run(50_000);
    expect(two.a.said("resource.slow")).toEqual(["probe::one probe::uno stop 10000 60000"]);
    two.wire.run(2000);
    expect(two.a.said("resource.failed").join()).toContain("probe::one probe::uno stop 60000 timeout");
  });

  test("is told also of a status, and of an agent that began only now", () => {
    const two = pair(GROUPS, TIMES);
    two.a.kill();
    two.a.scripts.hangs.add("status uno");
    two.a.start();
    two.wire.run(15_000);
    expect(rows(two.a)[0]).toBe("probe::one - unknown");
    expect(details(two.a)[0]).toBe(
      "this node looks what an earlier agent left running; status of probe::uno runs for 15s, killed after 20s",
    );
    expect(two.a.said("resource.slow")).toEqual(["probe::one probe::uno status 10000 20000"]);
    two.wire.run(10_000);
    expect(two.a.said("resource.failed").join()).toContain("probe::one probe::uno status 20000 timeout");
  });

  test("that may take less is told at half of that", () => {
    const two = pair(GROUPS, 'resource_scripts = { stop_timeout = "6s" }');
    two.a.scripts.hangs.add("stop uno");
    two.a.request(standby("local"));
    two.wire.run(4000);
    expect(two.a.said("resource.slow")).toEqual(["probe::one probe::uno stop 3000 6000"]);
  });
});

describe("the status of a group in trouble says what helps", () => {
  test("that is stuck, or waits for its next try", () => {
    const two = pair(GROUPS, 'resource_scripts = { stop_tries = 2, pause = "4s" }');
    two.a.scripts.fails.add("stop one");
    two.a.request(standby("local"));
    two.wire.run(1000);
    expect(details(two.a)[0]).toBe("stop of probe::one has failed once, next in 3s");
    two.wire.run(10_000);
    expect(details(two.a)[0]).toContain("probe::one does not stop, and the group goes nowhere before; cure:");
  });

  test("that failed: an operator can have it tried again where it is", () => {
    const two = pair(GROUPS, 'resource_scripts = { on_failure = "stay" }');
    two.b.scripts.fails.add("start one");
    asked(two, two.a, standby("local"));
    expect(details(two.b)[0]).toBe("probe::one did not start: haagent takeover tries it here again");
    two.wire.run(60_000);
    const takeover = { command: "takeover", name: "probe::one", force: false } as const;
    expect(two.b.request(takeover).body).toMatchObject({ tried_again: ["probe::one"] });
    two.wire.run(1000);
    expect(rows(two.b)[0]).toBe("probe::one - failed");
    two.b.scripts.fails.clear();
    two.b.request(takeover);
    two.wire.run(1000);
    expect(running(two)).toBe(" | one,two,uno");
    expect(two.b.said("resource.move").join()).not.toContain("not moved");
  });

  test("that failed and goes to the other node, or is barred", () => {
    const two = pair();
    two.b.scripts.fails.add("start one");
    asked(two, two.a, standby("local"));
    expect(details(two.b)[0]).toMatch(
      /^probe::one did not start: goes to a where that takes it in \d+s, or haagent takeover tries it here$/,
    );
    const shared = pair(["a drbddisk::r0", "b probe::two"]);
    partition(shared);
    shared.a.kill();
    shared.wire.run(10_000);
    expect(details(shared.b)[0]).toContain("look at it, then haagent takeover");
  });
});

describe("what the other node holds up", () => {
  test("is said, and a move that lasts is no healthy one", () => {
    const two = pair(GROUPS, 'resource_scripts = { stop_timeout = "10m" }');
    two.a.scripts.hangs.add("stop one");
    two.a.request(standby("local"));
    two.wire.run(20_000);
    expect([rows(two.b)[0], details(two.b)[0]]).toEqual([
      "probe::one - moving",
      "a stops it for 20s: haagent status there says why",
    ]);
    expect(two.b.status()["health"]).toBe("ok");
    two.wire.run(12_000);
    expect(two.b.status()["health"]).toBe("degraded");
  });

  test("is said while two that begin agree", () => {
    const wire = new Wire();
    const a = wire.node("a", text());
    wire.node("b", text());
    wire.run(3000);
    expect([rows(a)[0], details(a)[0]]).toEqual([
      "probe::one - stopped",
      "the two nodes agree on who runs what, which takes ten seconds",
    ]);
  });

  test("is said of an address whose interface is no use", () => {
    const two = pair(["a 10.0.0.77/24/eth0", "b probe::two"]);
    for (const link of two.a.kernel.links) two.a.handle({ kind: "link", link: { ...link, carrier: false } });
    expect(details(two.a)[0]).toBe("10.0.0.77 is no use: interface eth0 has no carrier");
  });
});

describe("the cause of a move is the one that it has", () => {
  const causes = (node: WireNode): string[] =>
    node.said("resource.state").filter((words) => words.includes(" stopping started "));

  test("whatever the other node asks for at the same time", () => {
    const two = pair();
    for (const node of [two.a, two.b]) node.request(standby("local"));
    two.wire.run(1000);
    expect(two.a.said("resource.state").slice(-2)).toEqual([
      "probe::one stopping started standby by the operator",
      "probe::one stopped stopping standby by the operator",
    ]);
    expect(two.b.said("resource.state").at(-1)).toBe("probe::one started starting a gives");
  });

  test("of ping nodes", () => {
    const two = pair(GROUPS, 'ping_nodes = ["10.9.9.9"]');
    two.wire.answers = (_, node) => node !== two.a;
    two.wire.run(10_000);
    expect(causes(two.a)).toEqual(["probe::one stopping started b hears more ping nodes"]);
  });

  test("of a node that is back, and of what does not start", () => {
    const two = pair();
    two.b.kill();
    two.wire.run(5000);
    two.b.start();
    two.wire.run(BEGUN);
    expect(causes(two.a)).toEqual(["probe::two stopping started b is back, and preferred"]);
    two.a.kill();
    two.a.scripts.fails.add("start one");
    two.wire.run(10_000);
    two.a.start();
    two.wire.run(BEGUN + 40_000);
    expect(two.a.said("resource.state").at(-1)).toBe(
      "probe::one stopped failed what did not start here goes to b",
    );
  });
});
