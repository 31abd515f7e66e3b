/** A virtual service that goes with a group of resources: between two agents of a cluster, each with a table of its own. */
import { describe, expect, test } from "bun:test";
import { asked, BEGUN, GROUPS, standby, text } from "./resource-pair.ts";
import { TestTable } from "./table.ts";
import type { WireNode } from "./cluster-wire.ts";
import { Wire } from "./cluster-wire.ts";

const SERVICE = `[virtual_server.web]
address = "10.0.0.1:80"
real_servers = ["10.0.0.2:80"]
active_when = "probe::two"
`;

/** Two agents with the service, of which `b` is the one that its group prefers. */
function pair(more = "") {
  const wire = new Wire();
  const nodes = ["a", "b"].map((name) => wire.node(name, text(GROUPS, SERVICE + more)));
  const tables = nodes.map(
    (node) => new TestTable({ actions: node.actions, event: (event) => node.handle(event) }),
  );
  const [a, b] = nodes;
  if (a === undefined || b === undefined) throw new Error("two nodes");
  /** Runs on, with the tables answering; gives how many services each has, whenever that changed. */
  const run = (milliseconds: number): string[] => {
    const seen: string[] = [];
    for (let at = 0; at < milliseconds; at += 10) {
      wire.run(10);
      for (const kernel of tables) kernel.answer();
      const now = tables.map(({ entries }) => entries.length).join();
      if (now !== seen.at(-1)) seen.push(now);
    }
    return seen;
  };
  return { wire, a, b, tables, run };
}

const active = (node: WireNode): unknown => {
  const { services } = node.status();
  return Array.isArray(services) ? Object(services[0]).active : null;
};

describe("a virtual service of a group of resources", () => {
  test("is in the kernel where the group runs, and nowhere before", () => {
    const { a, b, run } = pair();
    expect(run(BEGUN)).toEqual(["0,0", "0,1"]);
    expect([active(a), active(b)]).toEqual([false, true]);
  });

  test("goes with the group to the other node, and is never on both", () => {
    const two = pair();
    two.run(BEGUN);
    asked(two, two.b, standby());
    const seen = two.run(5000);
    expect(seen.at(-1)).toBe("1,0");
    expect(seen).not.toContain("1,1");
    expect([active(two.a), active(two.b)]).toEqual([true, false]);
  });

  test("is taken over with the group from a node that died", () => {
    const two = pair();
    two.run(BEGUN);
    two.b.kill();
    expect(two.run(20_000).at(-1)).toBe("1,1");
    expect(active(two.a)).toBe(true);
  });

  test("is left as it was found while nobody knows where the group is, and goes when it is found to run elsewhere", () => {
    const two = pair();
    two.run(BEGUN);
    asked(two, two.b, standby());
    two.run(5000);
    two.a.kill();
    expect(two.tables.map(({ entries }) => entries.length)).toEqual([1, 0]);
    two.run(20_000);
    two.a.start();
    const seen = two.run(BEGUN);
    expect(seen.at(-1)).toBe("0,1");
  });
});
