/** Commands, probes and notify queues, with real processes. */
import { describe, expect, test } from "bun:test";
import { chmodSync, closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileLimit } from "../../native/process.ts";
import type { Action, Event } from "../../src/agent/boundary.ts";
import { ms } from "../../src/base/units.ts";
import { account, groupId } from "../../src/io/account.ts";
import { bootId } from "../../src/io/boot.ts";
import { runCommand } from "../../src/io/command.ts";
import { Notifier } from "../../src/io/notify.ts";
import { openCommandNotes } from "../../src/io/orphans.ts";
import { Probes } from "../../src/io/probes.ts";
import { until } from "../lab/process.ts";
import { PATIENCE, temporaryDirectory } from "./edge.ts";

/** A script in a directory that every user can write to; `body` is its text after the first line. */
function script(directory: string, body: string, name = "script"): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  chmodSync(directory, 0o777);
  return path;
}

const run = (
  argv: readonly string[],
  user: string | null = null,
  timeout = PATIENCE,
): Promise<string | null> =>
  new Promise((resolve) => {
    const environment = { HAAGENT_NAME: "VI_1" };
    runCommand({ argv, environment, user, timeout: ms(timeout), keep: 0, notes: null }, resolve);
  });

describe("a command", () => {
  test("says how it ended", async () => {
    expect(await run(["true"])).toBeNull();
    expect(await run(["false"])).toBe("exit 1");
    expect(await run(["/nonexistent/program"])).toBe("ENOENT: no such file or directory");
    expect(await run(["/etc/passwd"])).toBe("EACCES: permission denied");
    expect(await run(["true"], "no-such-user")).toBe('no user "no-such-user"');
    using directory = temporaryDirectory();
    expect(await run([script(directory.path, "kill -SEGV $$")])).toBe("signal SIGSEGV");
  });

  test("runs as the script user, with PATH and its own variables, ordinary scheduling and none of our descriptors", async () => {
    using directory = temporaryDirectory();
    const out = join(directory.path, "out");
    const inspect = `{ id -u; id -g; grep ^Groups: /proc/self/status; grep -z '' /proc/self/environ | tr '\\0' ' '; echo
      ls /proc/self/fd | tr '\\n' ' '; echo; cat /proc/self/timerslack_ns; ps -o pgid= -p $$; echo $$; } > ${out}`;
    expect(await run([script(directory.path, inspect)])).toBeNull();
    const [uid, gid, groups, environment, descriptors, slack, group, pid] = readFileSync(out, "utf8").split(
      "\n",
    );
    const user = account("haagent-script") ?? account("nobody");
    expect([uid, gid]).toEqual([String(user?.uid), String(user?.gid)]);
    expect(groups?.trim()).toBe("Groups:");
    expect(environment).toContain("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    expect(environment).toContain("HAAGENT_NAME=VI_1");
    expect(environment).not.toContain("HOME=");
    // Standard ones, and the directory that ls itself reads.
    expect(descriptors?.trim()).toBe("0 1 2 3");
    expect(slack).toBe("50000");
    expect(group?.trim()).toBe(pid ?? "");
  });

  test("has the conventional limit of descriptors as soon as it can look", async () => {
    using directory = temporaryDirectory();
    const out = join(directory.path, "out");
    const path = script(directory.path, `ulimit -Sn >> ${out}`);
    for (let count = 0; count < 20; count += 1) expect(await run([path])).toBeNull();
    expect(new Set(readFileSync(out, "utf8").trim().split("\n"))).toEqual(new Set(["1024"]));
    expect(fileLimit()).toBeGreaterThan(1024);
  });

  test("has it a moment later where we have so many descriptors that our threads would miss them", async () => {
    using directory = temporaryDirectory();
    const opened = Array.from({ length: 800 }, () => openSync("/dev/null", "r"));
    try {
      const wait = "until [ $(ulimit -Sn) = 1024 ]; do sleep 0.01; done";
      // As ourselves: of others' processes only CAP_SYS_RESOURCE may set it.
      expect(await run([script(directory.path, wait)], "root")).toBeNull();
    } finally {
      for (const fd of opened) closeSync(fd);
    }
  });

  test("runs as root only where root is written", async () => {
    using directory = temporaryDirectory();
    const out = join(directory.path, "out");
    expect(await run([script(directory.path, `id -u > ${out}`)], "root")).toBeNull();
    expect(readFileSync(out, "utf8")).toBe("0\n");
  });

  test("dies on time with all its children", async () => {
    using directory = temporaryDirectory();
    const child = join(directory.path, "child");
    const path = script(directory.path, `sleep 300 & echo $! > ${child}; wait`);
    expect(await run([path], null, 300)).toBe("timeout after 0.3s");
    const pid = readFileSync(child, "utf8").trim();
    await until("the child dead", PATIENCE, () => {
      return !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
    });
  });

  test("may leave a daemon behind", async () => {
    using directory = temporaryDirectory();
    const done = join(directory.path, "done");
    const path = script(directory.path, `(sleep 0.3; echo noise; echo noise >&2; touch ${done}) &`);
    expect(await run([path])).toBeNull();
    await until("the daemon at work", PATIENCE, () => existsSync(done));
  });
});

describe("accounts", () => {
  test("are found by name, or not", () => {
    expect(account("root")).toEqual({ uid: 0, gid: 0, home: "/root" });
    expect(account("no-such-user")).toBeNull();
    expect(groupId("root")).toBe(0);
    expect(groupId("no-such-group")).toBeNull();
  });
});

type ProbeAction = Extract<Action, { kind: "probe" }>;
const probe = (check: string, command: readonly string[], timeout = PATIENCE): ProbeAction => ({
  kind: "probe",
  check,
  probe: { type: "script", command, dynamic: false },
  timeout: ms(timeout),
  user: null,
});

describe("a probe", () => {
  test("becomes one event with its verdict", async () => {
    using directory = temporaryDirectory();
    const told: Event[] = [];
    const probes = new Probes((event) => told.push(event), openCommandNotes(directory.path, bootId()));
    probes.start(probe("good", ["true"]));
    probes.start(probe("bad", ["false"]));
    probes.start(probe("slow", ["sleep", "300"], 200));
    await until("three verdicts", PATIENCE, () => told.length === 3);
    expect(told.find((event) => event.kind === "probe" && event.check === "good")).toEqual({
      kind: "probe",
      check: "good",
      healthy: true,
      detail: "exit 0",
    });
    expect(told).toContainEqual({ kind: "probe", check: "bad", healthy: false, detail: "exit 1" });
    expect(told).toContainEqual({
      kind: "probe",
      check: "slow",
      healthy: false,
      detail: "timeout after 0.2s",
    });
  });

  test("that is cancelled is killed and tells nothing", async () => {
    using directory = temporaryDirectory();
    const started = join(directory.path, "pid");
    const told: Event[] = [];
    const probes = new Probes((event) => told.push(event), openCommandNotes(directory.path, bootId()));
    probes.start(probe("slow", [script(directory.path, `echo $$ > ${started}; exec sleep 300`)]));
    await until("it runs", PATIENCE, () => existsSync(started) && readFileSync(started, "utf8") !== "");
    const pid = readFileSync(started, "utf8").trim();
    probes.cancel("slow");
    await until("it is dead", PATIENCE, () => !existsSync(`/proc/${pid}`));
    expect(told).toEqual([]);
  });
});

describe("notify commands of one queue", () => {
  type NotifyAction = Extract<Action, { kind: "notify" }>;
  const notify = (queue: string, ...commands: readonly (readonly string[])[]): NotifyAction => ({
    kind: "notify",
    queue,
    commands,
    environment: {},
    user: null,
  });

  test("run one after the other; of many changes the middle ones are dropped and the last arrives", async () => {
    using directory = temporaryDirectory();
    const out = join(directory.path, "out");
    const path = script(directory.path, `sleep 0.1; echo "$1" >> ${out}`);
    const told: Event[] = [];
    const notifier = new Notifier((event) => told.push(event));
    notifier.add(notify("A", [path, "1a"], [path, "1b"]));
    for (const change of ["2", "3", "4", "5"]) notifier.add(notify("A", [path, change]));
    notifier.add(notify("B", [path, "other"]));
    await notifier.finish(PATIENCE);
    const lines = readFileSync(out, "utf8").trim().split("\n");
    expect(lines.filter((line) => line !== "other")).toEqual(["1a", "1b", "2", "5"]);
    expect(lines).toContain("other");
    expect(told).toEqual([]);
  });

  test("that fail are told, and the next ones run", async () => {
    const told: Event[] = [];
    const notifier = new Notifier((event) => told.push(event));
    notifier.add(notify("A", ["/nonexistent", "x"], ["false"]));
    await notifier.finish(PATIENCE);
    expect(told).toEqual([
      {
        kind: "notify-failed",
        queue: "A",
        command: "/nonexistent x",
        detail: "ENOENT: no such file or directory",
      },
      { kind: "notify-failed", queue: "A", command: "false", detail: "exit 1" },
    ]);
  });

  test("are all started when there is no more time", async () => {
    using directory = temporaryDirectory();
    const out = join(directory.path, "out");
    const path = script(directory.path, `echo "$1" >> ${out}; sleep 0.5`);
    const notifier = new Notifier(() => undefined);
    for (const change of ["1", "2", "3"]) notifier.add(notify("A", [path, change]));
    await notifier.finish(50);
    await until(
      "all three",
      PATIENCE,
      () => existsSync(out) && readFileSync(out, "utf8").split("\n").length === 4,
    );
  });
});
