/** Who would win, as far as a node knows. */
import { describe, expect, test } from "bun:test";
import type { ElectionReport } from "../../src/cli/report.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import type { Table } from "./text.ts";
import { router } from "./text.ts";

function electionOf(box: Box): ElectionReport {
  const { election } = box.router();
  if (election === undefined) throw new Error("the status has no election");
  return election;
}

/** `wins|loses: reason; priority address, …` with `*` at the node itself. */
function told(box: Box): string {
  const election = electionOf(box);
  const order = election.order.map(
    ({ address, priority, self }) => `${priority} ${address}${self ? "*" : ""}`,
  );
  return `${election.wins ? "wins" : "loses"}: ${election.reason}; ${order.join(", ")}`;
}

/** Two nodes, 192.0.2.11 and 192.0.2.12, that ran for a while. */
function pair(one: Table, other: Table): { lab: Lab; left: Box; right: Box } {
  const lab = new Lab();
  const left = lab.box(router(one));
  const right = lab.box(router(other));
  left.start();
  right.start();
  lab.run(15_000);
  return { lab, left, right };
}

describe("the prospect", () => {
  test("of a node that hears nobody is to win", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(5000);
    expect(told(box)).toMatch(/^wins: no other heard; 100 \S+\*$/);
  });

  test("of a backup names its master first", () => {
    const { right } = pair({ priority: 150 }, { priority: 120 });
    expect(told(right)).toMatch(/^loses: lower priority; 150 \S+, 120 \S+\*$/);
    expect(electionOf(right).order[0]?.last_heard_ms).toBeLessThanOrEqual(1000);
    expect(electionOf(right).order[1]?.last_heard_ms).toBeNull();
  });

  test("of equals is a matter of addresses", () => {
    const { left, right } = pair({}, {});
    const [winner, loser] = left.state() === "master" ? [left, right] : [right, left];
    expect(told(loser)).toContain("loses: equals: lower address; ");
    expect(told(winner)).toContain("wins: ");
  });

  test("of equals that are sticky is that the master stays", () => {
    const { left, right } = pair({ tie: "sticky" }, { tie: "sticky" });
    const loser = left.state() === "master" ? right : left;
    expect(told(loser)).toContain("loses: equals: the running master stays; ");
  });

  test("of a better node that does not preempt is that the master stays", () => {
    const lab = new Lab();
    const low = lab.box(router({ priority: 100 }));
    low.start();
    lab.run(5000);
    const high = lab.box(router({ priority: 150, preempt: false }));
    high.start();
    lab.run(5000);
    expect(high.state()).toBe("backup");
    expect(told(high)).toContain("loses: preempt = false: the running master stays; 150 ");
  });

  test("of a better node while it waits to preempt is to win", () => {
    const lab = new Lab();
    const low = lab.box(router({ priority: 100 }));
    low.start();
    lab.run(5000);
    const high = lab.box(router({ priority: 150, preempt_delay: "1h" }));
    high.start();
    lab.run(5000);
    expect(high.state()).toBe("backup");
    expect(told(high)).toMatch(/^wins: higher priority; 150 \S+\*, 100 \S+$/);
  });

  test("of a master whose weight fell below a silent backup is what it heard of it long ago", () => {
    const tracks = { track_interfaces: [{ name: "eth2", weight: -60 }] };
    const { lab, left, right } = pair({ priority: 150, ...tracks }, { priority: 120 });
    left.kernel.set("eth2", { carrier: false });
    lab.run(5000);
    expect([left.state(), right.state()]).toEqual(["backup", "master"]);
    expect(told(left)).toMatch(/^loses: lower priority; 120 \S+, 90 \S+\*$/);
    left.kernel.set("eth2", { carrier: true });
    lab.run(20_000);
    expect(left.state()).toBe("master");
    // The backup is silent; it is listed as it was heard last.
    expect(told(left)).toMatch(/^wins: no other speaks; 150 \S+\*, 120 \S+$/);
  });

  test("of a node in fault is to take no part", () => {
    const { lab, right } = pair({ priority: 150 }, { priority: 120, track_interfaces: ["eth2"] });
    right.kernel.set("eth2", { carrier: false });
    lab.run(1);
    expect(told(right)).toMatch(/^loses: in fault; 150 \S+$/);
  });
});
