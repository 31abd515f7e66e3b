/** What the next agent knows of groups that were started before it: after a kill, under another configuration, with a disk that fails. */
import { describe, expect, test } from "bun:test";
import { leftReader } from "../../src/agent/resource/left.ts";
import type { WireNode } from "./cluster-wire.ts";
import { BEGUN, GROUPS, pair, rows, running, text } from "./resource-pair.ts";

interface Kept {
  readonly started?: readonly {
    readonly resources: readonly string[];
    readonly directories: readonly string[];
  }[];
}
/** What its disk says that was started on a node. */
const started = (node: WireNode): string[] => {
  const kept: Kept = JSON.parse(node.disk.resources ?? "{}");
  return (kept.started ?? []).map(({ resources }) => resources.join(" "));
};
/** An agent that is killed, and another one with another configuration in its place. */
function killed(node: WireNode, text: string): void {
  node.kill();
  node.text = text;
  node.start();
}

describe("a group that was started", () => {
  test("is kept, with all that is needed to stop it, as long as it runs", () => {
    const two = pair();
    expect(started(two.a)).toEqual(["probe::one probe::uno"]);
    expect(started(two.b)).toEqual(["probe::two"]);
    expect(two.a.disk.resources).toContain('"directories":["/etc/ha.d/resource.d","/etc/init.d"]');
    two.b.stop();
    two.wire.run(10_000);
    expect(started(two.b)).toEqual([]);
    expect(started(two.a)).toEqual(["probe::one probe::uno", "probe::two"]);
  });

  test("is started when that is on the disk, and not before", () => {
    const two = pair(GROUPS);
    two.b.kill();
    two.b.scripts.running.clear();
    two.b.disk.resources = null;
    two.b.disk.hangs = true;
    two.b.start();
    for (let waits = 0; waits < 300 && started(two.b).length === 0; waits++) two.wire.run(100);
    expect(started(two.b)).toEqual(["probe::two"]);
    two.wire.run(4000);
    expect(running(two)).toBe("one,uno | ");
  });

  test("is stopped by the next agent whose configuration has it no more, from right to left, before that takes part", () => {
    const two = pair();
    two.a.scripts.ran.length = 0;
    const without = text(["a probe::other", "b probe::two"]);
    two.b.reload(without);
    killed(two.a, without);
    two.wire.run(BEGUN);
    expect(two.a.scripts.ran.slice(0, 2)).toEqual(["stop uno", "stop one"]);
    expect(running(two)).toBe("other | two");
    expect(started(two.a)).toEqual(["probe::other"]);
    expect(rows(two.a).map((row) => row.split(" ")[0])).toEqual(["probe::other", "probe::two"]);
  });

  test("is stopped as it was, and started as it is, where the configuration has it otherwise by now", () => {
    const two = pair();
    two.a.scripts.ran.length = 0;
    killed(two.a, text(["a probe::one probe::ein", "b probe::two"]));
    two.wire.run(BEGUN);
    expect(two.a.scripts.ran).toEqual(["stop uno", "stop one", "start one", "start ein"]);
  });

  test("is stopped where the configuration has no group at all any more", () => {
    const two = pair();
    killed(two.a, text([]));
    two.wire.run(BEGUN);
    expect([...two.a.scripts.running]).toEqual([]);
    expect(started(two.a)).toEqual([]);
  });

  test("and cannot be stopped is an alarm, and keeps the node from taking part", () => {
    const two = pair();
    two.a.scripts.fails.add("stop uno");
    killed(two.a, text(["b probe::two"]));
    two.wire.run(BEGUN);
    expect([...two.a.scripts.running]).toEqual(["one", "uno"]);
    expect(rows(two.a)[1]).toBe("probe::one a stuck");
    expect(two.a.status()["health"]).toBe("fault");
    expect(started(two.a)).toEqual(["probe::one probe::uno"]);
    // And the one after that knows it still.
    killed(two.a, text(["b probe::two"]));
    two.a.scripts.fails.clear();
    two.wire.run(BEGUN);
    expect([...two.a.scripts.running]).toEqual([]);
  });

  test("is not forgotten by an agent that is killed before it has looked whether it runs", () => {
    const two = pair();
    two.a.scripts.hangs.add("status uno");
    killed(two.a, text(["b probe::two"]));
    two.wire.run(BEGUN);
    expect(started(two.a)).toEqual(["probe::one probe::uno"]);
  });

  test("is looked for where it was found when it was started", () => {
    const two = pair(GROUPS);
    const elsewhere = text(["b probe::two"], 'resource_dirs = ["/srv/resources"]');
    two.a.actions.length = 0;
    killed(two.a, elsewhere);
    two.wire.run(BEGUN);
    const jobs = two.a.actions.flatMap((action) =>
      action.kind === "resource" && action.job.type === "script"
        ? [`${action.job.args.join()} ${action.job.directories.join()}`]
        : [],
    );
    expect(jobs).toContain("uno /etc/ha.d/resource.d,/etc/init.d");
    expect(jobs).toContain("two /srv/resources");
  });

  test("does not run in another boot, which nobody looks for", () => {
    const two = pair();
    two.a.scripts.running.clear();
    two.a.scripts.ran.length = 0;
    two.a.disk.bootId = "another net:[1]";
    killed(two.a, text(["b probe::two"]));
    two.wire.run(BEGUN);
    expect(rows(two.a)).toEqual(["probe::two b started"]);
  });

  test("is told where nobody can be told of it: with three nodes groups have no place", () => {
    const two = pair();
    killed(two.a, text([]).replace('["a", "b"]', '["a", "b", "c"]'));
    two.wire.run(BEGUN);
    expect(two.a.said("resource.left").join()).toContain("probe::one");
  });

  test("is not known where the file is damaged, and that is told", () => {
    const two = pair();
    const whole = two.a.disk.resources ?? "";
    for (const damaged of [
      "{",
      whole.slice(0, 100),
      whole.replace("probe::one", "pr/be"),
      whole.replace('"pause"', '"pauze"'),
    ]) {
      two.a.disk.resources = damaged;
      two.a.logs.length = 0;
      killed(two.a, text(["b probe::two"]));
      two.wire.run(1000);
      expect(two.a.said("agent.warning").join()).toContain("damaged");
    }
  });
});

describe("a release", () => {
  const reader = leftReader("a");

  test("is told what to stop from right to left, and not what was a state of the agent alone", () => {
    const two = pair(["a 192.0.2.9/24/eth0 probe::one Delay::1 probe::uno", "b probe::two"]);
    const kept = two.a.disk.resources ?? "";
    const [group, ...more] = reader.groups(kept, "boot") ?? [];
    expect(group?.resources.map((resource) => resource.text)).toEqual(["probe::uno", "probe::one"]);
    expect(group?.resources[0]?.job).toMatchObject({
      name: "probe",
      args: ["uno"],
      environment: { HA_CURHOST: "a" },
    });
    expect([group?.key, group?.tries, more]).toEqual(["192.0.2.9/24/eth0", 10, []]);
    expect(reader.groups(kept, "another")).toEqual([]);
    expect(reader.groups("{", "boot")).toBe(null);
    const rest = reader.without(kept, "boot", ["192.0.2.9/24/eth0"]);
    expect(rest).toBe('{"barred":[],"pinned":false}\n');
    expect(reader.without(kept, "boot", [])).toBe(kept);
  });
});

describe("a disk", () => {
  test("that takes nothing holds no service up, and is told once, in the log and the status, until it does again", () => {
    const two = pair();
    two.b.kill();
    two.b.scripts.running.clear();
    two.b.disk.resources = null;
    two.b.disk.fails = "ENOSPC";
    two.b.start();
    two.wire.run(BEGUN);
    expect(running(two)).toBe("one,uno | two");
    expect(two.b.status()["health"]).toBe("degraded");
    expect(Object(two.b.status()["heartbeat"]).unkept).toBe("ENOSPC");
    two.wire.run(100_000);
    expect(two.b.said("resource.unkept").length).toBe(1);
    two.b.disk.fails = null;
    two.wire.run(31_000);
    expect(two.b.status()["health"]).toBe("ok");
    expect(two.b.said("resource.kept").length).toBe(1);
    expect(started(two.b)).toEqual(["probe::two"]);
  });

  test("that does not answer holds a start up for five seconds", () => {
    const two = pair();
    two.b.kill();
    two.b.scripts.running.clear();
    two.b.disk.resources = null;
    two.b.disk.hangs = true;
    two.b.start();
    two.wire.run(BEGUN + 5000);
    expect(running(two)).toBe("one,uno | two");
    expect(two.b.said("resource.unkept").length).toBe(1);
    expect(two.b.status()["health"]).toBe("degraded");
  });
});
