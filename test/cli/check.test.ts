/** `haagent check` as users and scripts meet it: where the finger points, and the exit code. */
import { describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { haagent } from "./binary.ts";
import { scratch } from "./scratch.ts";

const { file, place } = scratch();

const GOOD = '[vrrp.VI_1]\ninterface = "eth1"\nvrid = 55\naddresses = ["192.0.2.1/24"]\n';

/** Of an authority that ended on 2020-02-01. */
const ENDED = `-----BEGIN CERTIFICATE-----
MIIBGzCBwgIBATAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9vbGQuZXhhbXBsZS5v
cmcwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjAaMRgwFgYDVQQDDA9v
bGQuZXhhbXBsZS5vcmcwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATpzv6JM9z1
UOBUZJXXexg+4ngYYNPMn6frsDZoxxl3y/Gqollx9QbJcU05xs+Qs6odaWSyCCxU
2pk1WVNhDayLMAoGCCqGSM49BAMCA0gAMEUCIQD9Q9EtmLEtt0RBHPGDBViNkEvc
6UnOeQGEKulgSsilowIgFgHHVRtJQIPqXQkMoEf+xMyxXUIgZbhmPZLoUbanIns=
-----END CERTIFICATE-----
`;

/** Findings of a text: exit code and lines, with the file's path taken off. */
function check(text: string): { readonly exit: number; readonly lines: string[] } {
  const path = file("haagent.toml", text);
  chmodSync(path, 0o600);
  const { exit, stderr } = haagent(["check", "--config", path]);
  const lines = stderr.split("\n").slice(0, -1);
  for (const line of lines) expect(line).toStartWith(`${path}:`);
  return { exit, lines: lines.map((line) => line.slice(path.length + 1)) };
}

describe("check", () => {
  test("has nothing to say of a good file", () => {
    expect(check(GOOD)).toEqual({ exit: 0, lines: [] });
  });

  test("says every error, each at its line and column", () => {
    const { exit, lines } = check(
      `${GOOD}priorty = 10\nadvert_interval = "1 fortnight"\n[vrrp.VI_2]\nvrid = 256\n`,
    );
    expect(exit).toBe(1);
    expect(lines.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(
      expect.arrayContaining(["5:1: error:", "6:19: error:", "7:1: error:", "8:8: error:"]),
    );
    expect(lines.find((line) => line.startsWith("5:1:"))).toContain('did you mean "priority"');
    expect(lines.find((line) => line.startsWith("7:1:"))).toContain("interface");
  });

  test("leaves 0 when there are only warnings", () => {
    const { exit, lines } = check(GOOD.replace("192.0.2.1/24", "192.0.2.1"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith("4:");
    expect(lines[0]).toContain(": warning: ");
    expect(exit).toBe(0);
  });

  test("points at a syntax error", () => {
    const { exit, lines } = check(`${GOOD}priority = = 3\n`);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith("5:12: error: ");
    expect(exit).toBe(1);
  });

  for (const [what, text] of [
    ["an empty file", ""],
    ["a file of comments", "# nothing\n\n"],
    ["a file with nothing to do", '[agent]\nnode = "ha1"\n'],
  ] as const) {
    test(`refuses ${what} at 1:1`, () => {
      const { exit, lines } = check(text);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toStartWith("1:1: error: ");
      expect(exit).toBe(1);
    });
  }

  test("refuses what cannot be read at 1:1, saying why", () => {
    for (const [path, reason] of [
      [place("missing.toml"), "ENOENT"],
      ["/", "EISDIR"],
      [file("bytes.toml", Uint8Array.of(0x23, 0xff, 0x0a)), "UTF-8"],
    ] as const) {
      const { exit, stderr } = haagent(["check", "--config", path]);
      expect(stderr).toStartWith(`${path}:1:1: error: `);
      expect(stderr).toContain(reason);
      expect(exit).toBe(1);
    }
  });

  test("words it like `release` does, which needs the runtime_dir", () => {
    for (const path of [place("missing.toml"), file("broken.toml", "[agent\n")]) {
      const released = haagent(["release", "--config", path]);
      expect(released.stderr).toStartWith(`${path}:1:`);
      expect(released).toEqual(haagent(["check", "--config", path]));
    }
  });

  test("refuses a FIFO at once instead of waiting for somebody to write to it", () => {
    const path = place("fifo");
    expect(Bun.spawnSync(["mkfifo", path]).success).toBe(true);
    const { exit, stderr } = haagent(["check", "--config", path]);
    expect(stderr).toBe(`${path}:1:1: error: cannot be read: is not a file\n`);
    expect(exit).toBe(1);
  });

  test("takes a relative path from where it is started, and names it as it was given", () => {
    file("here.toml", "x = 1\n");
    const { exit, stderr } = haagent(["check", "--config", "here.toml"], { cwd: place("") });
    expect(stderr).toStartWith("here.toml:1:1: error: ");
    expect(exit).toBe(1);
  });

  test("warns of a user and a group that this host does not have", () => {
    const { exit, lines } = check(`[agent]\nscript_user = "nobody-here"\ncontrol_group = "no-such"\n${GOOD}`);
    expect(lines).toEqual([
      '2:15: warning: there is no user "nobody-here" on this host: no check, hook or notify command can run',
      '3:17: warning: there is no group "no-such" on this host: the agent will not start',
    ]);
    expect(exit).toBe(0);
    expect(check(`[agent]\nscript_user = "root"\ncontrol_group = "root"\n${GOOD}`).lines).toEqual([]);
  });

  test("refuses a file that others may write", () => {
    const path = file("open.toml", GOOD);
    chmodSync(path, 0o666);
    const { exit, stderr } = haagent(["check", "--config", path]);
    expect(stderr).toContain(`${path}:1:1: error: `);
    expect(exit).toBe(1);
  });

  test("reads the certificates that are to vouch for servers", () => {
    const ended = ENDED.trim();
    for (const [content, finding] of [
      [ENDED, "has expired on 2020-02-01"],
      [`key\n${ended}\r\n${ended}`, "has certificates that are all over, the last on 2020-02-01"],
      ["", "holds no certificate (PEM)"],
      ["not a certificate\n", "holds no certificate (PEM)"],
      [ended.slice(0, 300), "begins with a certificate that cannot be read"],
      [ended + ended.replace("MIIB", "MI"), "has a certificate 2 that cannot be read"],
      [null, "cannot be used: ENOENT"],
    ] as const) {
      const path = content === null ? place("none.pem") : file("ca.pem", content);
      const probe = `[check.a]\ntype = "https"\ntarget = "192.0.2.9"\nca = "${path}"\n`;
      const { exit, lines } = check(`${GOOD}track_checks = ["a"]\n${probe}`);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toStartWith(`9:6: warning: ca "${path}" ${finding}`);
      expect(exit).toBe(0);
    }
  });
});

describe("a key that this version does not do", () => {
  const keys: readonly (readonly [string, string])[] = [["mail = true", "mail"]];
  for (const [text, key] of keys) {
    test(`is an error at its place: ${text}`, () => {
      const { exit, lines } = check(`${GOOD}${text}\n`);
      expect(
        lines.filter((line) => line.startsWith("5:") && line.includes("not in this version")),
      ).toHaveLength(1);
      expect(lines.join("\n")).toContain(key);
      expect(exit).toBe(1);
    });
  }

  for (const table of ["mail"]) {
    test(`is an error at its table: [${table}]`, () => {
      const { exit, lines } = check(`${GOOD}[${table}]\n`);
      expect(lines).toContainEqual(expect.stringMatching(/^5:1: error: .*not in this version/));
      expect(exit).toBe(1);
    });
  }
});
