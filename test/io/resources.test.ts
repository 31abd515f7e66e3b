/** Tasks of resources, with real scripts and processes. */
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResourceAction, ResourceEvent, ScriptJob } from "../../src/agent/cluster/boundary.ts";
import { ms } from "../../src/base/units.ts";
import { bootId } from "../../src/io/boot.ts";
import { openCommandNotes } from "../../src/io/orphans.ts";
import { ResourceRunner } from "../../src/io/resources.ts";
import { until } from "../lab/process.ts";
import { PATIENCE, temporaryDirectory } from "./edge.ts";

function script(directory: string, name: string, body: string, mode = 0o755): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

/** Two directories of scripts, and a runner that tells how its tasks end. */
class Bench {
  readonly #directory = temporaryDirectory();
  readonly path = this.#directory.path;
  readonly first = join(this.path, "resource.d");
  readonly second = join(this.path, "init.d");
  readonly ended: ResourceEvent[] = [];
  readonly notes = openCommandNotes(this.path, bootId());
  readonly runner = new ResourceRunner((event) => {
    if (event.kind === "resource-ended") this.ended.push(event);
  }, this.notes);

  start(
    name: string,
    task: ResourceAction["task"],
    more: Partial<ScriptJob> = {},
    timeout = PATIENCE,
  ): string {
    const id = `${name} ${task} ${this.ended.length}`;
    const directories = [this.first, this.second];
    const job: ScriptJob = { type: "script", name, args: [], directories, environment: {}, ...more };
    this.runner.start({ kind: "resource", id, task, job, timeout: ms(timeout) });
    return id;
  }

  async run(...about: Parameters<Bench["start"]>): Promise<ResourceEvent> {
    const id = this.start(...about);
    await until(`${id} ended`, PATIENCE, () => this.ended.some((event) => event.id === id));
    const event = this.ended.find((each) => each.id === id);
    if (event === undefined) throw new Error(`${id} has not ended`);
    return event;
  }

  [Symbol.dispose](): void {
    this.runner.cancelAll();
    this.#directory[Symbol.dispose]();
  }
}

describe("a resource's script", () => {
  test("is called with its arguments and then the task, as we are, with heartbeat's variables and nothing else of ours", async () => {
    using bench = new Bench();
    script(bench.first, "probe", 'printf "%s|" "$0" "$@"; id -u; echo "$HA_CURHOST ${HOME-none}"');
    const event = await bench.run("probe", "start", {
      args: ["/dev/drbd0", "a b", "$(id)"],
      environment: { HA_CURHOST: "ha1" },
    });
    expect(event.output).toBe(`${bench.first}/probe|/dev/drbd0|a b|$(id)|start|0\nha1 none\n`);
    expect([event.code, event.failure]).toEqual([0, null]);
  });

  test("is the first executable file of that name", async () => {
    using bench = new Bench();
    script(bench.first, "both", "echo first");
    script(bench.second, "both", "echo second");
    script(bench.first, "plain", "echo first", 0o644);
    script(bench.second, "plain", "echo second");
    mkdirSync(join(bench.first, "folder"));
    script(bench.second, "folder", "echo second");
    expect((await bench.run("both", "start")).output).toBe("first\n");
    expect((await bench.run("plain", "start")).output).toBe("second\n");
    expect((await bench.run("folder", "start")).output).toBe("second\n");
  });

  test("tells its exit code and the end of what it said, on both of its outputs", async () => {
    using bench = new Bench();
    script(bench.first, "probe", "echo out; echo err >&2; exit 3");
    const event = await bench.run("probe", "status");
    expect(event.code).toBe(3);
    expect(event.output.split("\n").sort()).toEqual(["", "err", "out"]);
    expect(event.failure).toBe(`${bench.first}/probe: exit 3`);
    script(bench.first, "talks", "seq 1 100000; echo running");
    const talks = await bench.run("talks", "status");
    expect(talks.output.length).toBeLessThanOrEqual(16_384);
    expect(talks.output).toEndWith("\n100000\nrunning\n");
  });

  test("that is not there is not installed", async () => {
    using bench = new Bench();
    expect(await bench.run("nothing-of-that-name", "start")).toMatchObject({
      code: 5,
      output: "",
      failure: `there is no executable nothing-of-that-name in ${bench.first}, ${bench.second}, and no systemd unit of that name`,
    });
  });

  test("dies on time with all its children", async () => {
    using bench = new Bench();
    const child = join(bench.path, "child");
    script(bench.first, "hangs", `sleep 300 & echo $! > ${child}; wait`);
    const event = await bench.run("hangs", "stop", {}, 400);
    expect(event).toMatchObject({
      code: null,
      failure: `${bench.first}/hangs: timeout after 0.4s`,
    });
    const pid = readFileSync(child, "utf8").trim();
    await until("the child dead", PATIENCE, () => !existsSync(`/proc/${pid}/cmdline`) || isZombie(pid));
  });

  test("is written down while it runs, and leaves behind what it is meant to", async () => {
    using bench = new Bench();
    const [child, go] = [join(bench.path, "child"), join(bench.path, "go")];
    script(
      bench.first,
      "daemon",
      `sleep 300 & echo $! > ${child}; while [ ! -e ${go} ]; do sleep 0.02; done`,
    );
    const id = bench.start("daemon", "start");
    await until("it is written down", PATIENCE, () => readdirSync(bench.notes.directory).length === 1);
    writeFileSync(go, "");
    await until("it has ended", PATIENCE, () => bench.ended.some((event) => event.id === id));
    expect(readdirSync(bench.notes.directory)).toEqual([]);
    const pid = Number(readFileSync(child, "utf8"));
    expect(existsSync(`/proc/${pid}/cmdline`)).toBe(true);
    process.kill(pid, "SIGKILL");
  });

  test("that is cancelled is killed and tells nothing", async () => {
    using bench = new Bench();
    const child = join(bench.path, "child");
    script(bench.first, "hangs", `echo $$ > ${child}.new; mv ${child}.new ${child}; exec sleep 300`);
    bench.start("hangs", "start");
    await until("it runs", PATIENCE, () => existsSync(child));
    const pid = readFileSync(child, "utf8").trim();
    bench.runner.cancelAll();
    await until("it is dead", PATIENCE, () => !existsSync(`/proc/${pid}/cmdline`) || isZombie(pid));
    expect(bench.ended).toEqual([]);
  });
});

const isZombie = (pid: string): boolean => {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
};
