/** `startup_delay` and `tie` through the agent: what starts them, what does not, and what is said of them. */
import { describe, expect, test } from "bun:test";
import { Lab } from "./harness.ts";
import { killed } from "./scenes.ts";
import { adverts, hear } from "./sight.ts";
import { router } from "./text.ts";

const delayed = (values: Parameters<typeof router>[0] = {}): string =>
  router({ startup_delay: "30s", ...values });

describe("a router with a startup delay", () => {
  test("only listens from the agent's start, says so, and then waits like any other", () => {
    const lab = new Lab();
    const box = lab.box(delayed());
    box.start();
    expect(box.logs("vrrp.state").map(({ fields }) => fields["reason"])).toEqual([
      "started, only listens for 30 s (startup_delay)",
    ]);
    lab.run(12_500);
    hear(box, { source: "192.0.2.99", priority: 50 });
    expect(box.router()).toMatchObject({
      state: "backup",
      reason: "startup_delay: only listens for another 18 s",
      master: { address: "192.0.2.99" },
    });
    expect(box.status().health).toBe("ok");
    lab.run(17_500 + 3609);
    expect(adverts(box)).toEqual([]);
    expect(box.router().reason).toBe("started, only listens for 30 s (startup_delay)");
    lab.run(1);
    expect(box.state()).toBe("master");
  });

  test("waits for what is left of it when its interface comes late", () => {
    const lab = new Lab();
    const box = lab.box(delayed());
    box.kernel.set("eth1", { up: false, carrier: false });
    box.start();
    lab.run(10_000);
    box.kernel.set("eth1", { up: true, carrier: true });
    lab.run(10_000);
    expect(box.router().reason).toBe("startup_delay: only listens for another 10 s");
    lab.run(13_700);
    expect(box.state()).toBe("master");
  });

  test("is not delayed again by a fault, by a reload, or when a reload makes it", () => {
    const lab = new Lab();
    const box = lab.box(delayed());
    box.start();
    lab.run(40_000);
    box.kernel.set("eth1", { carrier: false });
    lab.run(100);
    box.kernel.set("eth1", { carrier: true });
    lab.run(4000);
    expect(box.state()).toBe("master");
    box.reload(delayed({ priority: 90 }));
    expect(box.state()).toBe("master");
    box.reload(
      delayed({ priority: 90 }) +
        router({ vrid: 52, addresses: ["192.0.2.2/24"], startup_delay: "30s" }, "VI_2"),
    );
    lab.run(4000);
    expect(box.state("VI_2")).toBe("master");
  });

  test("is not delayed when its mastership is proven by the ledger", () => {
    const lab = new Lab();
    const box = lab.box(delayed());
    box.start();
    lab.run(40_000);
    box.kill();
    lab.run(100);
    box.start();
    expect(box.router()).toMatchObject({ state: "master", reason: "resumed after a restart" });
  });

  test("is delayed after a crash that could not be resumed", () => {
    const { lab, box } = killed(delayed({ startup_delay: "1s" }));
    lab.run(3000);
    box.start();
    expect(box.router().reason).toBe("startup_delay: only listens for another 1 s");
  });

  test("waits as the owner, too", () => {
    const lab = new Lab();
    const box = lab.box(delayed({ priority: 255 }));
    box.start();
    lab.run(29_999);
    expect(box.state()).toBe("backup");
    lab.run(1);
    expect(box.state()).toBe("master");
  });

  test("keeps its sync group waiting", () => {
    const lab = new Lab();
    const member = (name: string, vrid: number, more: object): string =>
      router({ vrid, addresses: [`192.0.2.${vrid}/24`], sync_group: "g", ...more }, name);
    const box = lab.box(member("VI_1", 51, { startup_delay: "10s" }) + member("VI_2", 52, {}));
    box.start();
    lab.run(13_500);
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["backup", "backup"]);
    lab.run(200);
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "master"]);
  });
});

describe("two routers of equal priority that could not hear each other", () => {
  /** The first one, of the lower address, has run for `head` ms when the second one starts, both cut off for `apart` ms more. */
  function healed(tie: string, head: number, apart: number): string[] {
    const lab = new Lab();
    const low = lab.box(router({ tie }));
    const high = lab.box(router({ tie }));
    low.start();
    lab.run(head);
    low.cut = true;
    high.start();
    lab.run(apart);
    expect([low.state(), high.state()]).toEqual(["master", "master"]);
    low.cut = false;
    lab.run(5000);
    expect([...low.logs("vrrp.contested"), ...high.logs("vrrp.contested")]).toEqual([]);
    return [low.state(), high.state()];
  }

  test("are told apart by their addresses", () => {
    expect(healed("address", 200_000, 30_000)).toEqual(["backup", "master"]);
  });

  test("keep the one that ran when they are sticky, and not where both did", () => {
    expect(healed("sticky", 200_000, 30_000)).toEqual(["master", "backup"]);
    expect(healed("sticky", 200_000, 100_000)).toEqual(["backup", "master"]);
  });
});
