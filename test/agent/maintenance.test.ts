/** Files of the maintenance directory: which names mean a server, and which nobody. */
import { describe, expect, test } from "bun:test";
import { Lab } from "./harness.ts";
import { started } from "./service-scene.ts";
import { TestTable } from "./table.ts";
import { table } from "./text.ts";

test("a maintenance directory that cannot be read is told of by the status", () => {
  const { box } = started();
  box.event({ kind: "services", what: "maintenance", names: [], failure: "ENOENT" });
  expect(box.ask({ command: "status", name: null })).toMatchObject({
    exit: 3,
    body: { health: "degraded", maintenance_failure: "ENOENT" },
  });
  box.event({ kind: "services", what: "maintenance", names: [], failure: null });
  expect(box.ask({ command: "status", name: null })).toMatchObject({ body: { maintenance_failure: null } });
});

describe("a file of the maintenance directory", () => {
  test.each([
    ["2001:db8::11", "0,1"],
    ["[2001:db8::11]:80", "0,1"],
    ["[2001:db8::11]", "0,1"],
    ["2001:DB8:0::11", "0,1"],
    ["[2001:DB8:0::11]:80", "0,1"],
    ["[2001:db8::11]:81", "1,1"],
    ["2001:db8::1", "1,1"],
    ["[2001:db8::11", "1,1"],
    ["2001:db8::11.bak", "1,1"],
    ["", "1,1"],
    ["notes\n", "1,1"],
  ])("called %p leaves the servers weights %s", (name, weights) => {
    const lab = new Lab();
    const box = lab.box(
      table("virtual_server.web", {
        address: "[2001:db8::1]:80",
        real_servers: ["[2001:db8::11]:80", "[2001:db8::12]:80"],
      }),
    );
    const kernel = new TestTable(box);
    box.start();
    kernel.answer();
    box.event({ kind: "services", what: "maintenance", names: [name], failure: null });
    kernel.answer();
    const found = kernel.entries[0]?.destinations.map(({ destination }) => destination) ?? [];
    const sorted = found.toSorted((a, b) => (a.address < b.address ? -1 : 1));
    expect(sorted.map(({ weight }) => weight).join()).toBe(weights);
  });
});
