/** What runs a resource on this host, and who decides on it. */
import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findResource, scriptFacts } from "../../src/io/find-resource.ts";
import { temporaryDirectory } from "./edge.ts";

describe("a script", () => {
  test("that only root decides on is safe; one that others can change, or whose directory they can, is not", () => {
    using directory = temporaryDirectory();
    const folder = join(directory.path, "init.d");
    mkdirSync(folder, { mode: 0o755 });
    const path = join(folder, "web");
    writeFileSync(path, "#!/bin/sh\n");
    chmodSync(path, 0o755);
    const fact = (): unknown => scriptFacts(["web"], [folder])[0];
    expect(fact()).toEqual({ name: "web", path, unsafe: null });
    chmodSync(path, 0o757);
    expect(fact()).toMatchObject({
      unsafe: { path, kind: "writable", why: "is writable by others", cure: `chmod o-w ${path}` },
    });
    chmodSync(path, 0o755);
    chmodSync(folder, 0o777);
    expect(fact()).toMatchObject({ unsafe: { path: folder, why: "is writable by others" } });
    chmodSync(folder, 0o1777);
    expect(fact()).toMatchObject({ unsafe: null });
    chownSync(path, 65_534, 0);
    expect(fact()).toMatchObject({
      unsafe: { path, kind: "owner", why: "belongs to uid 65534", cure: `chown root ${path}` },
    });
    chownSync(path, 0, 0);
    symlinkSync("/proc/self/exe", join(folder, "link"));
    expect(scriptFacts(["link"], [folder])[0]?.unsafe).toBeNull();
  });

  test("that is not there may be a systemd unit, by its own name or that of its template", () => {
    expect(findResource("no-such-thing", ["/etc/init.d"])).toBeNull();
    expect(findResource("systemd-journald", [])).toMatchObject({
      kind: "unit",
      unit: "systemd-journald.service",
    });
    expect(findResource("getty@tty9.service", [])).toMatchObject({
      kind: "unit",
      unit: "getty@tty9.service",
    });
  });
});
