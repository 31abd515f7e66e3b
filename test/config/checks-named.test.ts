/** Which checks are meant by a name and an address on the command line. */
import { expect, test } from "bun:test";
import { checksToRun } from "../../src/config/checks-named.ts";
import { loadText } from "./said.ts";

const TEXT = `[virtual_server.web]
address = "[2001:db8::1]:80"
real_servers = ["[2001:db8::2]:80", "[2001:db8::3]:80"]
check = { type = "tcp" }
`;

test.each(["2001:db8::2", "2001:DB8:0::2", "[2001:db8::2]", "[2001:DB8::2]:80"])(
  "a server of IPv6 is found as %s",
  (written) => {
    const { config } = loadText(TEXT);
    if (config === null) throw new Error("no configuration");
    const checks = checksToRun(config, "web", written);
    expect(checks.ok && checks.value.map(({ name }) => name)).toEqual(["web [2001:db8::2]:80"]);
  },
);
