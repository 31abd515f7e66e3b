/** What an agent that died left in the kernel: taken away, taken over, or somebody else's. */
import { describe, expect, test } from "bun:test";
import type { LedgerRecord } from "../../src/agent/ledger.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { killed, recordOf } from "./scenes.ts";
import { agent, router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

const change = (box: Box, what: Partial<LedgerRecord>): unknown =>
  box.ledger.set("VI_1", { ...recordOf(box), ...what });

describe("what an earlier agent left", () => {
  test("goes when its router is configured no more, and so does its record, after the address", () => {
    const { box } = killed();
    box.config = router({ vrid: 77, addresses: ["192.0.2.7/24"] }, "VI_7");
    const done = box.start();
    expect(box.kernel.has(VIP)).toBe(false);
    expect([...box.ledger.keys()]).toEqual(["VI_7"]);
    const forgotten = done.findIndex((action) => action.kind === "ledger" && action.record === null);
    expect(forgotten).toBeGreaterThan(done.findIndex((action) => action.kind === "addresses"));
  });

  test("is vouched for until it is gone", () => {
    const { box } = killed();
    box.config = router({ priority: 120 });
    const done = box.start();
    const removed = done.findIndex((action) => action.kind === "addresses");
    for (const action of done.slice(0, removed)) {
      if (action.kind === "ledger") expect(action.record?.added).toMatchObject([{ address: VIP }]);
    }
    expect(recordOf(box).added).toEqual([]);
  });

  test("stays where it stood before: an address that no record has", () => {
    const { box } = killed();
    change(box, { added: [], state: "backup" });
    box.start();
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.state()).toBe("fault");
  });

  test("stays when the record is of another boot", () => {
    const { box } = killed();
    box.bootId = "another boot";
    box.start();
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("stays when somebody put it there for ever after ours was gone", () => {
    const { lab, box } = killed();
    lab.run(3000);
    box.kernel.add("eth1", CIDR);
    box.start();
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.state()).toBe("fault");
  });

  test("goes when it stands for ever and the kernel had confirmed it", () => {
    const { lab, box } = killed(agent({ address_lifetime: "forever" }) + router());
    lab.run(10_000);
    expect(box.kernel.has(VIP)).toBe(true);
    box.start();
    expect(box.kernel.has(VIP)).toBe(false);
    expect(box.state()).toBe("backup");
  });

  test("is taken over by the owner that starts as master at once, and kept", () => {
    const { lab, box } = killed(router({ priority: 255 }));
    box.config = router({ priority: 255, advert_interval: "2s" });
    box.start();
    expect(box.state()).toBe("master");
    lab.run(10_000);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.router().addresses).toMatchObject([{ held: true, found: false }]);
    expect(recordOf(box).added).toMatchObject([{ address: VIP }]);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("does not outlive a clean stop: an address put there after it is not ours", () => {
    const lab = new Lab();
    const box = lab.box(agent({ address_lifetime: "forever" }) + router());
    box.start();
    lab.run(5000);
    box.event({ kind: "signal", signal: "SIGTERM" });
    box.kernel.add("eth1", CIDR);
    lab.run(100);
    box.start();
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });
});
