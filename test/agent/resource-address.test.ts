/** Addresses of resources in a whole agent, alone in its cluster: held as those of virtual routers are, and given up as surely. */
import { describe, expect, test } from "bun:test";
import type { Action, Request } from "../../src/agent/boundary.ts";
import type { Box } from "./box.ts";
import type { Ip, Mac } from "../../src/base/address.ts";
import { encodeGratuitousArp } from "../../src/wire/arp.ts";
import { Cables, clustered } from "./cables.ts";
import { Lab } from "./harness.ts";
import { told } from "./sight.ts";
import { router } from "./text.ts";

const VIP = "192.0.2.77";
const CIDR = `${VIP}/24`;
/** `initdead`, and some. */
const BEGUN = 12_000;

/** A node whose other one never comes, with these groups, started. */
function alone(groups: readonly string[], more = ""): { readonly lab: Lab; readonly box: Box } {
  const lab = new Lab();
  const box = lab.box(`${clustered(0)}resources = ${JSON.stringify(groups)}\n${more}`);
  const cables = new Cables([box]);
  expect(cables.said).toEqual([]);
  box.start();
  lab.run(BEGUN);
  return { lab, box };
}

const logged = (box: Box, event: string): unknown[] => box.logs(event).map(({ fields }) => fields);
const stop: Request = { command: "stop" };

/** The tasks of scripts that were asked for. */
const tasks = (box: Box) => box.actions.filter((action) => action.kind === "resource");

describe("the address of a resource", () => {
  test("is vouched for by the ledger before it is added, dies with its agent before another takes it, and is announced twice", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1/192.0.2.127`]);
    const kinds = box.actions.filter(({ kind }) => kind === "ledger" || kind === "addresses");
    const adds = (action: Action): boolean =>
      action.kind === "addresses" && action.changes.some(({ op }) => op === "add");
    const at = kinds.findIndex(adds);
    expect(kinds[at - 1]).toMatchObject({
      kind: "ledger",
      record: { router: `resource ${CIDR}/eth1/192.0.2.127`, added: [{ address: VIP, prefix: 24 }] },
    });
    // deadtime is 5 s and keepalive 1 s.
    expect(kinds[at]).toMatchObject({ changes: [{ op: "add", lifetime: 3, broadcast: "192.0.2.127" }] });
    lab.run(8000);
    expect(told(box).filter(({ address }) => address === VIP)).toHaveLength(10);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.kernel.wrongs).toEqual([]);
  });

  test("is no source of anything, as it moves", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`], router());
    box.kernel.remove("eth1", "192.0.2.10/24");
    lab.run(100);
    expect(box.state()).toBe("fault");
  });

  test("is put back when somebody takes it away; a fourth time within ten seconds is a quarrel, and rests", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    for (let times = 0; times < 3; times++) {
      box.kernel.remove("eth1", CIDR);
      lab.run(500);
      expect(box.kernel.on("eth1")).toContain(CIDR);
    }
    expect(logged(box, "address.restored")).toHaveLength(3);
    box.kernel.remove("eth1", CIDR);
    lab.run(9000);
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
    expect(logged(box, "address.lost").at(-1)).toEqual({
      name: `resource ${CIDR}/eth1`,
      address: VIP,
      reason: `address ${VIP} was taken away 4 times in 10 s`,
      pause_ms: 10_000,
    });
    lab.run(1500);
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("that the kernel refuses makes its group fail, and is not left half", () => {
    const lab = new Lab();
    const box = lab.box(`${clustered(0)}resources = ["a ${CIDR}/eth1"]\n`);
    new Cables([box]);
    box.kernel.refuse = (change) => (change.op === "add" ? "EACCES" : null);
    box.start();
    lab.run(BEGUN);
    expect(logged(box, "resource.failed")[0]).toMatchObject({
      detail: `${VIP} could not be added: EACCES`,
      task: "start",
    });
    expect(logged(box, "resource.state").at(-1)).toMatchObject({ state: "failed" });
    expect(box.ledger.size).toBe(0);
  });

  test("that the kernel will not have back is tried again, ten seconds later", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    box.kernel.refuse = (change) => (change.op === "add" ? "EACCES" : null);
    box.kernel.remove("eth1", CIDR);
    lab.run(500);
    const reason = `${VIP} could not be added: EACCES`;
    expect(logged(box, "address.lost").at(-1)).toMatchObject({ reason, pause_ms: 10_000 });
    box.kernel.refuse = () => null;
    lab.run(9000);
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
    lab.run(1000);
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("whose interface goes while the kernel is asked has failed when its time is over", () => {
    const lab = new Lab();
    const more = '[heartbeat.resource_scripts]\nstart_timeout = "3s"\n';
    const box = lab.box(`${clustered(0)}resources = ["a ${CIDR}/eth1"]\n${more}`);
    new Cables([box]);
    box.beforeAnswers = [{ kind: "link-gone", index: 2 }];
    box.start();
    lab.run(BEGUN);
    expect(box.logs("resource.failed")).toEqual([]);
    lab.run(3000);
    expect(logged(box, "resource.failed")[0]).toMatchObject({ detail: "timeout after 3s", task: "start" });
    expect(logged(box, "resource.state").at(-1)).toMatchObject({ state: "failed" });
  });

  test("comes back with its interface, and is announced again", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    box.kernel.removeLink("eth1");
    lab.run(3000);
    expect(logged(box, "address.lost")).toEqual([
      { name: `resource ${CIDR}/eth1`, address: VIP, reason: "interface eth1 is not there" },
    ]);
    expect(box.status()).toMatchObject({ health: "degraded" });
    const since = lab.now;
    box.plug("eth1", 9);
    lab.run(1000);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(told(box, since).length).toBeGreaterThan(0);
  });

  test("that nobody can reach, as its interface has no carrier, is told once each time", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    for (let times = 1; times <= 2; times++) {
      box.kernel.set("eth1", { carrier: false });
      lab.run(3000);
      expect(logged(box, "address.lost")).toHaveLength(times);
      expect(logged(box, "address.lost").at(-1)).toMatchObject({
        reason: "interface eth1 has no carrier",
      });
      box.kernel.set("eth1", { carrier: true });
      lab.run(1000);
    }
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("is not put back after a stall in which another node may have taken it, before that node was heard", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    box.freeze();
    lab.run(4500);
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
    box.thaw();
    lab.run(4900);
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
    expect(logged(box, "address.lost").at(-1)).toMatchObject({ pause_ms: 5000 });
    lab.run(500);
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("that somebody else answers for as well, and goes on doing so, is an alarm, and told again", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    const bytes = encodeGratuitousArp("02:00:00:00:0f:01" as Mac, VIP as Ip); // canonical as written
    const heard = (): unknown => box.event({ kind: "neighbour", index: 2, family: 4, bytes });
    heard();
    lab.run(2100);
    expect(logged(box, "address.contested")).toEqual([]);
    const since = lab.now;
    heard();
    lab.run(100);
    expect(logged(box, "address.contested")).toEqual([
      {
        name: `resource ${CIDR}/eth1`,
        address: VIP,
        source: "02:00:00:00:0f:01",
        text: `another host answers for ${VIP}, which this node holds, and does not give way`,
      },
    ]);
    expect(told(box, since).length).toBeGreaterThan(0);
  });

  test("outlives a stall that is shorter than its lifetime", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    box.freeze();
    lab.run(2000);
    box.thaw();
    lab.run(100);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.logs("address.lost")).toEqual([]);
  });

  test("that an agent left behind goes at the next start, before its group begins", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    box.kill();
    expect(box.ledger.size).toBe(1);
    const done = box.start();
    expect(done.find(({ kind }) => kind === "addresses")).toMatchObject({
      changes: [{ op: "delete", key: { address: VIP } }],
    });
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
    lab.run(BEGUN);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.kernel.wrongs).toEqual([]);
  });

  test("goes with a clean stop, and no record of it stays", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1`]);
    box.ask(stop);
    lab.run(1000);
    expect(box.exitCode).toBe(0);
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
    expect(box.ledger.size).toBe(0);
  });

  test("goes also with an agent that leaves behind what would not stop", () => {
    const { lab, box } = alone([`a ${CIDR}/eth1 sticks`]);
    const answer = (code: number | null, output = ""): void => {
      const last = tasks(box).at(-1);
      if (last !== undefined)
        box.event({ kind: "resource-ended", id: last.id, code, output, failure: "told" });
    };
    // A look at what an earlier agent left, then at what to start, then the start.
    for (const output of ["stopped", "stopped"]) {
      answer(0, output);
      lab.run(BEGUN);
    }
    answer(0);
    expect(logged(box, "resource.state").at(-1)).toMatchObject({ state: "started" });
    expect(box.kernel.on("eth1")).toContain(CIDR);
    box.ask(stop);
    lab.run(1000);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    box.ask(stop);
    lab.run(1000);
    expect(box.exitCode).toBe(5);
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
    expect(box.ledger.size).toBe(0);
  });
});
