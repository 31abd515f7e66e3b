/** Processes that must run: those that come and go, and pidfiles that lie. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { Child, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { check, comm, started, tracking, verdict } from "./probing.ts";
import { Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

let site: Site;
let scripts: Scripts;

beforeEach(async () => {
  site = await Site.create(2);
  scripts = await Scripts.create();
  site.atClose(() => scripts.close());
});
afterEach(() => site.close());

/** A program of this test's own, as /proc/PID/comm names it: 15 bytes at most, and nobody else's. */
const NAME = `ha-t-${process.pid}`;

/** A program of that name, which sleeps for as many seconds as it is told. */
async function program(name = NAME): Promise<string> {
  const path = scripts.path(name);
  if (!existsSync(path)) await Bun.spawn(["cp", "/bin/sleep", path]).exited;
  return path;
}

/** Something that runs under that name until it is killed. */
async function daemon(name = NAME): Promise<Child> {
  const path = await program(name);
  const child = site.box(0).namespace.spawn([path, "600"]);
  site.atClose(() => child.end("SIGKILL"));
  await until("it runs", 5000, () => comm(child.pid) === name);
  return child;
}

const first = (...lines: readonly string[]): Promise<Agent> =>
  started(site, site.box(0), tracking(150, check("it", 'type = "process"', ...lines)));

describe("a process that must run", () => {
  test("is missed when it dies and found when it returns, in every interval anew", async () => {
    const agent = await first(`process = "${NAME}"`);
    expect(await verdict(agent, "it", false)).toBe(`no process "${NAME}"`);
    for (let time = 1; time <= 3; time++) {
      const one = await daemon();
      await agent.says("track.changed", "up=true", time);
      expect(await verdict(agent, "it", true)).toBe(`process ${one.pid}`);
      await one.end("SIGKILL");
      await agent.says("track.changed", "up=false", time + 1);
    }
  });

  test("counts while any of its kind is there", async () => {
    const one = await daemon();
    const two = await daemon();
    const agent = await first(`process = "${NAME}"`);
    await verdict(agent, "it", true);
    await one.end("SIGKILL");
    await sleep(400);
    expect((await agent.router("lan")).tracks[0]?.up).toBe(true);
    await two.end("SIGKILL");
    await verdict(agent, "it", false);
  });

  test("is dead as a zombie", async () => {
    // It starts the daemon, does not wait for it, and tells us its number.
    const path = await program();
    const parent = await scripts.write(
      "parent",
      `${path} 600 & echo $! >> $D/zombie; exec tail -f /dev/null`,
    );
    const child = site.box(0).namespace.spawn([parent]);
    site.atClose(() => child.end("SIGKILL"));
    await until("it runs", 5000, () => scripts.lines("zombie").length > 0);
    const pid = Number(scripts.lines("zombie")[0]);
    const agent = await first(`process = "${NAME}"`);
    await verdict(agent, "it", true);
    process.kill(pid, "SIGKILL");
    await verdict(agent, "it", false);
    expect(readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
  });

  test("may be told by its arguments", async () => {
    await daemon();
    const path = scripts.path(NAME);
    const text = [
      check("right", 'type = "process"', `process = ["${path}", "600"]`),
      check("wrong", 'type = "process"', `process = ["${path}", "601"]`),
    ].join("\n");
    const agent = await started(site, site.box(0), tracking(150, text));
    await verdict(agent, "right", true);
    await verdict(agent, "wrong", false);
  });

  test("that is a script is found by its own name", async () => {
    const path = await scripts.write("failover-watcher.sh", "sleep 600 & echo $! >> $D/pids; wait");
    const child = site.box(0).namespace.spawn([path]);
    site.atClose(() => child.end("SIGKILL"));
    const text = [
      check("name", 'type = "process"', 'process = "failover-watcher.sh"'),
      check("path", 'type = "process"', `process = "${path}"`),
    ].join("\n");
    const agent = await started(site, site.box(0), tracking(150, text));
    await verdict(agent, "name", true);
    await verdict(agent, "path", true);
  });
});

describe("a pidfile", () => {
  const pidfile = (): string => scripts.path("it.pid");

  test("is believed as long as its process lives, and says what is wrong with it", async () => {
    const agent = await first(`pidfile = "${pidfile()}"`);
    expect(await verdict(agent, "it", false)).toBe("pidfile: ENOENT");
    const one = await daemon();
    const details: string[] = [];
    const sees = async (text: string, up: boolean): Promise<void> => {
      await scripts.put("it.pid", text);
      const times = agent.events("track.changed").filter(({ fields }) => fields["up"] === String(up)).length;
      await agent.says("track.changed", `up=${up}`, times + 1);
      details.push(await verdict(agent, "it", up));
    };
    await sees(`${one.pid}\n`, true);
    await sees("", false);
    await sees(`  ${one.pid} and more\n`, true);
    await sees("garbage", false);
    await sees(`${one.pid}`, true);
    await sees("-1", false);
    await sees(`${one.pid}\n/var/lib/postgresql\n`, true);
    await one.end("SIGKILL");
    await agent.says("track.changed", "up=false", 5);
    details.push(await verdict(agent, "it", false));
    expect(details).toEqual([
      `process ${one.pid}`,
      "pidfile holds no process number",
      `process ${one.pid}`,
      "pidfile holds no process number",
      `process ${one.pid}`,
      "pidfile holds no process number",
      `process ${one.pid}`,
      `process ${one.pid} of the pidfile does not run`,
    ]);
  });

  test("that names another program is stale, where the program is named too", async () => {
    const [one, other] = [await daemon(), await daemon(`ha-o-${process.pid}`)];
    await scripts.put("it.pid", `${one.pid}`);
    const agent = await first(`pidfile = "${pidfile()}"`, `process = "${NAME}"`);
    await verdict(agent, "it", true);
    // The daemon died, and its number went to somebody else.
    await scripts.put("it.pid", `${other.pid}`);
    expect(await verdict(agent, "it", false)).toBe(
      `process ${other.pid} of the pidfile is "ha-o-${process.pid}", not "${NAME}"`,
    );
  });

  test("is no reason to read a pipe", async () => {
    await Bun.spawn(["mkfifo", pidfile()]).exited;
    const agent = await first(`pidfile = "${pidfile()}"`);
    expect(await verdict(agent, "it", false)).toBe("pidfile: is no regular file");
    expect(await agent.stop()).toBe(0);
  });

  test("whose number went to another process of the same name is stale, while nobody writes it anew", async () => {
    // Numbers of processes are given again in a namespace of their own, where we say which comes next.
    const path = await program();
    const wait = (file: string): string => `while [ ! -e $D/${file} ]; do sleep 0.05; done`;
    const run = (name: string): string =>
      `echo 4999 > /proc/sys/kernel/ns_last_pid; ${path} 600 & ${name}=$!; echo "$${name}" >> $D/numbers`;
    const steps = await scripts.write(
      "recycle",
      `${run("one")}; echo $one > $D/it.pid; ${wait("kill")}; kill -9 $one; wait $one
       ${run("two")}; ${wait("write")}; echo $two > $D/it.new; mv $D/it.new $D/it.pid; exec tail -f /dev/null`,
    );
    const box = site.box(0);
    const agent = await Agent.create(
      box.namespace,
      tracking(150, check("it", 'type = "process"', `pidfile = "${pidfile()}"`)),
    );
    site.atClose(() => agent.close());
    await agent.start(["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "--"]);
    const inside = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, "utf8").trim();
    const child = new Child(["nsenter", "--target", inside, "--pid", "--mount", "--net", "--", steps]);
    site.atClose(() => child.end("SIGKILL"));
    expect(await verdict(agent, "it", true)).toBe("process 5000");
    await scripts.put("kill", "");
    await until("the second one runs", 5000, () => scripts.lines("numbers").length === 2);
    expect(scripts.lines("numbers")).toEqual(["5000", "5000"]);
    const why = "process 5000 is another than when the pidfile was written";
    const track = async (): Promise<string> => {
      const [it] = (await agent.router("lan")).tracks;
      return `${String(it?.up)} ${it?.detail}`;
    };
    await until("it is noticed", 5000, async () => (await track()) === `false ${why}`);
    await sleep(500);
    expect(await track()).toBe(`false ${why}`);
    await scripts.put("write", "");
    await until("it is believed again", 5000, async () => (await track()) === "true process 5000");
  });
});
