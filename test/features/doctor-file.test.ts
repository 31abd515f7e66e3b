/** What the doctor says of scripts and directories. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { only, Patient, router } from "./patient.ts";

let patient: Patient;

beforeAll(async () => {
  patient = await Patient.create();
});
afterAll(() => patient.site.close());
afterEach(() => patient.restore());

describe("a file", () => {
  const check = (command: string): string => `${router('track_checks = ["c"]')}
[check.c]
type = "script"
command = ["${command}"]
`;
  /** A script in a directory that is root's, of this mode; the directory can have another. */
  async function script(mode: number, owner = 0, above = 0o755): Promise<string> {
    const directory = `${patient.agent.directory}/scripts`;
    mkdirSync(directory, { recursive: true });
    const path = `${directory}/check.sh`;
    writeFileSync(path, "#!/bin/sh\nexit 0\n");
    chmodSync(path, mode);
    chownSync(path, owner, owner);
    chmodSync(directory, above);
    chmodSync(patient.agent.directory, 0o755);
    await patient.agent.write(check(path));
    return path;
  }

  test("that is a good script is in order", async () => {
    await script(0o755);
    expect((await patient.visit()).findings).toEqual([]);
  });

  const modes: readonly (readonly [string, number, number, number, string])[] = [
    ["writable by others", 0o757, 0, 0o755, "is writable by others"],
    ["not executable by its user", 0o744, 0, 0o755, "may not execute it"],
    ["not readable by its user", 0o711, 0, 0o755, "may not read it"],
    ["somebody else's", 0o755, 12_345, 0o755, "belongs to uid 12345"],
    ["in a directory that others may write", 0o755, 0, 0o757, "/scripts is writable by others"],
    ["in a directory that is closed", 0o755, 0, 0o700, "may not pass through"],
  ];
  test.each(modes)("that is a script %s is told of", async (_, mode, owner, above, text) => {
    const path = await script(mode, owner, above);
    const finding = only(await patient.visit());
    expect(finding).toMatchObject({ id: "script", severity: "degraded", subject: path });
    expect(finding.text).toContain(text);
  });

  test("that is not there is told of", async () => {
    await patient.agent.write(check("/nowhere/check.sh"));
    expect(only(await patient.visit())).toMatchObject({ id: "script", subject: "/nowhere/check.sh" });
  });

  test("that is a service file and kills before before_release must have ended is told of", async () => {
    const hooks = (timeout: string): string =>
      router(`hooks = { before_release = ["/bin/true"], timeout = "${timeout}" }`);
    const procd = new URL("../../conf/haagent.procd", import.meta.url).pathname;
    const body = `mount -t tmpfs none /etc/init.d && cp "${procd}" /etc/init.d/haagent && exec "$@"`;
    const through = ["unshare", "-m", await patient.scripts.write("installed.sh", body)];
    await patient.agent.write(hooks("20s"));
    expect(only(await patient.visit(through))).toMatchObject({
      id: "kill_timeout",
      severity: "degraded",
      subject: "/etc/init.d/haagent",
      cure: "term_timeout of at least 22 s, or a shorter hooks.timeout",
    });
    await patient.agent.write(hooks("8s"));
    expect((await patient.visit(through)).findings).toEqual([]);
  });

  test("runtime_dir that others look into, or write to, is told of", async () => {
    mkdirSync(patient.agent.runtimeDir, { recursive: true });
    for (const [mode, severity] of [
      [0o755, "degraded"],
      [0o777, "fault"],
    ] as const) {
      chmodSync(patient.agent.runtimeDir, mode);
      expect(only(await patient.visit())).toMatchObject({
        id: "mode",
        severity,
        subject: patient.agent.runtimeDir,
      });
    }
    chmodSync(patient.agent.runtimeDir, 0o750);
    expect((await patient.visit()).findings).toEqual([]);
  });
});
