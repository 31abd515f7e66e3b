/** What is said of virtual servers on a kernel that lacks what they need. */
import { describe, expect, test } from "bun:test";
import { load } from "../../src/config/load.ts";
import type { IpvsFact } from "../../src/config/model.ts";

const TEXT = `[virtual_server.web]
address = "10.0.0.9:80"
real_servers = ["10.0.0.2:80"]
check = { type = "tcp" }

[virtual_server.shop]
address = "10.0.0.9:81"
scheduler = "fo"
real_servers = ["10.0.0.2:81"]
check = { type = "tcp" }
`;

function said(ipvs: IpvsFact | null): string[] {
  const source = { path: "x", text: TEXT, failure: null, mode: 0o600, hostname: "ha1", accounts: null, ipvs };
  return load(source).findings.map(
    ({ line, column, severity, text }) => `${line}:${column} ${severity}: ${text}`,
  );
}

describe("a kernel", () => {
  test("that has what is needed, or does not say, is not spoken of", () => {
    expect(said({ loaded: false, modules: new Set(["ip_vs", "ip_vs_wlc", "ip_vs_fo"]) })).toEqual([]);
    expect(said({ loaded: false, modules: null })).toEqual([]);
    expect(said(null)).toEqual([]);
  });

  test("without IPVS is, once, with the cure", () => {
    const [first, ...others] = said({ loaded: false, modules: new Set() });
    expect(first).toStartWith("1:1 warning: [virtual_server.web]: this kernel has no IPVS; cure: install ");
    expect(others).toEqual([]);
  });

  test("without a scheduler is, where that stands or whose it is", () => {
    const cure = "cure: install it, or choose another scheduler";
    expect(said({ loaded: true, modules: new Set(["ip_vs"]) })).toEqual([
      `1:1 warning: scheduler "wlc": this kernel has no module ip_vs_wlc; ${cure}`,
      `8:13 warning: scheduler "fo": this kernel has no module ip_vs_fo; ${cure}`,
    ]);
  });
});
