/** Virtual services of whose servers many are judged in a moment. */
import { describe, expect, test } from "bun:test";
import { SERVERS, started, states, web } from "./service-scene.ts";

describe("a virtual service", () => {
  test("hears of several probes at once as of one after another, and writes once", () => {
    const { box, kernel } = started();
    const outcome = { healthy: true, detail: "connected" };
    const writes = (): number =>
      box.actions.filter((action) => action.kind === "services" && action.what === "write").length;
    const before = writes();
    box.event({ kind: "probes", ended: SERVERS.map((name) => ({ check: `web ${name}`, outcome })) });
    kernel.answer();
    expect(kernel.servers).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w1"]);
    expect(writes()).toBe(before + 1);
    expect(states(box, "server.state")).toEqual(["10.0.0.2:80 up", "10.0.0.3:80 up"]);
  });

  test("of many servers has the verdicts of a few milliseconds worked out together", () => {
    const names = Array.from({ length: 20 }, (_, at) => `10.0.0.${at + 2}:80`);
    const { lab, box, kernel } = started(web({ real_servers: names }));
    const told = (name: string): void =>
      void box.event({ kind: "probe", check: `web ${name}`, healthy: true, detail: "connected" });
    const up = (): number => kernel.servers.filter((server) => server.endsWith("w1")).length;
    for (const name of names.slice(0, 3)) told(name);
    kernel.answer();
    expect(up()).toBe(1);
    lab.run(15);
    kernel.answer();
    expect(up()).toBe(3);
  });
});
