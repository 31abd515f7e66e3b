/** What the ledger says at which moment. */
import { describe, expect, test } from "bun:test";
import { Lab } from "./harness.ts";
import { killed, recordOf } from "./scenes.ts";
import { agent, router, VIP } from "./text.ts";

describe("the ledger", () => {
  test("vouches for an address before it is added", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(4000);
    const added = box.actions.findIndex((action) => action.kind === "addresses");
    const before = box.actions.slice(0, added).findLast((action) => action.kind === "ledger");
    expect(before).toMatchObject({
      record: { state: "master", added: [{ address: VIP, prefix: 24, index: 2 }] },
    });
  });

  test("confirms after the kernel's answer only what stands for ever", () => {
    const forever = killed(agent({ address_lifetime: "forever" }) + router()).box;
    expect(recordOf(forever).added).toMatchObject([{ address: VIP, confirmed: true }]);
    expect(recordOf(killed().box).added).toMatchObject([{ address: VIP, confirmed: false }]);
  });

  test("vouches for an address until it is off", () => {
    const { lab, box } = killed();
    box.start();
    lab.run(5000);
    const before = box.actions.length;
    box.event({ kind: "link", link: { ...box.kernel.link("eth1"), carrier: false } });
    const done = box.actions.slice(before);
    const records = done.filter((action) => action.kind === "ledger");
    expect(records.at(0)).toMatchObject({ record: { state: "fault", added: [{ address: VIP }] } });
    expect(records.at(-1)).toMatchObject({ record: { state: "fault", added: [] } });
    const [first = -1, final = -1] = [records[0], records.at(-1)].map((each) =>
      done.findIndex((a) => a === each),
    );
    const deleted = done.findIndex((action) => action.kind === "addresses");
    expect(first).toBeLessThan(deleted);
    expect(final).toBeGreaterThan(deleted);
  });

  test("has the time of the last advert that the kernel took", () => {
    const { lab, box } = killed();
    box.start();
    lab.run(5000);
    const sent = recordOf(box).lastAdvertAt;
    box.refuseSend = () => "ENOBUFS";
    lab.run(1000);
    expect(recordOf(box).lastAdvertAt).toBe(sent);
  });

  test("does not claim an advert that the kernel refused with the takeover", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(3000);
    box.refuseSend = () => "ENOBUFS";
    lab.run(700);
    expect(box.ledger.get("VI_1")?.lastAdvertAt ?? 0).toBeLessThan(lab.now - 2000);
  });

  test("claims nothing for a backup", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(100);
    expect(recordOf(box)).toMatchObject({ state: "backup", added: [] });
  });
});
