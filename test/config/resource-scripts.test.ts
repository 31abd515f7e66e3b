/** What a file says of scripts and addresses of resources, beside what this host has and what else the file has. */
import { describe, expect, test } from "bun:test";
import type { Unsafe } from "../../src/config/path-safety.ts";
import type { ScriptFact } from "../../src/config/heartbeat-model.ts";
import { load } from "../../src/config/load.ts";
import { scriptsOf } from "../../src/config/resource-scripts.ts";
import { heartbeat, router, said } from "./said.ts";

const resources = (...lines: readonly string[]): string => `resources = [${lines.join(", ")}]`;
const LINE = resources('"ha1 192.0.2.1/24/eth0 web disk::x"', '"ha2 Delay web"');

function withScripts(...scripts: readonly ScriptFact[]): string[] {
  const { findings } = load({
    ...{ path: "x", text: heartbeat(LINE), failure: null, mode: 0o600, hostname: "ha1", accounts: null },
    scripts,
  });
  return findings.map(({ line, column, severity, text }) => `${line}:${column} ${severity}: ${text}`);
}

describe("scripts of resources", () => {
  test("are those of resources that are not built in, in the directories that are written", () => {
    const directories = ["/etc/ha.d/resource.d", "/etc/init.d"];
    expect(scriptsOf(heartbeat(LINE))).toEqual({ names: ["web", "disk"], directories });
    expect(scriptsOf(heartbeat(LINE, 'resource_dirs = ["/opt/d"]'))?.directories).toEqual(["/opt/d"]);
    expect(scriptsOf(heartbeat(resources('"ha1 192.0.2.1/24/eth0"')))).toBeNull();
    expect(scriptsOf(router())).toBeNull();
    expect(scriptsOf("resources = [[")).toBeNull();
  });

  test("that are there and root's are not worth a word", () => {
    const fine = (name: string): ScriptFact => ({ name, path: `/etc/init.d/${name}`, unsafe: null });
    expect(withScripts(fine("web"), fine("disk"))).toEqual([]);
  });

  test("that are missing are told wherever they are named", () => {
    const none = (name: string): ScriptFact => ({ name, path: null, unsafe: null });
    const where = "in /etc/ha.d/resource.d, /etc/init.d, and no systemd unit of that name";
    const cure = "cure: install it, or correct the name";
    expect(withScripts(none("web"), none("disk"))).toEqual([
      `5:37 error: there is no executable web ${where}; ${cure}`,
      `5:41 error: there is no executable disk ${where}; ${cure}`,
      `5:62 error: there is no executable web ${where}; ${cure}`,
    ]);
  });

  test("that others than root decide on are refused with the place and the cure", () => {
    const unsafe: Unsafe = {
      kind: "writable",
      path: "/etc/init.d",
      why: "is writable by others",
      cure: "chmod o-w /etc/init.d",
    };
    expect(withScripts({ name: "disk", path: "/etc/init.d/disk", unsafe })).toEqual([
      "5:41 error: /etc/init.d is writable by others, who so decide what disk runs as root; cure: chmod o-w /etc/init.d",
    ]);
  });
});

describe("addresses of resources", () => {
  test("are nobody else's", () => {
    const text =
      heartbeat(resources('"ha1 10.0.0.1/24/eth0 10.0.0.7"', '"ha2 IPaddr::10.0.0.7/16"')) + router();
    expect(said(text)).toEqual([
      "5:19 error: 10.0.0.1 is already an address of [vrrp.a]",
      "5:52 error: resources have 10.0.0.7 twice",
    ]);
  });

  test.each([
    ["127.0.0.1/8/lo", "a loopback address"],
    ["0.0.0.0/24/eth0", "the unspecified address"],
    ["224.0.0.5/24/eth0", "a multicast group"],
    ["255.255.255.255/24/eth0", "the broadcast address"],
    ["ff02::1/64/eth0", "a multicast group"],
  ])("are those of a host, unlike %s", (address, what) => {
    const ip = address.split("/")[0] ?? "";
    expect(said(heartbeat(resources(`"ha1 ${address}"`)))).toEqual([
      `5:19 error: ${ip} is ${what}, and no host on a network can have it`,
    ]);
  });
});
