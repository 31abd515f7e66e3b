/** nginx killed, as people have it beside keepalived: the address moves, by weight or because the router requires it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import type { Agent } from "./agent.ts";
import { check, comm, started, tracking, verdict, VIP } from "./probing.ts";
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
    const why = await verdict(one, "nginx", false);
    expect(why).toMatch(/^process \d+ of the pidfile does not run$/);
    const { stdout } = await one.command("status");
    expect(stdout).toContain("\n  priority  90 = 150 -60 (nginx down)\n");
    expect(stdout).toContain(`\n  track     nginx: DOWN, weight -60 (${why})\n`);
    expect(stdout).toMatch(
      /\n {2}election  this node would not win: lower priority\n {12}120 {2}10\.77\.1\.2, heard \S+ ago\n {12}90 {2}this node\n/,
    );
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
    await until("nginx calls itself so", 5000, () =>
      readFileSync(`/proc/${nginx.pid}/cmdline`, "utf8").includes("nginx: master process"),
    );
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
