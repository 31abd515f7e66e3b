/** `accept = false`: what the packet filter is told, and when. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { master } from "./scenes.ts";
import { router, VIP } from "./text.ts";

const refusing = (values = {}): string => router({ accept: false, ...values });

/** `refuse` with its addresses, and `addresses` with its first change, in order. */
const steps = (box: Box, since = 0): string[] =>
  box.actions.slice(since).flatMap((action) => {
    if (action.kind === "refuse")
      return [`refuse ${action.refused?.addresses.join(" ") ?? "nothing"}`.trimEnd()];
    const [first] = action.kind === "addresses" ? action.changes : [];
    return first === undefined || first.op === "refresh" ? [] : [`${first.op} ${first.key.address}`];
  });

describe("a master that does not accept", () => {
  test("has the filter before the address, and keeps it until the address is gone", () => {
    const { box } = master(refusing());
    expect(steps(box)).toEqual(["refuse", `refuse ${VIP}`, `add ${VIP}`]);
    const since = box.actions.length;
    box.ask({ command: "standby", name: null });
    expect(steps(box, since)).toEqual([`delete ${VIP}`, "refuse"]);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.refused).toBe(null);
  });

  test("that is the owner accepts", () => {
    const { box } = master(refusing({ priority: 255 }));
    expect(steps(box)).toEqual([`add ${VIP}`]);
    expect(box.router()).toMatchObject({ accept: true, accept_failure: null });
  });

  test("says once that it must, is degraded, and tries again", () => {
    const { lab, box } = master();
    box.filterFailure = "no nf_tables";
    box.reload(refusing());
    lab.run(60_000);
    expect(box.logs("agent.warning").map(({ fields }) => fields)).toEqual([
      { what: "accept = false is not kept", detail: "no nf_tables" },
    ]);
    expect(box.state()).toBe("master");
    expect(box.status().health).toBe("degraded");
    expect(box.router()).toMatchObject({ accept: false, accept_failure: "no nf_tables" });
    box.filterFailure = null;
    lab.run(20_000);
    expect(box.refused?.addresses.join()).toBe(VIP);
    expect(box.status().health).toBe("ok");
  });

  test("follows its addresses through a reload, and its own mind", () => {
    const { lab, box } = master(refusing());
    const since = box.actions.length;
    box.reload(refusing({ addresses: ["192.0.2.2/24"] }));
    lab.run(10);
    expect(steps(box, since)).toEqual([`refuse ${VIP} 192.0.2.2`, `delete ${VIP}`, "refuse 192.0.2.2"]);
    box.reload(router({ addresses: ["192.0.2.2/24"] }));
    lab.run(10);
    expect(box.refused).toBe(null);
    expect(box.logs("vrrp.state")).toHaveLength(2);
  });

  test("keeps devices of virtual MAC addresses silent to their end", () => {
    const { lab, box } = master(router({ virtual_mac: true }));
    const { index } = box.kernel.link("vrrp.51.eth1");
    expect(box.refused).toEqual({ addresses: [], devices: [index] });
    box.reload(router());
    expect(box.refused?.devices ?? []).toEqual([index]);
    lab.run(10);
    expect(box.refused).toBe(null);
  });
});
