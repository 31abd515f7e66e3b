/** The fence between a death and a takeover, each node a whole agent: who shoots when, and what a failure keeps from moving. */
import { describe, expect, test } from "bun:test";
import type { WireNode } from "./cluster-wire.ts";
import type { Pair } from "./resource-pair.ts";
import { DEADTIME, GROUPS, pair, running, text } from "./resource-pair.ts";

const fence = (more = ""): string => `fence = { command = ["/fence.sh", "-v"]${more} }`;
/** The commands that a node started, and what became of them. */
const shots = (node: WireNode): string[] => node.fences.splice(0);
/** Of the preferred node, `a`, none. */
const DELAY = 5000;
const RETRY = 5000;
/** From the last status of a node until it is dead for sure. */
const DEAD = DEADTIME + 1000;

let run = 0;
/** The command that runs has ended. */
function ends(node: WireNode, failure: string | null = null): void {
  const detail = failure === null ? null : `/fence.sh: ${failure}`;
  node.handle({ kind: "heartbeat", what: "fenced", run: ++run, failure: detail, output: "said so\n" });
}

function fenced(more = ""): Pair {
  run = 0;
  return pair(GROUPS, fence(more));
}
const fenceOf = (node: WireNode): unknown => Object(node.status()["heartbeat"]).fence;
const confirm = (node: WireNode, name: string): readonly [number, string] => {
  const { exit, body } = node.request({ command: "fence-confirm", name });
  return [exit, JSON.stringify(body)];
};

describe("a node that is not heard", () => {
  test("is fenced at once by the one that is preferred, and nothing is taken before that is sure", () => {
    const two = fenced();
    two.b.kill();
    two.wire.run(DEAD);
    expect(shots(two.a)).toEqual(["/fence.sh -v b"]);
    two.wire.run(60_000);
    expect(running(two)).toStartWith("one,uno |");
    expect(fenceOf(two.a)).toEqual({ node: "b", state: "running", failed: 0, next_in_ms: null });
    ends(two.a);
    two.wire.run(100);
    expect(running(two)).toStartWith("one,two,uno |");
    expect(fenceOf(two.a)).toBe(null);
    expect(two.a.said("resource.fence").at(-2)).toContain("said so");
  });

  test("is fenced later by the other one, which is dead by then if it was the other way round", () => {
    const two = fenced();
    two.a.kill();
    two.wire.run(DEADTIME);
    two.wire.run(DELAY - 1000);
    expect(shots(two.b)).toEqual([]);
    two.wire.run(2000);
    expect(shots(two.b)).toEqual(["/fence.sh -v a"]);
  });

  test("is not fenced when it has left", () => {
    const two = fenced();
    two.b.stop();
    two.wire.run(20_000);
    expect(two.b.exit).toBe(0);
    expect(running(two)).toBe("one,two,uno | ");
    expect(shots(two.a)).toEqual([]);
  });

  test("is fenced, too, when it was never heard", () => {
    const two = fenced();
    two.b.kill();
    two.a.kill();
    two.a.scripts.running.clear();
    two.a.start();
    two.wire.run(20_000);
    expect(shots(two.a)).toContain("/fence.sh -v b");
    expect(running(two)).toStartWith(" |");
  });

  test("is spared when it is heard again, and the command is killed", () => {
    const two = fenced();
    two.wire.passes = () => false;
    two.wire.run(DEAD);
    expect(shots(two.a)).toEqual(["/fence.sh -v b"]);
    two.wire.passes = () => true;
    two.wire.run(10_000);
    expect(shots(two.a)).toEqual(["cancel"]);
    ends(two.a);
    two.wire.run(1000);
    expect(running(two)).toBe("one,uno | two");
  });
});

describe("a node that none of its ping nodes answers", () => {
  const WITNESS = 'ping_nodes = ["192.0.2.1"]\n';
  /** deadtime, delay, three runs of 20 s with 5 s between them, two keepalives. */
  const BLIND = DEADTIME + DELAY + 70_000 + 1000;

  /** Nothing passes between the two, and the gateway answers whom it does. */
  function cut(answers: (two: Pair, node: WireNode) => boolean): Pair {
    run = 0;
    const two = pair(GROUPS, WITNESS + fence());
    two.wire.passes = () => false;
    two.wire.answers = (_, to) => answers(two, to);
    two.wire.run(DEAD);
    return two;
  }

  test("leaves it to the other one to fence it, and says so", () => {
    const two = cut(({ b }, to) => to === b);
    two.wire.run(DELAY);
    expect([shots(two.a), shots(two.b)]).toEqual([[], ["/fence.sh -v a"]]);
    const { state, next_in_ms } = Object(fenceOf(two.a));
    expect(state).toBe("blind");
    expect(next_in_ms).toBeWithin(60_000, BLIND);
    expect(two.a.said("resource.fence").at(-1)).toContain(
      "one does, b is heard, or haagent fence confirm b; at the latest in",
    );
    expect(two.a.status()["health"]).toBe("degraded");
    ends(two.b);
    two.a.kill();
    two.wire.run(100);
    expect(running(two)).toEndWith("one,two,uno");
  });

  test("is fenced without a wait by one that the gateway answers, the first time that it asks after the silence", () => {
    const two = cut(({ a }, to) => to === a);
    expect([shots(two.a), shots(two.b)]).toEqual([["/fence.sh -v b"], []]);
  });

  test("fences in the end where nobody fenced it, and earlier where the gateway is back", () => {
    const two = cut(() => false);
    two.wire.run(BLIND - DEAD);
    expect([shots(two.a), shots(two.b)]).toEqual([[], []]);
    two.wire.run(DEAD);
    expect(shots(two.a)).toEqual(["/fence.sh -v b"]);
    expect(shots(two.b)).toEqual([]);
    two.wire.answers = () => true;
    two.wire.run(DEADTIME - 1000);
    expect(shots(two.b)).toEqual([]);
    two.wire.run(3000);
    expect(shots(two.b)).toEqual(["/fence.sh -v a"]);
  });

  test("shoots nobody as the switch comes back that parted it from the other one, whom it hears next", () => {
    const two = cut(() => false);
    two.wire.run(10_000);
    two.wire.answers = () => true;
    two.wire.run(900);
    two.wire.passes = () => true;
    two.wire.run(60_000);
    expect([shots(two.a), shots(two.b)]).toEqual([[], []]);
  });

  test("and that slept until it was to fence waits anew", () => {
    const two = cut(() => false);
    two.a.freeze();
    two.b.freeze();
    two.wire.run(2 * BLIND);
    two.a.thaw();
    two.wire.run(BLIND - DEAD);
    expect(shots(two.a)).toEqual([]);
    two.wire.run(DEAD);
    expect(shots(two.a)).toEqual(["/fence.sh -v b"]);
  });

  test("and that has not met the other one in its life waits for somebody's word, and that is an alarm", () => {
    const two = cut(() => false);
    two.a.kill();
    two.a.start();
    two.wire.run(600_000);
    shots(two.b);
    expect(shots(two.a)).toEqual([]);
    expect(fenceOf(two.a)).toEqual({ node: "b", state: "blind", failed: 0, next_in_ms: null });
    expect(two.a.status()["health"]).toBe("fault");
    expect(confirm(two.a, "b")[0]).toBe(0);
    two.wire.run(1000);
    expect(running(two)).toStartWith("one,two,uno |");
  });
});

describe("a fence that fails", () => {
  /** As often as it takes. */
  function fails(two: Pair): void {
    two.b.kill();
    two.wire.run(DEAD);
    for (let tries = 1; tries <= 3; tries++) {
      expect(shots(two.a)).toEqual(["/fence.sh -v b"]);
      ends(two.a, "exit 1");
      two.wire.run(tries < 3 ? RETRY : 0);
    }
  }

  test("keeps everything where it is, is an alarm, and is tried again", () => {
    const two = fenced();
    fails(two);
    expect(fenceOf(two.a)).toEqual({ node: "b", state: "blocked", failed: 3, next_in_ms: RETRY });
    expect(two.a.status()["health"]).toBe("fault");
    expect(two.a.said("resource.fence").at(-1)).toContain("haagent fence confirm b");
    two.wire.run(RETRY);
    expect(shots(two.a)).toEqual(["/fence.sh -v b"]);
    expect(two.a.status()["health"]).toBe("fault");
    expect(running(two)).toStartWith("one,uno |");
    ends(two.a);
    two.wire.run(100);
    expect(running(two)).toStartWith("one,two,uno |");
    expect(two.a.status()["health"]).toBe("degraded");
  });

  test("says little while it goes on failing, and never what its arguments are", () => {
    const two = fenced(', retry = "1s", tries = 1');
    two.b.kill();
    two.wire.run(DEAD);
    const { length } = two.a.said("resource.fence");
    for (let tries = 0; tries < 120; tries++) {
      ends(two.a, "exit 1");
      two.wire.run(1000);
    }
    expect(shots(two.a).length).toBe(121);
    const said = two.a.said("resource.fence");
    expect(said.length - length).toBeLessThan(12);
    expect(said.join()).not.toContain("-v");
  });

  test("is made good by an operator, who kills what runs of it", () => {
    const two = fenced();
    expect(confirm(two.a, "b")).toEqual([1, '{"error":"nothing waits for b to be fenced"}']);
    fails(two);
    two.wire.run(RETRY);
    shots(two.a);
    expect(confirm(two.a, "c")).toEqual([1, '{"error":"no node is called c; there is b"}']);
    expect(confirm(two.a, "a")).toEqual([1, '{"error":"a is this node"}']);
    expect(confirm(two.a, "B")).toEqual([0, '{"confirmed":["b"]}']);
    two.wire.run(100);
    expect(shots(two.a)).toEqual(["cancel"]);
    expect(running(two)).toStartWith("one,two,uno |");
    expect(confirm(two.a, "b")[0]).toBe(1);
  });

  test("keeps nothing with on_failure proceed, and says so", () => {
    const two = fenced(', on_failure = "proceed"');
    fails(two);
    two.wire.run(100);
    expect(running(two)).toStartWith("one,two,uno |");
    expect(two.a.said("resource.fence").at(-1)).toContain("nobody made sure");
  });

  test("keeps nothing any more when a reload takes it away", () => {
    const two = fenced();
    fails(two);
    two.a.reload(text(GROUPS));
    two.wire.run(1000);
    expect(running(two)).toStartWith("one,two,uno |");
    expect(two.a.said("resource.fence").at(-1)).toContain("nobody made sure");
  });

  test("holds up nobody who leaves, and does not outlive him", () => {
    const two = fenced();
    two.b.kill();
    two.wire.run(DEAD);
    shots(two.a);
    two.a.stop();
    two.wire.run(1000);
    expect([two.a.exit, shots(two.a)]).toEqual([0, ["cancel"]]);
  });
});
