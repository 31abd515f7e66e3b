/** Virtual services of whose servers many are judged in a moment. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { TestTable } from "./table.ts";
import type { Table } from "./text.ts";
import { table } from "./text.ts";

const SERVERS = ["10.0.0.2:80", "10.0.0.3:80"];
const web = (values: Table = {}, check: Table = {}): string =>
  table("virtual_server.web", {
    address: "10.0.0.1:80",
    real_servers: SERVERS,
    check: { type: "tcp", interval: "1s", rise: 1, fall: 1, ...check },
    ...values,
  });

/** An agent that was just started, and its table. */
function started(text = web(), prepare: (kernel: TestTable) => void = () => undefined) {
  const lab = new Lab();
  const box = lab.box(text);
  const kernel = new TestTable(box);
  prepare(kernel);
  box.start();
  kernel.answer();
  return { lab, box, kernel };
}

const states = (box: Box, event: string): string[] =>
  box.logs(event).map(({ fields }) => `${fields["server"] ?? fields["name"]} ${fields["to"]}`);

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
