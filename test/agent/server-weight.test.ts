/** The weight of a real server that its check says. */
import { expect, test } from "bun:test";
import { instant } from "../../src/base/units.ts";
import { ServiceState } from "../../src/agent/service/state.ts";
import { loadText } from "../config/said.ts";

const TEXT = `
[virtual_server.web]
address = "192.0.2.80:80"
real_servers = [{ address = "192.0.2.1:80", weight = 7 }]
[virtual_server.web.check]
`;
const SCRIPT = `type = "script"\ncommand = ["/load"]\ndynamic = true\n`;
const FILE = `type = "file"\nfile = "/load"\ncontent = "integer"\n`;

test.each([
  ["the weight that a script says, and its own while it says none", SCRIPT, [7, 5, 0, 0, 65_535]],
  ["what a file says added to its weight", FILE, [7, 12, 7, 4, 65_535]],
])("a real server has %s", (_, check, expected) => {
  const [config] = loadText(TEXT + check).config?.services ?? [];
  if (config === undefined) throw new Error("no service");
  const state = new ServiceState(config, null, instant(0));
  const weight = (said: number | null): number | undefined => {
    const judges = {
      health: () => true,
      detail: () => "",
      value: () => said,
      order: () => null,
      maintained: () => false,
    };
    return state.fill(judges, null, true, instant(0)).destinations[0]?.weight;
  };
  expect([null, 5, 0, -3, 1e6].map(weight)).toEqual(expected);
});
