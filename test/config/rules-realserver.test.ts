/** What may stand in [realserver]. Each row: a rule, a text, all that is said of it. */
import { describe, expect, test } from "bun:test";
import { loadText, router, table } from "./said.ts";

const real = (...addresses: readonly string[]): string =>
  `[realserver]\naddresses = [${addresses.map((each) => `"${each}"`).join(", ")}]\n`;

table("[realserver]", [
  ["alone is something to do", real("192.0.2.80", "2001:db8::80"), []],
  ["with the only prefix an address can have", real("192.0.2.80/32", "2001:db8::80/128"), []],
  [
    "with another prefix",
    real("192.0.2.80/24"),
    [
      '2:14 error: addresses: "192.0.2.80/24" must be 192.0.2.80/32: with a shorter prefix lo takes its whole network for local',
    ],
  ],
  ["without addresses", "[realserver]\n", ["1:1 error: [realserver] needs addresses"]],
  ["with none", real(), ["2:13 error: [realserver] needs addresses"]],
  ["with one twice", real("192.0.2.80", "192.0.2.80/32"), ["2:28 error: addresses has 192.0.2.80 twice"]],
  [
    "with one that no host has",
    real("127.0.0.1"),
    ["2:14 error: addresses: 127.0.0.1 is a loopback address"],
  ],
  [
    "with one of a router",
    router('addresses = ["192.0.2.1/24"]') + real("192.0.2.1"),
    ["6:14 error: 192.0.2.1 is an address of [vrrp.a]: this host answers for it"],
  ],
  [
    "that is no table",
    "realserver = 1\n",
    ["1:14 error: realserver must be a table, [realserver], not a number"],
  ],
]);

describe("a configuration", () => {
  test("has the addresses in their shortest form", () => {
    const { config } = loadText(real("192.0.2.80/32", "2001:DB8:0:0::80"));
    expect(config?.realserver.map(String)).toEqual(["192.0.2.80", "2001:db8::80"]);
  });
});
