/** An agent that died and is started again at once: mastership goes on where that is proven. */
import { describe, expect, test } from "bun:test";
import type { LedgerRecord } from "../../src/agent/ledger.ts";
import type { Mac } from "../../src/base/address.ts";
import { instant } from "../../src/base/units.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { addressOps, killed, recordOf } from "./scenes.ts";
import { priorities, told } from "./sight.ts";
import { router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

const change = (box: Box, what: Partial<LedgerRecord>): unknown =>
  box.ledger.set("VI_1", { ...recordOf(box), ...what });

describe("an agent that is started again at once", () => {
  test("carries on as master: advert and refreshed lifetime first, nothing removed", () => {
    const { lab, box } = killed();
    const since = lab.now;
    const done = box.start();
    expect(box.state()).toBe("master");
    expect(box.router().reason).toBe("resumed after a restart");
    expect(priorities(box, since)).toEqual([100]);
    expect(addressOps(done)).toEqual([`refresh ${VIP}/24`]);
    expect(told(box, since).length).toBeGreaterThan(0);
    const kinds = done.map(({ kind }) => kind).filter((kind) => kind !== "listen");
    expect(kinds[0]).toBe("frame");
    lab.run(10_000);
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("adds what has run out in the meantime", () => {
    const { box } = killed();
    box.kernel.remove("eth1", CIDR);
    box.start();
    expect(box.state()).toBe("master");
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  const refused: readonly (readonly [string, (lab: Lab, box: Box) => void])[] = [
    ["the machine was booted meanwhile", (_, box) => (box.bootId = "another boot")],
    ["the router is configured otherwise", (_, box) => (box.config = router({ priority: 101 }))],
    ["the interface has another number", (_, box) => change(box, { index: 9 })],
    [
      "the interface has another link-layer address",
      (_, box) => change(box, { mac: "02:00:00:00:00:99" as Mac }),
    ],
    ["it was no master", (_, box) => change(box, { state: "backup" })],
    ["it was in fault", (_, box) => change(box, { state: "fault" })],
    [
      "its last advert is two intervals old",
      (lab, box) => change(box, { lastAdvertAt: instant(lab.now - 2000) }),
    ],
    ["its last advert is of the future", (lab, box) => change(box, { lastAdvertAt: instant(lab.now + 1) })],
    [
      "it did so three times within a minute",
      (lab, box) => change(box, { resumes: [50_000, 30_000, 10].map((ago) => instant(lab.now - ago)) }),
    ],
    ["the interface is down", (_, box) => box.kernel.set("eth1", { up: false, carrier: false })],
    ["the interface has no source any more", (_, box) => box.kernel.remove("eth1", "192.0.2.10/24")],
  ];
  test.each(refused)("starts without mastership when %s", (_, prepare) => {
    const { lab, box } = killed();
    prepare(lab, box);
    const since = lab.now;
    box.start();
    expect(box.state()).not.toBe("master");
    expect(priorities(box, since)).toEqual([]);
  });

  test.each(refused.filter(([why]) => !why.includes("booted") && !why.includes("number")))(
    "takes the old addresses away when %s",
    (_, prepare) => {
      const { lab, box } = killed();
      prepare(lab, box);
      box.start();
      expect(box.kernel.has(VIP)).toBe(false);
      expect(box.logs("address.lost")).toEqual([]);
    },
  );

  test("carries on with an advert of just under two intervals ago", () => {
    const { lab, box } = killed();
    change(box, { lastAdvertAt: instant(lab.now - 1999) });
    box.start();
    expect(box.state()).toBe("master");
  });

  test("may do so three times within a minute, and again when that is over", () => {
    const { lab, box } = killed();
    const states: string[] = [];
    for (const wait of [100, 100, 100, 100]) {
      box.start();
      states.push(box.state());
      lab.run(5000);
      box.kill();
      lab.run(wait);
    }
    expect(states).toEqual(["master", "master", "master", "backup"]);
    box.start();
    lab.run(61_000);
    box.kill();
    lab.run(100);
    box.start();
    expect(box.state()).toBe("master");
  });

  test("does not count what was before another boot", () => {
    const { lab, box } = killed();
    const future = [1, 2, 3].map((at) => instant(lab.now + at * 1_000_000));
    change(box, { bootId: "last boot", resumes: future });
    lab.run(3000);
    box.start();
    lab.run(5000);
    expect(box.state()).toBe("master");
    box.kill();
    box.start();
    expect(box.state()).toBe("master");
  });

  test("carries on with a sync group as a whole", () => {
    const { box } = killed(
      router({ sync_group: "g" }) +
        router({ sync_group: "g", vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2"),
    );
    box.start();
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "master"]);
  });

  test("carries on with no member of a sync group when one cannot", () => {
    const { lab, box } = killed(
      router({ sync_group: "g" }) +
        router({ sync_group: "g", vrid: 52, addresses: ["192.0.2.2/24"], advert_interval: "500ms" }, "VI_2"),
    );
    change(box, { lastAdvertAt: instant(lab.now - 2000) });
    const since = lab.now;
    box.start();
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["backup", "backup"]);
    expect(priorities(box, since)).toEqual([]);
    expect(box.kernel.has(VIP) || box.kernel.has("192.0.2.2")).toBe(false);
  });

  test("announces every router that goes on, also when others change addresses at the same moment", () => {
    const { lab, box } = killed(
      router() + router({ priority: 255, vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2"),
    );
    box.kernel.remove("eth1", "192.0.2.2/24");
    const since = lab.now;
    box.start();
    expect(new Set(told(box, since).map(({ address }) => address as string))).toEqual(
      new Set([VIP, "192.0.2.2"]),
    );
  });
});
