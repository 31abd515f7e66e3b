/** Whose word counts, and of when: what guards and backups must not take for evidence. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { together } from "./cables.ts";
import { Wire } from "./cluster-wire.ts";
import { blocks, config, GATEWAY, pair as guarded, state, takes } from "./guard-scene.ts";
import { Lab } from "./harness.ts";
import { adverts } from "./sight.ts";
import { router } from "./text.ts";

/** Longer than a word takes from one box to the other, and far less than a skew. */
const MOMENT = 5;

const unplug = (box: Box): void => box.kernel.putLink({ ...box.kernel.link("eth1"), carrier: false });
const says = (bytes: Uint8Array, what: string): boolean =>
  new TextDecoder("latin1").decode(bytes).includes(what);

describe("a guard", () => {
  test("believes the next life of a master, which has said less than the one before", () => {
    const { wire, master, backup } = guarded();
    wire.run(30_000);
    master.kill();
    master.start();
    wire.run(6000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
    blocks(wire);
    wire.run(10_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
  });

  test("takes no witness's answer of the time before its router began to listen", () => {
    const wire = new Wire();
    const node = wire.node("a", config({ guard: [`ping:${GATEWAY}`], more: 'startup_delay = "30s"' }));
    wire.run(20_000);
    wire.answers = () => false;
    wire.run(60_000);
    expect(state(node)).toBe("backup");
    wire.answers = () => true;
    expect(takes(wire, node)).not.toBeNull();
  });

  test("goes on believing one master when another one gives way", () => {
    const nodes = ["a", "b", "c"];
    const wire = new Wire();
    const node = (name: string, priority: number) => wire.node(name, config({ priority, nodes }));
    const high = node("a", 150);
    wire.run(5000);
    const [low, other] = [node("b", 100), node("c", 110)];
    wire.run(20_000);
    blocks(wire);
    wire.run(30_000);
    // Those two hear nothing of each other for a while, and both of them are heard here.
    wire.passes = (_, from, to) => from === low || to === low;
    wire.run(20_000);
    expect([high, low, other].map((each) => state(each))).toEqual(["master", "backup", "master"]);
    wire.passes = () => true;
    wire.run(60_000);
    expect([high, low, other].map((each) => state(each))).toEqual(["master", "backup", "backup"]);
    expect(low.said("vrrp.state").filter((line) => line.includes(" master "))).toEqual([]);
  });

  test("tells routers of one VRID and two families apart, whatever their names", () => {
    const both = (priority: number, [four, six]: readonly [string, string]): string =>
      router({ priority, guard: ["heartbeat"] }, four) +
      router({ priority, guard: ["heartbeat"], addresses: ["fe80::1/64", "2001:db8::1/64"] }, six);
    const lab = new Lab();
    const { boxes } = together(lab, [both(150, ["a4", "a6"]), both(100, ["b4", "b6"])]);
    const [high, low] = boxes as [Box, Box];
    expect([high.state("a4"), high.state("a6")]).toEqual(["master", "master"]);
    high.cut = true;
    lab.run(30_000);
    expect([low.state("b4"), low.state("b6")]).toEqual(["backup", "backup"]);
    expect(high.ask({ command: "standby", name: "a6" }).exit).toBe(0);
    lab.run(10_000);
    expect([low.state("b4"), low.state("b6")]).toEqual(["backup", "master"]);
  });
});

describe("a word that a master released", () => {
  test("and that comes when it is master again, before it has said so, is not heeded", () => {
    const lab = new Lab();
    const { boxes, cables } = together(lab, [router({ priority: 150 }), router({ priority: 100 })]);
    const [high, low] = boxes as [Box, Box];
    lab.run(300);
    let lost = true;
    // It was lost and is said again; of what came after it nothing tells that it is master.
    cables.passes = (from) => {
      const bytes = cables.said.at(-1)?.bytes;
      return (
        from !== high ||
        bytes === undefined ||
        (!says(bytes, " master ") && !(lost && says(bytes, "released")))
      );
    };
    high.cut = true;
    high.ask({ command: "standby", name: null });
    lab.run(MOMENT);
    high.cut = false;
    high.ask({ command: "takeover", name: null, force: false });
    lab.run(100);
    lost = false;
    lab.run(5000);
    expect(low.logs("vrrp.released")).toHaveLength(1);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(adverts(low, lab.now - 5000)).toEqual([]);
  });

  test("is believed of neither of two nodes that say they have the same address", () => {
    const lab = new Lab();
    const { boxes } = together(
      lab,
      [150, 100, 90].map((priority) => router({ priority })),
    );
    const [high, low, third] = boxes as [Box, Box, Box];
    // A copy of the first one: its address on another machine, and what it says of itself.
    third.cut = true;
    third.kernel.add("eth1", "192.0.2.10/24");
    third.kernel.remove("eth1", "192.0.2.12/24");
    lab.run(10_000);
    expect([low.state(), third.state()]).toEqual(["backup", "master"]);
    unplug(third);
    lab.run(MOMENT);
    expect(third.state()).toBe("fault");
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(low.logs("vrrp.released")).toEqual([]);
  });
});
