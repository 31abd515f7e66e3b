/** What the documents tell people to type is true of the compiled file. */
import { describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { haagent } from "./binary.ts";
import { scratch } from "./scratch.ts";

const ROOT = join(import.meta.dir, "../..");
const { file } = scratch();
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The commands that work, as the program's own help lists them. */
const COMMANDS = Array.from(haagent(["--help"]).stdout.matchAll(/^ +(\w+)  +\w/gm), ([, name = ""]) => name);

/** Service managers, each with its files in conf/. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  systemd: ["haagent.service"],
  procd: ["haagent.procd"],
  OpenRC: ["haagent.openrc"],
  "System V init": ["haagent.sysv"],
  runit: ["runit/run", "runit/finish"],
};

/** The commands of ours that a service file runs. */
const commandsIn = (text: string): string[] =>
  Array.from(
    text.matchAll(/^[^#\n]*?(?:sbin\/haagent|"\$(?:PROG|DAEMON|\{command\})"|command_args=") ?([a-z]+)\b/gm),
    ([, name = ""]) => name,
  );

describe("README.md", () => {
  test("lists the commands that the program lists", () => {
    const rows = Array.from(read("README.md").matchAll(/^\| `haagent \[?(\w+)/gm), ([, name = ""]) => name);
    expect(COMMANDS.length).toBeGreaterThan(0);
    expect(rows).toEqual(COMMANDS);
  });

  test("shows a configuration that is good as it stands", () => {
    const samples = Array.from(
      read("README.md").matchAll(/^( *)```toml\n([\s\S]*?)```/gm),
      ([, , text = ""]) => text,
    );
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      const path = file("readme.toml", sample);
      chmodSync(path, 0o600);
      const { exit, stderr } = haagent(["check", "--config", path]);
      expect(stderr).toBe("");
      expect(exit).toBe(0);
    }
  });
});

describe("docs/doctor.md", () => {
  test("names every finding of the doctor, and no other", () => {
    const sources = readdirSync(join(ROOT, "src/doctor")).map((name) => read(`src/doctor/${name}`));
    const ids = sources.flatMap((text) =>
      Array.from(
        text.matchAll(/\bid(?:: | = reason === "self" \? )"([a-z_]+)"(?: : "([a-z_]+)")?/g),
        ([, one, two]) => [one, two].filter((id) => id !== undefined),
      ).flat(),
    );
    const manual = read("docs/doctor.md");
    const rows = Array.from(manual.matchAll(/^\| `([a-z_]+)` \|/gm), ([, id]) => id);
    expect(ids.length).toBeGreaterThan(20);
    expect(rows.toSorted()).toEqual([...new Set(ids)].toSorted());
  });
});

describe("conf/", () => {
  test("has a sample configuration that is good as it stands", () => {
    const { exit, stderr } = haagent(["check", "--config", file("sample.toml", read("conf/haagent.toml"))]);
    expect(stderr).toBe("");
    expect(exit).toBe(0);
  });

  for (const [name, files] of Object.entries(SERVICES)) {
    test(`starts haagent under ${name} by commands that exist`, () => {
      const used = files.flatMap((each) => commandsIn(read(`conf/${each}`)));
      expect(used).toContain("run");
      expect(used).toContain("release");
      expect(used.filter((command) => !COMMANDS.includes(command))).toEqual([]);
    });
  }

  test("haagent.service runs programs, no shell", () => {
    const commands = Array.from(
      read("conf/haagent.service").matchAll(/^Exec\w+=-?(\S+)/gm),
      ([, program = ""]) => program,
    );
    expect(commands.length).toBeGreaterThanOrEqual(3);
    expect(new Set(commands)).toEqual(new Set(["/usr/sbin/haagent"]));
  });
});
