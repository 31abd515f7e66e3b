/** Servers that leave a virtual service while they have connections. */
import { describe, expect, test } from "bun:test";
import { entry, server, service, WEB } from "../ipvs/values.ts";
import type { Box } from "./box.ts";
import { started, web } from "./service-scene.ts";
import type { TestTable } from "./table.ts";
import { router } from "./text.ts";

/** Gives the servers that are called so many connections. */
function connections(kernel: TestTable, all: Readonly<Record<string, readonly [number, number]>>): void {
  kernel.entries = kernel.entries.map((one) => ({
    ...one,
    destinations: one.destinations.map((each) => {
      const [active, inactive] = all[each.destination.address] ?? [each.active, each.inactive];
      return { ...each, active, inactive };
    }),
  }));
}

/** An agent whose two servers serve and have a connection each. */
function serving(text = web()) {
  const scene = started(text);
  const { lab, box, kernel } = scene;
  const tell = (address: string, healthy = true): void => {
    box.event({ kind: "probe", check: `web ${address}:80`, healthy, detail: "said" });
    kernel.answer();
  };
  const look = (times = 1): void => {
    for (let at = 0; at < times; at++) {
      lab.run(3100);
      kernel.answer();
    }
  };
  const reload = (...values: Parameters<typeof web>): void => {
    box.reload(web(...values));
    lab.run(10);
    kernel.answer();
  };
  tell("10.0.0.2");
  tell("10.0.0.3");
  connections(kernel, { "10.0.0.2": [1, 0], "10.0.0.3": [1, 0] });
  kernel.done.length = 0;
  return { ...scene, tell, look, reload };
}

interface Shown {
  readonly weight: number;
  readonly quorum: boolean;
  readonly servers: readonly object[];
  readonly leaving: readonly { readonly since: string; readonly until: string }[];
}
function shown(box: Box): Shown {
  const { services }: { services: readonly Shown[] } = Object(
    box.ask({ command: "status", name: "web" }).body,
  );
  const [one] = services;
  if (one === undefined) throw new Error("no service");
  return one;
}
const said = (box: Box, event: string): unknown[] => box.logs(event).map(({ fields }) => fields);
const ONE = { real_servers: ["10.0.0.3:80"] };

describe("a server that a reload does not list", () => {
  test("stays without weight while it has connections, and goes with the last of them", () => {
    const { box, kernel, look, reload } = serving();
    reload(ONE);
    expect(kernel.done).toEqual(["edit-destination 10.0.0.2 80 w0"]);
    look(4);
    expect(kernel.done).toHaveLength(1);
    const status = shown(box);
    expect(status).toMatchObject({
      ...{ weight: 1, quorum: true },
      leaving: [{ address: "10.0.0.2:80", weight: 0, active: 1, inactive: 0 }],
    });
    expect(status.servers).toHaveLength(1);
    const [leaver] = status.leaving;
    expect(Date.parse(leaver?.until ?? "") - Date.parse(leaver?.since ?? "")).toBe(60_000);
    connections(kernel, { "10.0.0.2": [0, 0] });
    look();
    expect(kernel.servers).toEqual(["10.0.0.3 80 w1"]);
    expect(shown(box).leaving).toEqual([]);
    const about = { name: "web", server: "10.0.0.2:80" };
    const reason = expect.stringMatching(
      /^not configured; connections .* for 60s at most \(drain_timeout\)$/,
    );
    expect(said(box, "server.leaving")).toEqual([{ ...about, reason }]);
    expect(said(box, "server.gone")).toEqual([{ ...about, reason: "its connections have ended" }]);
    expect(box.logs("service.repaired")).toEqual([]);
    look(3);
    expect(kernel.done).toEqual(["edit-destination 10.0.0.2 80 w0", "delete-destination 10.0.0.2 80"]);
  });

  test("is removed when drain_timeout is over, to the moment, and that is said", () => {
    const { lab, box, kernel, look, reload } = serving(web({ drain_timeout: "10s" }));
    reload({ ...ONE, drain_timeout: "10s" });
    look(3);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
    lab.run(10_000 - 3 * 3100 - 20);
    kernel.answer();
    expect(kernel.servers).toHaveLength(2);
    lab.run(20);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.3 80 w1"]);
    expect(said(box, "server.gone")).toMatchObject([
      { reason: "10s are over (drain_timeout); lost: connections 1+0" },
    ]);
  });

  test("is removed at once where drain_timeout is nothing", () => {
    const { box, kernel, reload } = serving(web({ drain_timeout: "0s" }));
    reload({ ...ONE, drain_timeout: "0s" });
    expect(kernel.done).toEqual(["delete-destination 10.0.0.2 80"]);
    expect(box.logs("server.leaving")).toEqual([]);
  });

  test("serves again when it is listed again, and the next time leaves with its whole time", () => {
    const { box, kernel, tell, look, reload } = serving();
    reload(ONE);
    look(10);
    reload();
    tell("10.0.0.2");
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    expect(kernel.done.join()).not.toContain("delete");
    expect(shown(box).leaving).toEqual([]);
    look(10);
    reload(ONE);
    look(10);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
    look(10);
    expect(kernel.servers).toEqual(["10.0.0.3 80 w1"]);
  });

  test("goes on leaving under the next agent, when this one was killed", () => {
    const { lab, box, kernel, look, reload } = serving();
    reload(ONE);
    box.kill();
    kernel.left = kernel.owned;
    box.start();
    kernel.answer();
    lab.run(3100);
    kernel.answer();
    expect(kernel.servers).toContain("10.0.0.2 80 w0");
    expect(shown(box).leaving).toMatchObject([{ address: "10.0.0.2:80", active: 1 }]);
    connections(kernel, { "10.0.0.2": [0, 0] });
    look(1);
    expect(kernel.servers).toEqual(["10.0.0.3 80 w1"]);
  });

  test("neither serves nor counts: without the others the fallback does", () => {
    const { box, kernel, tell, reload } = serving(web({ fallback: "10.0.0.9:80" }));
    reload({ ...ONE, fallback: "10.0.0.9:80" });
    tell("10.0.0.3", false);
    expect(kernel.servers).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w0", "10.0.0.9 80 w1"]);
    expect(shown(box)).toMatchObject({ weight: 0, quorum: false });
  });

  test("goes with its whole service, when the reload does not have that", () => {
    const { lab, box, kernel, reload } = serving();
    reload(ONE);
    box.reload(router());
    lab.run(10);
    kernel.answer();
    expect(kernel.entries).toEqual([]);
  });

  test("does not keep a director that stands by", () => {
    const tied = router({ preempt_delay: "0s" }) + web({ active_when: "VI_1" });
    const { lab, box, kernel, look } = serving(tied);
    look(2);
    connections(kernel, { "10.0.0.2": [1, 0] });
    box.reload(router({ preempt_delay: "0s" }) + web({ ...ONE, active_when: "VI_1" }));
    look();
    expect(shown(box).leaving).toHaveLength(1);
    box.ask({ command: "standby", name: "VI_1" });
    lab.run(10);
    kernel.answer();
    expect(kernel.entries).toEqual([]);
    expect(shown(box).leaving).toEqual([]);
    box.ask({ command: "takeover", name: "VI_1", force: false });
    look(2);
    expect(kernel.servers).toEqual(["10.0.0.3 80 w1"]);
  });

  test("is tried again at each look where the kernel refuses to let it go, and does not wake the agent meanwhile", () => {
    const { lab, box, kernel, look, reload } = serving(web({ drain_timeout: "5s" }));
    reload({ ...ONE, drain_timeout: "5s" });
    kernel.refuses = (change) => (change.kind === "delete-destination" ? "EINVAL" : null);
    look(3);
    const before = box.actions.filter(({ kind }) => kind === "services").length;
    look(3);
    expect(box.actions.filter(({ kind }) => kind === "services").length - before).toBeLessThanOrEqual(6);
    expect(box.status().health).toBe("degraded");
    kernel.refuses = () => null;
    look();
    lab.run(10);
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.3 80 w1"]);
    expect(said(box, "server.gone")).toHaveLength(1);
  });

  test("goes without a word of a repair where others have changed something of theirs meanwhile", () => {
    const { box, kernel, look, reload } = serving();
    reload(ONE);
    look();
    connections(kernel, { "10.0.0.2": [0, 0] });
    const other = { ...WEB, port: 99 };
    kernel.entries = [...kernel.entries, entry(service({ id: other }))];
    look();
    expect(kernel.done.at(-1)).toBe("delete-destination 10.0.0.2 80");
    expect(box.logs("service.foreign")).toHaveLength(1);
    expect(box.logs("service.repaired")).toEqual([]);
  });
});

describe("a server that somebody else adds to a service of ours", () => {
  test("takes no connection from the next look on, and goes when it has none", () => {
    const { box, kernel, look } = serving();
    const [one] = kernel.entries;
    const extra = entry(service({ id: WEB }), server(7, 5)).destinations;
    if (one !== undefined) kernel.entries = [{ ...one, destinations: [...one.destinations, ...extra] }];
    connections(kernel, { "10.0.0.7": [2, 0] });
    look();
    expect(kernel.servers).toContain("10.0.0.7 80 w0");
    expect(said(box, "service.repaired")).toEqual([{ name: "web", changes: 1 }]);
    connections(kernel, { "10.0.0.7": [0, 0] });
    look();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    expect(box.logs("service.repaired")).toHaveLength(1);
  });
});

describe("a fallback that serves no more", () => {
  test("keeps its connections for as long as they last, without a word", () => {
    const { box, kernel, tell, look } = serving(web({ fallback: "10.0.0.9:80", drain_timeout: "5s" }));
    for (const healthy of [false, true]) for (const at of [2, 3]) tell(`10.0.0.${at}`, healthy);
    connections(kernel, { "10.0.0.9": [1, 0] });
    look(30);
    expect(kernel.servers).toContain("10.0.0.9 80 w0");
    connections(kernel, { "10.0.0.9": [0, 0] });
    look();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    for (const event of ["server.leaving", "server.gone", "service.repaired"])
      expect(box.logs(event)).toEqual([]);
  });

  test("goes at once where clients stay with their server, as its own would never leave", () => {
    const { kernel, tell } = serving(web({ fallback: "10.0.0.9:80", persistence: "5m" }));
    for (const at of [2, 3]) tell(`10.0.0.${at}`, false);
    connections(kernel, { "10.0.0.9": [1, 0] });
    expect(kernel.servers).toContain("10.0.0.9 80 w1");
    tell("10.0.0.2");
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w0"]);
  });
});
