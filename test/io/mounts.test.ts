/** Mounts as the kernel tells them, and what counts as the wanted one; no privileges needed. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { look, mountsOf, parseMounts } from "../../src/io/mounts.ts";
import { temporaryDirectory } from "./edge.ts";

const wanted = (device: string, directory: string, filesystem: string | null = null) => ({
  ...{ type: "filesystem" as const, device, directory, filesystem, options: null },
});

describe("mountinfo", () => {
  test("is read with its optional fields, blanks in names, and nothing of what is no line", () => {
    const text = [
      "36 35 98:0 /mnt1 /srv/a\\040b rw,noatime master:1 shared:7 - ext3 /dev/root\\134x rw,errors=continue",
      "37 35 0:51 / /run/x rw - tmpfs  rw",
      "nonsense",
      "",
    ].join("\n");
    expect(parseMounts(text)).toEqual([
      { device: "98:0", directory: "/srv/a b", filesystem: "ext3", source: "/dev/root\\x" },
      { device: "0:51", directory: "/run/x", filesystem: "tmpfs", source: "" },
    ]);
  });

  test("of this process has /proc", () => {
    expect(mountsOf("self")).toContainEqual(
      expect.objectContaining({ directory: "/proc", filesystem: "proc" }),
    );
  });
});

describe("a look", () => {
  test("knows what is mounted, by its device, also through a link to the directory", () => {
    expect(look(wanted("proc", "/proc")).state).toBe("mounted");
    expect(look(wanted("other", "/proc"))).toEqual({ state: "other", source: "proc" });
    expect(realpathSync("/proc/self/root/proc")).toBe("/proc");
    expect(look(wanted("proc", "/proc/self/root/proc")).state).toBe("mounted");
  });

  test("says what hinders a mount", () => {
    using directory = temporaryDirectory();
    const { path } = directory;
    const file = join(path, "file");
    writeFileSync(file, "");
    mkdirSync(join(path, "there"));
    const problem = (device: string, name: string): unknown => {
      const found = look(wanted(device, join(path, name)));
      return found.state === "free" ? found.problem : found.state;
    };
    expect(problem("tmpfs", "there")).toBeNull();
    expect(problem("host:/export", "there")).toBeNull();
    expect(problem(file, "there")).toBeNull();
    expect(problem("tmpfs", "none")).toBe(`there is no directory ${path}/none: make it on both nodes`);
    expect(problem("tmpfs", "file")).toBe(`${file} is no directory`);
    expect(problem("/dev/no-such", "there")).toBe("there is no device /dev/no-such");
    expect(problem('LABEL="a b/c"', "there")).toBe(
      'there is no device LABEL="a b/c" (/dev/disk/by-label/a\\x20b\\x2fc)',
    );
  });
});
