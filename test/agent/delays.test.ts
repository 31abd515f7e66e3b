/** Tracked interfaces that must be down, or up, for a while to count. */
import { describe, expect, test } from "bun:test";
import { master } from "./scenes.ts";
import type { Table } from "./text.ts";
import { router } from "./text.ts";

describe("a tracked interface with delays", () => {
  const text = (values: Table): string =>
    router({ priority: 150, track_interfaces: [{ name: "eth2", weight: -60, ...values }] });

  test("counts as down after its down_delay, to the millisecond", () => {
    const { lab, box } = master(text({ down_delay: "2s" }));
    box.kernel.set("eth2", { carrier: false });
    lab.run(1998);
    expect(box.router().effective_priority).toBe(150);
    lab.run(4);
    expect(box.router().effective_priority).toBe(90);
    box.kernel.set("eth2", { carrier: true });
    lab.run(1);
    expect(box.router().effective_priority).toBe(150);
  });

  test("counts as up after its up_delay, and a break begins it anew", () => {
    const { lab, box } = master(text({ up_delay: "10s" }));
    box.kernel.set("eth2", { carrier: false });
    lab.run(1);
    expect(box.router().effective_priority).toBe(90);
    box.kernel.set("eth2", { carrier: true });
    lab.run(9000);
    box.kernel.set("eth2", { carrier: false });
    lab.run(1);
    box.kernel.set("eth2", { carrier: true });
    lab.run(9990);
    expect(box.router().effective_priority).toBe(90);
    lab.run(20);
    expect(box.router().effective_priority).toBe(150);
  });

  test("that is not there is down for the same time", () => {
    const { lab, box } = master(text({ weight: 0, down_delay: "2s" }));
    box.kernel.removeLink("eth2");
    lab.run(1998);
    expect(box.state()).toBe("master");
    lab.run(4);
    expect(box.router()).toMatchObject({ state: "fault", reason: "eth2 is down" });
  });

  test("goes on waiting over a reload, and waits no longer when the delay is taken out", () => {
    const { lab, box } = master(text({ down_delay: "10s" }));
    box.kernel.set("eth2", { carrier: false });
    lab.run(5000);
    box.reload(text({ down_delay: "10s", weight: -70 }));
    lab.run(4980);
    expect(box.router().effective_priority).toBe(150);
    lab.run(40);
    expect(box.router().effective_priority).toBe(80);
    box.kernel.set("eth2", { carrier: true });
    lab.run(1);
    box.kernel.set("eth2", { carrier: false });
    lab.run(1);
    expect(box.router().effective_priority).toBe(150);
    box.reload(text({ weight: -70 }));
    expect(box.router().effective_priority).toBe(80);
  });
});
