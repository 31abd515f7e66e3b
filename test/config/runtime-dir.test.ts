/** Where an agent is found by a configuration that may have been broken since it started. */
import { describe, expect, test } from "bun:test";
import { runtimeDirOf } from "../../src/config/runtime-dir.ts";

describe("the runtime directory of a configuration", () => {
  const rows: readonly [what: string, text: string | null, directory: string | null][] = [
    ["that writes it", '[agent]\nruntime_dir = "/run/left"\n', "/run/left"],
    ["that does not write it", "[vrrp.a]\n", "/run/haagent"],
    ["that is empty", "", "/run/haagent"],
    ["that is wrong elsewhere", '[agent]\nruntime_dir = "/run/left"\n[vrrp.a]\nvrid = 0\n', "/run/left"],
    ["that is broken elsewhere", '[agent]\nruntime_dir = "/run/left"\n[vrrp.a]\nvrid = \n', "/run/left"],
    ["that is broken where it may stand", "[agent\n", null],
    ["in which it is no path", "[agent]\nruntime_dir = 1\n", "/run/haagent"],
    ["that cannot be read", null, null],
  ];
  for (const [what, text, directory] of rows) {
    test(`${what} is ${directory ?? "unknown"}`, () => {
      const source = { path: "x", text, failure: null, mode: null, hostname: "", accounts: null };
      expect(runtimeDirOf(source)).toBe(directory);
    });
  }
});
