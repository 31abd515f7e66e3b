/** Groups of resources between two agents: where they run, orders, reloads. */
import { describe, expect, test } from "bun:test";
import type { Reply, Request } from "../../src/agent/boundary.ts";
import { Wire } from "./cluster-wire.ts";
import type { Pair } from "./resource-pair.ts";
import { asked, BEGUN, GROUPS, pair, rows, running, standby, text } from "./resource-pair.ts";

describe("groups", () => {
  test("run on the node that each prefers, and both know where", () => {
    const two = pair();
    expect(running(two)).toBe("one,uno | two");
    for (const node of [two.a, two.b]) {
      expect(rows(node)).toEqual(["probe::one a started", "probe::two b started"]);
      expect(node.status()["health"]).toBe("ok");
    }
  });

  test("that an earlier agent left are stopped before it takes part, and start where they belong", () => {
    const two = pair();
    two.a.kill();
    two.wire.run(500);
    two.a.scripts.ran.length = 0;
    two.a.start();
    two.wire.run(BEGUN);
    expect(two.a.scripts.ran).toEqual(["stop uno", "stop one", "start one", "start uno"]);
    expect(running(two)).toBe("one,uno | two");
  });

  test("that an earlier agent left are stopped also by one that is told to stop before it has begun", () => {
    const two = pair();
    two.a.kill();
    two.a.start();
    two.a.stop();
    two.wire.run(BEGUN);
    expect(two.a.exit).toBe(0);
    expect(running(two)).toBe(" | one,two,uno");
  });

  test("go to the other node at once when an agent stops, and it ends well", () => {
    const two = pair();
    two.b.stop();
    two.wire.run(1000);
    expect(two.b.exit).toBe(0);
    expect(running(two)).toBe("one,two,uno | ");
    expect(two.a.said("resource.state")).toContain("probe::two started starting b has stopped");
  });

  test("that do not start go to the other node, and `why` says so", () => {
    const two = pair();
    two.b.scripts.fails.add("start two");
    expect(asked(two, two.b, standby("local")).exit).toBe(0);
    asked(two, two.a, { command: "standby", name: "probe::two" });
    expect(rows(two.b)).toContain("probe::two - failed");
    expect(two.b.status()["health"]).toBe("fault");
    two.wire.run(31_000);
    expect(running(two)).toBe("one,two,uno | ");
    const { body } = two.b.request({ command: "why", name: "probe::two" });
    const { transitions }: { transitions: readonly { to: string; reason: string }[] } = Object(body);
    expect(transitions.map(({ to, reason }) => `${to}: ${reason}`)).toContain(
      "failed: probe::two did not start",
    );
  });
});

describe("an order", () => {
  test("is answered when the other node has agreed", () => {
    const two = pair();
    expect(asked(two, two.a, standby())).toEqual({ exit: 0, body: { standby: ["probe::one"] } });
    expect(running(two)).toBe(" | one,two,uno");
    const takeover: Request = { command: "takeover", name: null, groups: "all", force: false };
    const groups = ["probe::one", "probe::two"];
    expect(asked(two, two.a, takeover)).toEqual({ exit: 0, body: { takeover: groups } });
    expect(running(two)).toBe("one,two,uno | ");
    expect(asked(two, two.a, takeover)).toEqual({
      exit: 0,
      body: { already_here: groups, allowed_again: [], tried_again: [] },
    });
  });

  test("without a name is for virtual routers and groups; what those refuse stays refused", () => {
    const router = '[vrrp.VI]\ninterface = "eth0"\nvrid = 1\naddresses = ["10.9.9.9/24"]\n';
    const two = pair(GROUPS, router);
    expect(asked(two, two.a, standby())).toEqual({ exit: 0, body: { standby: ["VI", "probe::one"] } });
    expect(running(two)).toBe(" | one,two,uno");
    const { links } = two.a.kernel;
    for (const link of links) two.a.handle({ kind: "link", link: { ...link, carrier: false } });
    const reply = asked(two, two.a, { command: "takeover", name: null, force: false });
    const refused = [expect.stringContaining("VI is in fault")];
    expect(reply).toMatchObject({ exit: 1, body: { takeover: ["probe::one", "probe::two"], refused } });
  });

  test("for one group is for all that prefer the same node", () => {
    const two = pair(["a probe::one", "a probe::three", "b probe::two"]);
    const reply = asked(two, two.a, { command: "standby", name: "probe::three" });
    expect(reply).toEqual({ exit: 0, body: { standby: ["probe::one", "probe::three"] } });
    expect(running(two)).toBe(" | one,three,two");
  });

  test("is refused with the reason", () => {
    const two = pair();
    const why = (reply: Reply): unknown => [reply.exit, Object(reply.body)];
    two.wire.passes = () => false;
    two.wire.run(1000);
    expect(why(asked(two, two.a, standby("local")))).toEqual([
      1,
      { refused: ["probe::one: b has not agreed to take them"] },
    ]);
    two.wire.run(10_000);
    expect(why(asked(two, two.a, standby("local")))).toEqual([
      1,
      { refused: ["probe::one: b is not there"] },
    ]);
    const unknown = two.a.request({ command: "standby", name: "probe::nine" });
    expect(unknown.body).toEqual({
      error: "no virtual router or group of resources is called probe::nine",
    });
    expect(Object(two.a.request({ command: "standby", name: "local" }).body).error).toEndWith(
      "is called local; did you mean --groups local?",
    );
  });

  test("that both nodes are given at once is carried out on one, and refused with the reason on the other", () => {
    const two = pair();
    const [first, second] = [two.a, two.b].map((node) => [node, node.replies.length] as const);
    for (const node of [two.a, two.b]) node.request(standby());
    two.wire.run(1000);
    const answers = [first, second].map((each) => each?.[0].replies[each[1]]);
    expect(answers).toEqual([
      { exit: 0, body: { standby: ["probe::one"] } },
      { exit: 1, body: { refused: ["probe::two: a asked at the same time to give what it has"] } },
    ]);
    expect(running(two)).toBe(" | one,two,uno");
  });

  test("is refused in the old way of auto_failback", () => {
    const two = pair(GROUPS, 'auto_failback = "legacy"');
    expect(running(two)).toBe("one,uno | two");
    expect([rows(two.a), two.a.status()["health"]]).toEqual([
      ["probe::one a started", "probe::two b started"],
      "ok",
    ]);
    const reply = asked(two, two.a, standby());
    expect([reply.exit, JSON.stringify(reply.body)]).toEqual([1, expect.stringContaining("stop the agent")]);
  });
});

describe("a reload", () => {
  const both = (two: Pair, resources: readonly string[], more = ""): void => {
    for (const node of [two.a, two.b]) {
      node.reload(text(resources, more));
      two.wire.run(1000);
    }
  };

  test("adds groups where they belong, and takes others away", () => {
    const two = pair();
    both(two, [...GROUPS, "b probe::three"]);
    expect(running(two)).toBe("one,uno | three,two");
    both(two, ["b probe::three"]);
    expect(running(two)).toBe(" | three");
    expect(rows(two.a)).toEqual(["probe::three b started"]);
    both(two, []);
    expect([running(two), rows(two.b)]).toEqual([" | ", []]);
    both(two, GROUPS);
    expect(running(two)).toBe("one,uno | two");
  });

  test("stops a changed group as it was, and starts it as it is", () => {
    const two = pair();
    two.a.scripts.ran.length = 0;
    both(two, ["a probe::one probe::eins probe::uno", "b probe::two"]);
    expect(two.a.scripts.ran).toEqual(["stop uno", "stop one", "start one", "start eins", "start uno"]);
  });

  test("that is taken back while a group stops starts it again", () => {
    const two = pair();
    two.a.scripts.fails.add("stop uno");
    two.a.reload(text(["b probe::two"]));
    two.wire.run(1500);
    two.a.reload(text());
    two.a.scripts.fails.clear();
    two.wire.run(5000);
    expect(running(two)).toBe("one,uno | two");
  });

  test("begins with groups where there were none", () => {
    const wire = new Wire();
    const two = { wire, a: wire.node("a", text([])), b: wire.node("b", text([])) };
    wire.run(BEGUN);
    both(two, GROUPS);
    wire.run(BEGUN);
    expect(running(two)).toBe("one,uno | two");
  });

  test("of what the other node would not know is refused, and changes nothing", () => {
    const two = pair();
    const wrong: readonly (readonly [string, string])[] = [
      [
        text(["b probe::one probe::uno", "b probe::two"]),
        "the group probe::one cannot prefer b instead of a",
      ],
      [text(GROUPS, 'auto_failback = "legacy"'), 'auto_failback cannot become or cease to be "legacy"'],
      ['[vrrp.x]\ninterface = "eth0"\nvrid = 1\naddresses = ["10.9.9.9/24"]\n', "[heartbeat] cannot go"],
      [
        text().replace('["a", "b"]', '["a", "c"]').replaceAll('"b probe', '"c probe'),
        "heartbeat.nodes cannot",
      ],
    ];
    for (const [config, reason] of wrong) {
      two.a.reload(config);
      const reply = two.a.replies.at(-1);
      expect([reply?.exit, JSON.stringify(reply?.body)]).toEqual([
        1,
        expect.stringContaining(JSON.stringify(reason).slice(1, -1)),
      ]);
      two.wire.run(5000);
      expect(running(two)).toBe("one,uno | two");
    }
  });
});

test("a node whose groups have left rests while a router's before_release goes on", () => {
  const router =
    '[vrrp.VI]\ninterface = "eth0"\nvrid = 1\naddresses = ["10.9.9.9/24"]\nhooks = { before_release = ["/bin/flush"] }\n';
  const two = pair(GROUPS, router);
  const master = two.a.router("VI")["state"] === "master" ? two.a : two.b;
  master.stop();
  // A turn that asks for another one at once, and so on, is no rest.
  two.wire.run(5000);
  expect([master.exit, [...master.scripts.running]]).toEqual([null, []]);
  expect(master.wakeAt).toBeGreaterThan(two.wire.now);
});
