/** Addresses that were there before us, and those that the kernel refuses: used or a fault, never removed. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { addressOps } from "./scenes.ts";
import { adverts, priorities, told } from "./sight.ts";
import { router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

describe("an address that was there before us", () => {
  test("is a fault below priority 255, and stays", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.kernel.add("eth1", CIDR);
    box.start();
    lab.run(10_000);
    expect(box.router()).toMatchObject({ state: "fault", addresses: [{ held: false, found: true }] });
    expect(box.router().reason).toBe(`address ${CIDR} is on eth1 already, and not by us`);
    expect(adverts(box)).toEqual([]);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("is a fault with another prefix too", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.kernel.add("eth1", `${VIP}/32`);
    box.start();
    expect(box.state()).toBe("fault");
  });

  test("is no fault on another interface", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.kernel.add("eth2", CIDR);
    box.start();
    lab.run(5000);
    expect(box.state()).toBe("master");
  });

  test("is no fault any more when somebody removes it", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.kernel.add("eth1", CIDR);
    box.start();
    lab.run(1000);
    box.kernel.remove("eth1", CIDR);
    lab.run(1);
    expect(box.state()).toBe("backup");
    lab.run(5000);
    expect(box.state()).toBe("master");
  });

  test("puts a backup into fault when it appears", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    box.kernel.add("eth1", CIDR);
    lab.run(100);
    expect(box.state()).toBe("fault");
  });

  test("may be used with on_found = adopt, and is left when we stop", () => {
    const lab = new Lab();
    const box = lab.box(router({ on_found: "adopt" }));
    box.kernel.add("eth1", CIDR);
    box.start();
    lab.run(5000);
    expect(box.router()).toMatchObject({ state: "master", addresses: [{ held: true, found: true }] });
    expect(told(box).length).toBeGreaterThan(0);
    box.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(10);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(addressOps(box.actions)).toEqual([]);
  });

  test("is adopted beside those that we add", () => {
    const lab = new Lab();
    const box = lab.box(router({ on_found: "adopt", addresses: [CIDR, "192.0.2.2/24"] }));
    box.kernel.add("eth1", CIDR);
    box.start();
    lab.run(4000);
    expect(addressOps(box.actions)).toContain("add 192.0.2.2/24");
    expect(new Set(told(box).map(({ address }) => address as string))).toEqual(new Set([VIP, "192.0.2.2"]));
    box.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(10);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.kernel.on("eth1")).not.toContain("192.0.2.2/24");
  });

  test("is added by us when it goes, whatever prefix it had", () => {
    for (const cidr of [CIDR, `${VIP}/32`]) {
      const lab = new Lab();
      const box = lab.box(router({ on_found: "adopt" }));
      box.kernel.add("eth1", cidr);
      box.start();
      lab.run(5000);
      expect(box.router().addresses).toMatchObject([{ held: true, found: true }]);
      box.kernel.remove("eth1", cidr);
      lab.run(50);
      expect(box.kernel.on("eth1")).toContain(CIDR);
      expect(box.router().addresses).toMatchObject([{ held: true, found: false }]);
      box.event({ kind: "signal", signal: "SIGTERM" });
      expect(box.kernel.has(VIP)).toBe(false);
    }
  });

  test("is the owner's own at priority 255, told and never removed", () => {
    const lab = new Lab();
    const box = lab.box(router({ priority: 255 }));
    box.kernel.add("eth1", CIDR);
    box.start();
    expect(box.state()).toBe("master");
    expect(told(box).length).toBeGreaterThan(0);
    lab.run(5000);
    box.kernel.set("eth1", { carrier: false });
    lab.run(100);
    expect(box.state()).toBe("fault");
    box.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(100);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(addressOps(box.actions)).toEqual([]);
  });

  test("is told for every owner, also when another router adds its own at the same moment", () => {
    const lab = new Lab();
    const second = router({ priority: 255, vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2");
    const box = lab.box(router({ priority: 255 }) + second);
    box.kernel.add("eth1", CIDR);
    box.start();
    expect(new Set(told(box).map(({ address }) => address as string))).toEqual(new Set([VIP, "192.0.2.2"]));
  });
});

describe("an address that the kernel refuses", () => {
  test("because it is there already is a fault, and the other addresses go", () => {
    const lab = new Lab();
    const box = lab.box(router({ addresses: [CIDR, "192.0.2.2/24"] }));
    box.start();
    lab.run(3000);
    // Somebody adds it, and the feed has not told yet when we take over.
    box.feedWaits = true;
    box.kernel.add("eth1", CIDR);
    lab.run(1000);
    expect(box.state()).toBe("fault");
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.kernel.on("eth1")).not.toContain("192.0.2.2/24");
    expect(priorities(box)).toEqual([100, 0]);
    box.tellFeed();
    lab.run(30_000);
    expect(box.state()).toBe("fault");
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("because it is there already is adopted where that is wanted", () => {
    const lab = new Lab();
    const box = lab.box(router({ on_found: "adopt" }));
    box.start();
    lab.run(3000);
    box.feedWaits = true;
    box.kernel.add("eth1", CIDR);
    lab.run(1000);
    expect(box.router()).toMatchObject({ state: "master", addresses: [{ held: true, found: true }] });
    expect(told(box).length).toBeGreaterThan(0);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("for any other reason is a fault that names it, and is tried again after ten seconds", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.kernel.refuse = ({ op }) => (op === "add" ? "ENOBUFS" : null);
    box.start();
    lab.run(4000);
    expect(box.router()).toMatchObject({
      state: "fault",
      reason: `address ${VIP} could not be added: ENOBUFS`,
    });
    box.kernel.refuse = () => null;
    lab.run(9000);
    expect(box.state()).toBe("fault");
    lab.run(5000);
    expect(box.state()).toBe("master");
  });

  test("by a setting of the host keeps the fault for minutes: each try would take mastership from the other node", () => {
    const lab = new Lab();
    const high = lab.box(router({ priority: 150, excluded_addresses: ["2001:db8::1/64"] }));
    const low = lab.box(router());
    high.kernel.refuse = ({ op, key }) => (op === "add" && key.address === "2001:db8::1" ? "EACCES" : null);
    high.start();
    low.start();
    lab.run(250_000);
    expect([high.state(), low.state()]).toEqual(["fault", "master"]);
    expect(low.router().counters.became_master).toBe(1);
    high.kernel.refuse = () => null;
    lab.run(100_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
  });

  test("by a setting of the host is tried again when the interface comes up or the file changes", () => {
    for (const retry of [
      (box: Box) => box.kernel.set("eth1", { carrier: false }),
      (box: Box) => box.reload(router({ priority: 101 })),
    ]) {
      const lab = new Lab();
      const box = lab.box(router());
      box.kernel.refuse = ({ op }) => (op === "add" ? "EACCES" : null);
      box.start();
      lab.run(20_000);
      expect(box.state()).toBe("fault");
      box.kernel.refuse = () => null;
      retry(box);
      lab.run(10);
      box.kernel.set("eth1", { carrier: true });
      lab.run(5000);
      expect(box.state()).toBe("master");
    }
  });
});
