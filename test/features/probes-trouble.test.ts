/** Built-in probes where the agent itself is in trouble: no descriptors left, a thread that hangs. */
import { describe, expect, test } from "bun:test";
import { addressesOf } from "../lab/owner.ts";
import { sleep, until } from "../lab/process.ts";
import { frozen, threads } from "./frozen.ts";
import { check, serve, started, tracking, verdict, VIP } from "./probing.ts";
import { Site } from "./site.ts";

describe("an agent without descriptors left", () => {
  test("says so of its checks, holds what it has, and recovers", async () => {
    const site = await Site.create(1, 1);
    try {
      await serve(site, site.box(0));
      const text = [
        check("web", 'type = "http"', 'target = "127.0.0.1:8001"'),
        check("file", 'type = "file"', 'file = "/etc/passwd"'),
        check("daemon", 'type = "process"', 'process = "no-such-daemon"'),
        check("ping", 'type = "ping"', 'target = "127.0.0.1"'),
      ].join("\n");
      const agent = await started(site, site.box(0), tracking(200, text));
      await agent.is("lan", "master");
      await verdict(agent, "web", true);
      const limit = async (files: number): Promise<void> => {
        const set = Bun.spawnSync(["prlimit", `--pid=${agent.pid}`, `--nofile=${files}:`]);
        expect(set.exitCode).toBe(0);
      };
      await limit(3);
      for (const name of ["web", "file", "ping"]) {
        await agent.says("track.changed", `name=${name} router=lan up=false detail=`);
        expect(await verdict(agent, name, false)).toContain("EMFILE");
      }
      await sleep(500);
      expect(agent.state("lan")?.fields["to"]).toBe("master");
      expect(await addressesOf(site.box(0))).toContain(VIP);
      await limit(1024);
      for (const name of ["web", "file", "ping"]) {
        await agent.says("track.changed", `name=${name} router=lan up=true`, 2);
      }
      await until("all is good", 5000, async () => {
        const { tracks } = await agent.router("lan");
        return tracks.filter(({ up }) => up === true).length === 3;
      });
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
