/** Processes that must run: nginx as people have it beside keepalived, pidfiles that lie, and processes that come and go. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { addressesOf } from "../lab/owner.ts";
import { Child, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { check, started, tracking, verdict, VIP } from "./probing.ts";
import { lives, Scripts } from "./scripts.ts";
import type { Box } from "./site.ts";
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

function comm(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

const first = (...lines: readonly string[]): Promise<Agent> =>
  started(site, site.box(0), tracking(150, check("it", 'type = "process"', ...lines)));

/** nginx in a box, on the virtual address' port 80 and every other: its master, which leaves its workers when it is killed. */
class Nginx {
  readonly #box: Box;
  readonly #directory: string;
  constructor(box: Box) {
    this.#box = box;
    this.#directory = scripts.path(box.name);
  }
  get pidfile(): string {
    return `${this.#directory}/nginx.pid`;
  }
  get pid(): number {
    return Number(readFileSync(this.pidfile, "utf8"));
  }
  async start(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true });
    const configuration = `${this.#directory}/nginx.conf`;
    await Bun.write(
      configuration,
      `user root; pid ${this.pidfile}; error_log ${this.#directory}/error.log; worker_processes 1;
       events { worker_connections 64; }
       http { access_log off; client_body_temp_path ${this.#directory}/b; proxy_temp_path ${this.#directory}/p;
         fastcgi_temp_path ${this.#directory}/f; uwsgi_temp_path ${this.#directory}/u; scgi_temp_path ${this.#directory}/s;
         server { listen 80; location / { return 200 "${this.#box.name}\\n"; } } }\n`,
    );
    await this.#box.namespace.run(["nginx", "-c", configuration, "-p", this.#directory]);
    await until("nginx wrote its pidfile", 5000, () => lives(this.pid));
    site.atClose(() => this.kill());
  }
  /** All of it, as the out-of-memory killer or a crash would. */
  async kill(): Promise<void> {
    const { pid } = this;
    if (comm(pid) !== "nginx") return;
    const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
    for (const each of [pid, ...workers.map(Number)]) process.kill(each, "SIGKILL");
    await until("nginx is gone", 5000, () => !lives(pid));
  }
}

/** Who answers on the virtual address; asked from a box. */
async function answers(from: Box): Promise<string> {
  return (await from.namespace.run(["curl", "-s", "-m", "2", `http://${VIP}/`]).catch(() => "")).trim();
}

describe("nginx", () => {
  const pair = async (
    left: Nginx,
    right: Nginx,
    ...lines: readonly string[]
  ): Promise<readonly [Agent, Agent]> => {
    await Promise.all([left.start(), right.start()]);
    const text = (nginx: Nginx): string =>
      check("nginx", 'type = "process"', `pidfile = "${nginx.pidfile}"`, 'process = "nginx"', ...lines);
    const one = await started(site, site.box(0), tracking(150, text(left)));
    const other = await started(site, site.box(1), tracking(120, text(right)));
    await one.is("lan", "master");
    await other.is("lan", "backup");
    return [one, other];
  };

  test("that is killed takes the address to the other node by its weight, and back when it runs again", async () => {
    const [left, right] = [new Nginx(site.box(0)), new Nginx(site.box(1))];
    const [one, other] = await pair(left, right, "weight = -60", "rise = 2");
    expect(await answers(site.box(1))).toBe("box1");
    await left.kill();
    await other.is("lan", "master", "preempting 10.77.1.1");
    await one.is("lan", "backup", "10.77.1.2 has priority 120");
    expect(await one.router("lan")).toMatchObject({ priority: 150, effective_priority: 90 });
    expect(await verdict(one, "nginx", false)).toMatch(/^process \d+ of the pidfile does not run$/);
    expect(await answers(site.box(0))).toBe("box2");
    await left.start();
    await one.is("lan", "master");
    expect(await answers(site.box(1))).toBe("box1");
    // Both without: the better one has it, as it is no worse than the other.
    await left.kill();
    await other.is("lan", "master");
    await right.kill();
    await one.is("lan", "master");
  });

  test("that is killed makes a fault of the router that requires it", async () => {
    const [left, right] = [new Nginx(site.box(0)), new Nginx(site.box(1))];
    const [one, other] = await pair(left, right, "weight = 0");
    await left.kill();
    await one.is("lan", "fault", "nginx is down");
    await other.is("lan", "master");
    expect(await addressesOf(site.box(0))).not.toContain(VIP);
    expect((await one.command("status")).code).toBe(3);
    expect(await answers(site.box(0))).toBe("box2");
    await left.start();
    await one.is("lan", "master");
    expect((await one.command("status")).code).toBe(0);
  });

  test("is found by its name alone, whatever it writes over its arguments", async () => {
    const nginx = new Nginx(site.box(0));
    await nginx.start();
    expect(readFileSync(`/proc/${nginx.pid}/cmdline`, "utf8")).toContain("nginx: master process");
    const text = [
      check("name", 'type = "process"', 'process = "nginx"'),
      check("path", 'type = "process"', 'process = "/usr/sbin/nginx"'),
      check("other", 'type = "process"', 'process = "/opt/sbin/nginx"'),
    ].join("\n");
    const agent = await started(site, site.box(0), tracking(150, text));
    await verdict(agent, "name", true);
    await verdict(agent, "path", true);
    expect(await verdict(agent, "other", false)).toBe('no process "/opt/sbin/nginx"');
  });
});

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
    const path = await scripts.write(
      "failover-watcher.sh",
      "while :; do sleep 600; done & echo $! >> $D/pids; wait",
    );
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
    await agent.says("track.changed", "up=false", 2);
    await sleep(500);
    expect(agent.events("track.changed").at(-1)?.fields).toMatchObject({
      up: "false",
      detail: "process 5000 is another than when the pidfile was written",
    });
    await scripts.put("write", "");
    await agent.says("track.changed", "up=true", 2);
  });
});
