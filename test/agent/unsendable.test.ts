/** Adverts that cannot leave: a router that nobody can hear stays out of the election, and says why. */
import { describe, expect, test } from "bun:test";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { priorities } from "./sight.ts";
import { router, VIP } from "./text.ts";

/** 20 bytes of IP, 8 of VRRP, 4 for each address. */
const MANY = router({ addresses: Array.from({ length: 200 }, (_, at) => `10.9.0.${at + 1}/24`) });

describe("an advert that does not fit in the MTU", () => {
  const REASON = "an advert of 828 bytes does not fit in the MTU of eth1, which is 576";

  test("is a fault until it does, and no word of it before", () => {
    const lab = new Lab();
    const box = lab.box(MANY);
    box.kernel.set("eth1", { mtu: 576 });
    lab.run(1);
    box.start();
    lab.run(60_000);
    expect(box.router()).toMatchObject({ state: "fault", reason: REASON, counters: { became_master: 0 } });
    expect(box.status().health).toBe("fault");
    expect(box.logs("vrrp.state").map(({ fields }) => `${fields["to"]}: ${fields["reason"]}`)).toEqual([
      `fault: ${REASON}`,
    ]);
    box.kernel.set("eth1", { mtu: 828 });
    lab.run(5000);
    expect(box.state()).toBe("master");
  });

  test("of a master any more lets the next one in", () => {
    const { lab, box } = master(MANY);
    box.kernel.set("eth1", { mtu: 576 });
    lab.run(10);
    expect(box.router()).toMatchObject({ state: "fault", reason: REASON });
    expect(box.kernel.added()).toEqual([]);
  });

  test("has 8 bytes more in version 2, and none for what is excluded", () => {
    const { lab, box } = master(router({ version: 2, excluded_addresses: ["10.9.0.1/24"] }));
    box.kernel.set("eth1", { mtu: 40 });
    lab.run(5000);
    expect(box.state()).toBe("master");
    box.kernel.set("eth1", { mtu: 39 });
    lab.run(10);
    expect(box.router().reason).toBe("an advert of 40 bytes does not fit in the MTU of eth1, which is 39");
  });
});

describe("a first advert that the kernel refuses", () => {
  /** A packet filter that drops what this host sends answers so. */
  const filtered = (): { lab: Lab; box: ReturnType<Lab["box"]> } => {
    const lab = new Lab();
    const box = lab.box(router({ unicast_peers: ["192.0.2.99"] }));
    box.refuseSend = () => "EPERM";
    box.start();
    return { lab, box };
  };

  test("for good is a fault, tried again every ten seconds and the wait of a backup", () => {
    const { lab, box } = filtered();
    lab.run(5000);
    expect(box.router()).toMatchObject({
      state: "fault",
      reason: "adverts cannot be sent: EPERM (a packet filter of this host?)",
    });
    expect(box.status().health).toBe("fault");
    expect(box.kernel.added()).toEqual([]);
    lab.run(55_000);
    expect(box.router().counters.became_master).toBeLessThanOrEqual(5);
    box.refuseSend = () => null;
    lab.run(15_000);
    expect(box.state()).toBe("master");
    expect(box.kernel.on("eth1")).toContain(`${VIP}/24`);
  });

  test("for the moment only is tried again after the wait of a backup", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.refuseSend = () => "ENOBUFS";
    box.start();
    lab.run(5000);
    expect(box.router()).toMatchObject({ state: "backup", reason: "the first advert could not be sent" });
    box.refuseSend = () => null;
    lab.run(5000);
    expect(box.state()).toBe("master");
    expect(priorities(box)).not.toContain(0);
  });
});
