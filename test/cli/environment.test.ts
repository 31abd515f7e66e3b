/** The compiled file depends on nothing around it: no directory, no environment, no library beyond libc. */
import { describe, expect, test } from "bun:test";
import { copyFileSync, rmSync } from "node:fs";
import { BINARY, haagent } from "./binary.ts";
import { scratch } from "./scratch.ts";

const { file, place } = scratch();

describe("the compiled file", () => {
  test("runs alone, away from its tree, with an empty environment", () => {
    copyFileSync(BINARY, place("alone"));
    const run = Bun.spawnSync([place("alone"), "version"], { cwd: "/", env: {} });
    rmSync(place("alone"));
    expect(run.stdout.toString()).toBe(haagent(["version"]).stdout);
  });

  test("reads no .env, bunfig.toml, tsconfig.json or package.json of the directory it is started in", () => {
    const traps = [".env", ".env.local", ".env.production", "bunfig.toml", "tsconfig.json", "package.json"];
    for (const trap of traps) file(trap, "[[ nonsense");
    const trace = place("trace");
    const argv = ["strace", "-f", "-qq", "-e", "trace=open,openat", "-o", trace, BINARY, "version"];
    const run = Bun.spawnSync(argv, { cwd: place(""), env: { PATH: process.env["PATH"] ?? "" } });
    expect(run.stderr.toString()).toBe("");
    expect(run.exitCode).toBe(0);
    const text = Bun.spawnSync(["cat", trace]).stdout.toString();
    expect(text).toContain("libc.so.6");
    for (const trap of traps) expect(text).not.toContain(`${trap}"`);
  });

  test("needs only libc, libm, libpthread and libdl", () => {
    const listed = Bun.spawnSync(["ldd", BINARY]).stdout.toString();
    const libraries = Array.from(listed.matchAll(/^\s+(\S+)/gm), ([, name = ""]) =>
      name.replace(/^.*\//, ""),
    );
    expect(libraries).toContain("libc.so.6");
    const allowed = /^(linux-vdso\.so\.1|ld-linux-.*|lib(c|m|pthread|dl)\.so\.\d)$/;
    expect(libraries.filter((name) => !allowed.test(name))).toEqual([]);
  });
});
