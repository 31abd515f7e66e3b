/** The files that a configuration names: how they are found in a text, and what is said of them as they are on the host. */
import { describe, expect, test } from "bun:test";
import { load } from "../../src/config/load.ts";
import type { AuthoritiesFile, ProgramFile } from "../../src/config/model.ts";
import { namedFilesOf } from "../../src/config/named-files.ts";

const TEXT = `[virtual_server.web]
address = "10.0.0.9:80"
fallback = { address = "10.0.0.8:80", check = { type = "https", ca = "/spare.pem" } }
real_servers = [
  { address = "10.0.0.2:80", check = { type = "script", command = ["/own.sh", "x"] } },
  "10.0.0.3:80",
]
check = { type = "https", ca = "/ca.pem" }
notify = { up = ["/up.sh"], quorum_down = [["/a.sh", "x"], ["/b.sh"]] }

[vrrp.a]
interface = "eth0"
vrid = 1
addresses = ["10.0.0.1/24"]
track_checks = ["c"]

[check.c]
type = "script"
command = ["/c.sh"]

[vrrp.b]
interface = "eth0"
vrid = 2
addresses = ["10.0.1.1/24"]
notify = { master = ["/up.sh"], any = [["/any.sh", "x"], ["/other.sh"]] }
hooks = { before_take = ["/take.sh"], after_take = ["/taken.sh"], before_release = ["/release.sh"], timeout = "2s" }

[heartbeat]
nodes = ["ha1", "ha2"]
links = [{ type = "broadcast", interface = "eth0" }, { type = "serial", device = "/dev/ttyS0" }]
auth = { method = "sha1", key = "a-secret-of-both" }
notify = { node = ["/node.sh"] }
`;

const sound = (path: string): ProgramFile => ({ path, failure: null, isFile: true, mode: 0o755, unsafe: [] });
const GOOD = { until: "2040-01-01", over: false };
const OVER = { until: "2020-01-01", over: true };

function said(
  programs: readonly ProgramFile[] = [],
  authorities: readonly Partial<AuthoritiesFile>[] = [],
): string[] {
  const files = namedFilesOf(TEXT);
  const source = { path: "x", text: TEXT, failure: null, mode: 0o600, hostname: "ha1", accounts: null };
  return load({
    ...source,
    programs: files.programs.map((path) => programs.find((each) => each.path === path) ?? sound(path)),
    authorities: files.authorities.map((path) => ({
      ...{ path, failure: null, certificates: [GOOD] },
      ...authorities.find((each) => each.path === path),
    })),
  }).findings.map(({ line, column, severity, text }) => `${line}:${column} ${severity}: ${text}`);
}

describe("the files of checks", () => {
  test("are found wherever checks are, and only there", () => {
    const { programs, authorities } = namedFilesOf(TEXT);
    expect(programs.toSorted()).toEqual([
      ...["/a.sh", "/any.sh", "/b.sh", "/c.sh", "/node.sh", "/other.sh", "/own.sh"],
      ...["/release.sh", "/take.sh", "/taken.sh", "/up.sh"],
    ]);
    expect(authorities.toSorted()).toEqual(["/ca.pem", "/spare.pem"]);
    const none = { programs: [], authorities: [] };
    expect(namedFilesOf('[heartbeat]\nfence = { command = ["/a"] }')).toEqual(none);
    expect(namedFilesOf('[check.c]\ncommand = "/a"\nca = 1\n[check]')).toEqual(none);
    expect(namedFilesOf("command = [")).toEqual(none);
  });

  test("that will do are not spoken of", () => {
    expect(said()).toEqual([]);
    // Whoever executes needs not be root.
    expect(said([{ ...sound("/c.sh"), mode: 0o500 }])).toEqual([]);
  });

  test("that will not do are named where they stand, with the cure", () => {
    expect(
      said([
        { ...sound("/own.sh"), mode: 0o644 },
        {
          ...sound("/c.sh"),
          unsafe: [
            { path: "/c.sh", kind: "writable", why: "is writable by others", cure: "chmod o-w /c.sh" },
            { path: "/", kind: "writable", why: "is writable by group 7", cure: "chmod g-w /" },
            // As whoever it may run.
            { path: "/c.sh", kind: "owner", why: "belongs to uid 33", cure: "chown root /c.sh" },
          ],
        },
      ]).toSorted(),
    ).toEqual([
      '19:11 warning: script "/c.sh" in /, which is writable by group 7, who so decide what runs; cure: chmod g-w /',
      '19:11 warning: script "/c.sh" is writable by others, who so decide what runs; cure: chmod o-w /c.sh',
      '5:67 warning: script "/own.sh" is not executable: the check fails; cure: chmod a+x',
    ]);
    expect(said([{ ...sound("/c.sh"), failure: "ENOENT: no such file" }])).toEqual([
      '19:11 warning: script "/c.sh" cannot be used: ENOENT: no such file: the check fails until it is there',
    ]);
  });

  test("that tell of changes are named, too", () => {
    const missing = { ...sound("/up.sh"), failure: "ENOENT: no such file" };
    expect(said([missing, { ...sound("/b.sh"), mode: 0o644 }]).toSorted()).toEqual([
      '9:17 warning: script "/up.sh" cannot be used: ENOENT: no such file: nobody is told until it is there',
      '9:43 warning: script "/b.sh" is not executable: nobody is told; cure: chmod a+x',
    ]);
  });

  test("that tell of routers and nodes, or are waited for by a router, are named with what comes of it, each once", () => {
    const missing = (path: string): ProgramFile => ({ ...sound(path), failure: "ENOENT: no such file" });
    const gone = "cannot be used: ENOENT: no such file";
    expect(
      said(["/up.sh", "/other.sh", "/node.sh", "/take.sh", "/taken.sh", "/release.sh"].map(missing)),
    ).toEqual([
      `9:17 warning: script "/up.sh" ${gone}: nobody is told until it is there`,
      `25:39 warning: script "/other.sh" ${gone}: nobody is told until it is there`,
      `26:25 warning: script "/take.sh" ${gone}: the router takes no address until it is there`,
      `26:52 warning: script "/taken.sh" ${gone}: nothing is run until it is there`,
      `26:84 warning: script "/release.sh" ${gone}: nothing is run until it is there`,
      `32:19 warning: script "/node.sh" ${gone}: nobody is told until it is there`,
    ]);
  });

  test("that vouch for nobody are named where they stand, with what is in them instead", () => {
    const cases: readonly (readonly [Partial<AuthoritiesFile>, string])[] = [
      [
        { failure: "ENOENT: no such file" },
        "cannot be used: ENOENT: no such file: the check fails until it can",
      ],
      [
        { certificates: [] },
        "holds no certificate (PEM): the check fails; cure: the certificate of who signed",
      ],
      [
        { certificates: [null, GOOD] },
        "begins with a certificate that cannot be read: the check fails; cure:",
      ],
      [
        { certificates: [GOOD, null] },
        "has a certificate 2 that cannot be read: nobody from there on vouches",
      ],
      [{ certificates: [OVER] }, "has expired on 2020-01-01: the check fails; cure: a newer one"],
      [
        { certificates: [OVER, { ...OVER, until: "2019-01-01" }] },
        "has certificates that are all over, the last on 2020-01-01: the check fails; cure: a newer one",
      ],
    ];
    for (const [file, text] of cases) {
      const [first, ...others] = said([], [{ path: "/ca.pem", ...file }]);
      expect(first).toStartWith(`8:32 warning: ca "/ca.pem" ${text}`);
      expect(others).toEqual([]);
    }
    // As bundles have them.
    expect(said([], [{ path: "/ca.pem", certificates: [OVER, GOOD, OVER] }])).toEqual([]);
    expect(said([], [{ path: "/spare.pem", certificates: [] }])[0]).toStartWith("3:70 warning: ca");
  });
});
