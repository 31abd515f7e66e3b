/** The files that checks name: how they are found in a text, and what is said of them as they are on the host. */
import { describe, expect, test } from "bun:test";
import { checkFilesOf } from "../../src/config/check-files.ts";
import { load } from "../../src/config/load.ts";
import type { ProgramFile } from "../../src/config/model.ts";

const TEXT = `[virtual_server.web]
address = "10.0.0.9:80"
fallback = { address = "10.0.0.8:80", check = { type = "https", ca = "/spare.pem" } }
real_servers = [
  { address = "10.0.0.2:80", check = { type = "script", command = ["/own.sh", "x"] } },
  "10.0.0.3:80",
]
check = { type = "https", ca = "/ca.pem" }

[vrrp.a]
interface = "eth0"
vrid = 1
addresses = ["10.0.0.1/24"]
track_checks = ["c"]

[check.c]
type = "script"
command = ["/c.sh"]
`;

const sound = (path: string): ProgramFile => ({ path, failure: null, isFile: true, mode: 0o755 });

function said(...changed: readonly ProgramFile[]): string[] {
  const files = checkFilesOf(TEXT).map((path) => changed.find((each) => each.path === path) ?? sound(path));
  const source = { path: "x", text: TEXT, failure: null, mode: 0o600, hostname: "ha1", accounts: null };
  return load({ ...source, checkFiles: files }).findings.map(
    ({ line, column, severity, text }) => `${line}:${column} ${severity}: ${text}`,
  );
}

describe("the files of checks", () => {
  test("are found wherever checks are, and only there", () => {
    expect(new Set(checkFilesOf(TEXT))).toEqual(new Set(["/spare.pem", "/own.sh", "/ca.pem", "/c.sh"]));
    expect(checkFilesOf('[heartbeat]\nfence = { command = ["/a"] }')).toEqual([]);
    expect(checkFilesOf('[check.c]\ncommand = "/a"\nca = 1\n[check]')).toEqual([]);
    expect(checkFilesOf("command = [")).toEqual([]);
  });

  test("that will do are not spoken of", () => {
    expect(said()).toEqual([]);
    // Whoever executes needs not be root.
    expect(said({ ...sound("/c.sh"), mode: 0o500 }, { ...sound("/ca.pem"), mode: 0o600 })).toEqual([]);
  });

  test("that will not do are named where they stand, with the cure", () => {
    const failure = "ENOENT: no such file";
    expect(
      said(
        { ...sound("/spare.pem"), isFile: false },
        { ...sound("/own.sh"), mode: 0o644 },
        { ...sound("/ca.pem"), failure },
        { ...sound("/c.sh"), mode: 0o777 },
      ).toSorted(),
    ).toEqual([
      '18:11 warning: script "/c.sh" is writable by others, who so decide what runs; cure: chmod o-w',
      '3:70 warning: ca "/spare.pem" is no file: the check fails until it is there',
      '5:67 warning: script "/own.sh" is not executable: the check fails; cure: chmod a+x',
      '8:32 warning: ca "/ca.pem" cannot be used: ENOENT: no such file: the check fails until it is there',
    ]);
  });
});
