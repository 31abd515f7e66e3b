/** Built-in probes where the agent itself is in trouble: no descriptors left, a thread that hangs. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Agent } from "./agent.ts";
import { addressesOf } from "../lab/owner.ts";
import { sleep, until } from "../lab/process.ts";
import { frozen, threads } from "./frozen.ts";
import { check, serve, started, tracking, verdict, VIP } from "./probing.ts";
import { Site } from "./site.ts";

/** Only a service; two of its servers need rights to be probed. */
const SERVICE = `[virtual_server.web]
address = "192.0.2.80:80"
real_servers = [
  "127.0.0.1:8001",
  { address = "127.0.0.2:8001", check = { type = "ping", fall = 1 } },
  { address = "127.0.0.3:8001", check = { mark = 7 } },
]
forward = "nat"
check = { type = "tcp", interval = "100ms", timeout = "1s", fall = 1 }
`;

describe("an agent without the rights of a router", () => {
  test("probes what it can, names what it cannot, and refuses a reload that makes it a router", async () => {
    const site = await Site.create(1, 1);
    try {
      await serve(site, site.box(0));
      const agent = await Agent.create(site.box(0).namespace, SERVICE);
      site.atClose(() => agent.close());
      const lost = "-net_admin,-net_raw";
      await agent.start(["setpriv", `--bounding-set=${lost}`, `--inh-caps=${lost}`]);
      const said = await agent.says("agent.warning", "what=rights");
      expect(said.fields["detail"]).toContain("no CAP_NET_ADMIN and no CAP_NET_RAW: run as root, or");
      await agent.says("server.state", "server=127.0.0.1:8001 from=undecided to=up");
      await agent.says("server.state", 'to=down reason="EPERM: no socket"');
      await agent.says("server.state", 'to=down reason="EPERM: mark 7"');
      const failed = await agent.says("service.failed");
      expect(failed.fields["detail"]).toContain("cure: ");
      const { code, stdout } = await agent.command("status");
      expect(code).toBe(3);
      expect(stdout).toContain(failed.fields["detail"] ?? "nothing");
      await agent.write(`${SERVICE}\n${tracking(200, "")}`);
      const refused = await agent.command("reload");
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(
        /:\d+:1: error: \[vrrp\.lan\] needs CAP_NET_ADMIN and CAP_NET_RAW, which/,
      );
      await agent.reload(SERVICE.replace("127.0.0.3", "127.0.0.4"));
      await agent.says("server.state", "server=127.0.0.4:8001");
      expect(await agent.stop()).toBe(0);
    } finally {
      await site.close();
    }
  });

  test("does not leave what a killed one has added, but refuses to start", async () => {
    const site = await Site.create(1, 1);
    try {
      const agent = await started(site, site.box(0), `${SERVICE}\n${tracking(200, "")}`);
      await agent.is("lan", "master");
      await agent.kill();
      await agent.write(SERVICE);
      const child = agent.launch(["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]);
      expect(await child.exited).toBe(5);
      expect(agent.lines.at(-1)).toContain("no CAP_NET_ADMIN: run as root");
    } finally {
      await site.close();
    }
  });
});

describe("an agent without descriptors left", () => {
  test("says so, takes nothing that it cannot probe for failed, and recovers", async () => {
    const site = await Site.create(1, 1);
    try {
      const web = await serve(site, site.box(0));
      const text = [
        check("web", 'type = "http"', 'target = "127.0.0.1:8001"'),
        check("file", 'type = "file"', 'file = "/etc/passwd"'),
        check("daemon", 'type = "process"', 'process = "no-such-daemon"'),
        check("ping", 'type = "ping"', 'target = "127.0.0.1"'),
      ].join("\n");
      const agent = await started(site, site.box(0), tracking(200, text));
      await agent.is("lan", "master");
      const names = ["web", "file", "ping"];
      for (const name of names) await verdict(agent, name, true);
      const limit = async (files: number): Promise<void> => {
        const set = Bun.spawnSync(["prlimit", `--pid=${agent.pid}`, `--nofile=${files}:`]);
        expect(set.exitCode).toBe(0);
      };
      await limit(3);
      const warned = await agent.says("agent.warning", "what=checks");
      expect(warned.fields["detail"]).toMatch(
        /^no descriptors left \(EMFILE.*\): .*; cure: a higher hard limit/,
      );
      await sleep(1000);
      expect(agent.state("lan")?.fields["to"]).toBe("master");
      expect(await addressesOf(site.box(0))).toContain(VIP);
      await limit(1024);
      await until("all are probed", 5000, async () => {
        const { tracks } = await agent.router("lan");
        return tracks.every(({ detail }) => !detail.startsWith("not probed"));
      });
      // Of a minute one.
      expect(agent.events("agent.warning").filter(({ fields }) => fields["what"] === "checks")).toHaveLength(
        1,
      );
      const changed = agent
        .events("track.changed")
        .filter(({ fields }) => names.includes(fields["name"] ?? ""));
      expect(changed.filter(({ fields }) => fields["up"] === "false")).toEqual([]);
      await web.end("SIGKILL");
      expect(await verdict(agent, "web", false)).toBe("ECONNREFUSED");
      expect(await agent.stop()).toBe(0);
    } finally {
      await site.close();
    }
  });
});

describe("an agent with few descriptors", () => {
  test("has all that it may have, and probes who finds no room later, and says so", async () => {
    const site = await Site.create(1, 1);
    try {
      await serve(site, site.box(0));
      // Each its own: what is the same is probed once.
      const hung = Array.from({ length: 8 }, (_, at) =>
        check(
          `hung${at}`,
          'type = "http"',
          'target = "127.0.0.1:8005"',
          `path = "/${at}"`,
          'timeout = "100ms"',
        ),
      );
      const web = check("web", 'type = "http"', 'target = "127.0.0.1:8001"');
      const agent = await Agent.create(site.box(0).namespace, tracking(200, [...hung, web].join("\n")));
      site.atClose(() => agent.close());
      // Two more than are kept for all that is no probe.
      await agent.start(["prlimit", "--nofile=64:258"]);
      const limits = readFileSync(`/proc/${agent.pid}/limits`, "utf8");
      expect(limits).toMatch(/^Max open files +258 +258 /m);
      for (const [at] of hung.entries()) await verdict(agent, `hung${at}`, false, "timeout after 0.1s");
      await verdict(agent, "web", true);
      await until("it says so", 10_000, async () => {
        const { stdout } = await agent.command("status", "lan");
        return /web: .*probed every 0\.\ds instead of 0\.1s/.test(stdout);
      });
      expect(agent.events("track.changed").filter(({ fields }) => fields["name"] === "web")).toHaveLength(1);
      expect(await agent.stop()).toBe(0);
    } finally {
      await site.close();
    }
  });
});

describe("a thread that probes and hangs", () => {
  test("fails its checks after their timeout and three seconds, while adverts go on, and is believed again later", async () => {
    const site = await Site.create(1, 1);
    try {
      const text = [
        check("file", 'type = "file"', 'file = "/etc/passwd"'),
        check("daemon", 'type = "process"', `process = "${process.execPath}"`),
      ].join("\n");
      const agent = await started(site, site.box(0), tracking(200, text));
      await agent.is("lan", "master");
      const names = ["file", "daemon"];
      for (const name of names) await verdict(agent, name, true);
      const [worker = 0, ...others] = threads(agent.pid, "Worker");
      expect(others).toEqual([]);
      {
        using _ = await frozen(agent.pid, worker);
        for (const name of names)
          expect(await verdict(agent, name, false)).toBe("the thread that probes hangs");
        const { counters } = await agent.router("lan");
        await until("it advertises", 5000, async () => {
          return (await agent.router("lan")).counters.adverts_sent > counters.adverts_sent + 2;
        });
        expect(agent.state("lan")?.fields["to"]).toBe("master");
      }
      for (const name of names) await agent.says("track.changed", `name=${name} router=lan up=true`, 2);
      expect(await agent.stop()).toBe(0);
    } finally {
      await site.close();
    }
  });
});
