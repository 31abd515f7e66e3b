/** Virtual services whose servers fail, are taken out and come back; restarts, reloads, and other hands in the table. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { now, run, sleep, until } from "../lab/process.ts";
import { Scene, server, servicesOf, VIP, web, weights, withoutModules } from "./director.ts";

let scene: Scene;

beforeAll(async () => {
  scene = await Scene.create();
  await scene.vip(true);
});
afterAll(() => scene.close());
afterEach(() => scene.clear());

/** The check of `web`: interval and timeout 300 ms, rise 2, fall 3. */
const HTTP = 'type = "http"';
/** interval + fall × max(interval, timeout), and room for a machine that stalls: for a second it may without a verdict on others. */
const OUT_WITHIN = 300 + 3 * 1000 + 1500;

describe("a server that fails", () => {
  const faults: readonly (readonly [string, (at: number) => unknown, (at: number) => unknown])[] = [
    [
      "with a wrong status",
      (at) => scene.backend(at).answers("503"),
      (at) => scene.backend(at).answers("200"),
    ],
    ["hung", (at) => scene.backend(at).freeze(true), (at) => scene.backend(at).freeze(false)],
    ["slow", (at) => scene.backend(at).answers("slow 2000"), (at) => scene.backend(at).answers("200")],
    ["killed", (at) => scene.backend(at).end(), (at) => scene.backend(at).start()],
  ];
  test("is out in time, with nobody else beside it, and in again, however it fails", async () => {
    const agent = await scene.serving(web("", HTTP).replace('timeout = "300ms"', 'timeout = "1s"'));
    for (const [how, breaks, mends] of faults) {
      const broken = now();
      await breaks(1);
      await until(
        `${how} is out`,
        20_000,
        () => agent.events("server.state").at(-1)?.fields["to"] === "down",
      );
      const said = agent.events("server.state").at(-1);
      expect(said?.fields).toMatchObject({ name: "web", server: `${server(1)}:80`, from: "up" });
      expect((said?.at ?? 0) - broken).toBeLessThan(OUT_WITHIN);
      const service = await scene.has(agent, "1,0,1");
      expect(service.servers.map(({ up }) => up)).toEqual([true, false, true]);
      expect(service.servers[1]?.last_error).not.toBe(null);
      expect(new Set(await scene.caller.gets(4))).toEqual(new Set(["s1", "s3"]));
      await mends(1);
      await scene.has(agent, "1,1,1");
    }
    expect(
      agent.events("server.state").filter(({ fields }) => fields["server"] !== `${server(1)}:80`),
    ).toHaveLength(2);
    const { stdout } = await agent.command("why", "web");
    expect(stdout).toContain(`up > down       ${server(1)}:80: HTTP 503\n`);
  });
});

describe("a pool", () => {
  const pair = (more = ""): string => web(more, HTTP).replace(`, "${server(2)}:80"`, "");

  test("falls back without a moment in which nobody serves, and back", async () => {
    const agent = await scene.started(pair(`fallback = "${server(2)}:80"`));
    await scene.has(agent, "1,1");
    const answers: string[] = [];
    let over = false;
    const calls = (async () => {
      while (!over) answers.push(await scene.caller.get());
    })();
    await until("both have answered", 10_000, () => new Set(answers).size === 2);
    for (const at of [0, 1]) scene.backend(at).answers("500");
    const service = await scene.settles(
      agent,
      "the fallback serves",
      ({ fallback }) => fallback?.in_use === true,
    );
    expect(service.quorum).toBe(false);
    expect((await agent.status()).health).toBe("degraded");
    expect(await scene.caller.gets(3)).toEqual(["s3", "s3", "s3"]);
    for (const at of [0, 1]) scene.backend(at).answers("200");
    await scene.settles(agent, "both serve", (each) => weights(each).join() === "1,1" && each.quorum);
    over = true;
    await calls;
    expect(new Set(answers)).toEqual(new Set(["s1", "s2", "s3", "status 500"]));
    await until(
      "the fallback is gone",
      20_000,
      async () => !(await scene.table()).join().includes(server(2)),
    );
    expect(agent.events("service.state").map(({ fields }) => fields["to"])).toEqual(["up", "down", "up"]);
  });

  test("below its floor keeps who fails, for it is likelier that we are cut off", async () => {
    const agent = await scene.serving(web("panic_below = 50", HTTP));
    scene.backend(0).answers("500");
    await scene.has(agent, "0,1,1");
    for (const at of [1, 2]) scene.backend(at).answers("500");
    await scene.settles(agent, "one is held", ({ servers }) => servers.filter(({ held }) => held).length > 0);
    await sleep(1500);
    const [service] = await servicesOf(agent);
    expect(service?.servers.filter(({ weight }) => weight > 0).length).toBeGreaterThanOrEqual(1);
    for (const at of [0, 1, 2]) scene.backend(at).answers("200");
    await scene.has(agent, "1,1,1");
  });
});

describe("the operator", () => {
  test("drains a server, and its connections go on; disables one, and has it back", async () => {
    const text = web().replaceAll(":80", ":7000");
    const agent = await scene.serving(text);
    const [connection, who] = await scene.caller.open();
    const at = Number(who[1]) - 1;
    const drained = await agent.command("server", "drain", "web", server(at));
    expect(drained).toMatchObject({ code: 0, stdout: `drained: web ${server(at)}:7000\n` });
    await scene.settles(agent, "it is drained", ({ servers }) => servers[at]?.weight === 0);
    expect(await scene.caller.say(connection)).toBe(`s${at + 1} still there`);
    const others = await Promise.all([1, 2, 3, 4].map(async () => (await scene.caller.open())[1]));
    expect(others.some((answer) => answer.startsWith(`s${at + 1}`))).toBe(false);
    expect((await agent.command("server", "disable", "web", server(at))).code).toBe(0);
    await until(
      "it is out of the table",
      5000,
      async () => !(await scene.table()).join().includes(server(at)),
    );
    expect((await agent.command("server", "enable", "web", `${server(at)}:7000`)).code).toBe(0);
    await scene.has(agent, "1,1,1");
    expect(await scene.caller.say(connection)).toBe(`s${at + 1} still there`);
    expect(await agent.command("server", "drain", "web", "10.0.0.9")).toMatchObject({ code: 1 });
    expect(await agent.command("server", "drain", "wep", server(at))).toMatchObject({ code: 1 });
    expect((await agent.command("status")).stdout).toContain(`web: UP`);
  });

  test("takes a server out with a file in the maintenance directory", async () => {
    const directory = `/tmp/haagent-maintenance-${process.pid}`;
    await run(["mkdir", "-p", directory]);
    const agent = await scene.serving(web(), `maintenance_dir = "${directory}"`);
    await Bun.write(`${directory}/${server(0)}`, "");
    await scene.has(agent, "0,1,1");
    await Bun.write(`${directory}/${server(1)}:80`, "");
    const service = await scene.has(agent, "0,0,1");
    expect(service.servers.map(({ state }) => state)).toEqual(["maintenance", "maintenance", "up"]);
    await run(["rm", "-r", directory]);
    await until(
      "an unreadable directory is said",
      5000,
      async () => (await agent.status()).health === "degraded",
    );
    expect((await agent.command("status")).stdout).toContain("! maintenance_dir: ENOENT");
  });
});

describe("a restart", () => {
  test("after a crash takes over what is there: connections go on, weights stay until the first verdict", async () => {
    const text = web().replaceAll(":80", ":7000");
    const agent = await scene.serving(text);
    const [connection, who] = await scene.caller.open();
    await agent.kill();
    const { namespace } = scene.director();
    await namespace.run(["ipvsadm", "-e", "-t", `${VIP}:7000`, "-r", `${server(0)}:7000`, "-g", "-w", "5"]);
    scene.backend(0).freeze(true);
    const before = await scene.table();
    await agent.write(
      text.replace('timeout = "300ms"', 'timeout = "4s"').replace('type = "tcp"', 'type = "http"\nport = 80'),
    );
    await agent.start();
    await scene.settles(agent, "the others are judged", ({ servers }) => servers[1]?.up === true);
    expect(await scene.table()).toEqual(before);
    expect((await servicesOf(agent))[0]?.servers[0]).toMatchObject({ up: null, weight: 5 });
    scene.backend(0).freeze(false);
    await scene.has(agent, "1,1,1");
    expect(await scene.caller.say(connection)).toBe(who.replace("hello", "still there"));
    expect(await agent.stop()).toBe(0);
    expect(await scene.table()).toEqual([]);
  });

  test("in order has the connections go on with it, too", async () => {
    const agent = await scene.serving(web().replaceAll(":80", ":7000"));
    const [connection, who] = await scene.caller.open();
    expect(await agent.stop()).toBe(0);
    await agent.start();
    await scene.has(agent, "1,1,1");
    expect(await scene.caller.say(connection)).toBe(who.replace("hello", "still there"));
  });

  test("finds what on_stop = keep has left, and release removes it", async () => {
    const agent = await scene.serving(web('on_stop = "keep"'));
    expect(await agent.stop()).toBe(0);
    expect(await scene.table()).toHaveLength(4);
    await agent.start();
    await scene.has(agent, "1,1,1");
    await agent.kill();
    const released = await agent.command("release");
    expect(released).toMatchObject({ code: 0, stdout: `removed virtual server tcp ${VIP} 80\n` });
    expect(await scene.table()).toEqual([]);
  });
});

describe("a reload", () => {
  test("with an error leaves every check running; one that changes a weight is one write", async () => {
    const agent = await scene.serving(web());
    await agent.write(web('scheduler_flags = ["nonsense"]'));
    expect((await agent.command("reload")).code).toBe(1);
    await scene.backend(1).end();
    await scene.has(agent, "1,0,1");
    await scene.backend(1).start();
    await scene.has(agent, "1,1,1");
    const answer = await agent.reload(
      web().replace(`"${server(1)}:80"`, `{ address = "${server(1)}:80", weight = 9 }`),
    );
    expect(answer).toBe("services: web\n");
    await scene.has(agent, "1,9,1");
    await agent.reload(
      "[virtual_server.other]\n" + `address = "${VIP}:81"\nreal_servers = ["${server(0)}"]\n`,
    );
    await until("only the other is there", 5000, async () => {
      const table = await scene.table();
      return table.length === 2 && table.every((line) => line.includes(`${VIP}:81`));
    });
  });
});

describe("other hands in the table", () => {
  test("are found and repaired, and what is theirs is left alone", async () => {
    const { namespace } = scene.director();
    await namespace.run(["ipvsadm", "-A", "-t", "10.77.1.99:99", "-s", "rr"]);
    const agent = await scene.serving(web());
    const whole = await scene.table();
    await namespace.run(["ipvsadm", "-d", "-t", `${VIP}:80`, "-r", `${server(0)}:80`]);
    await namespace.run(["ipvsadm", "-e", "-t", `${VIP}:80`, "-r", `${server(1)}:80`, "-g", "-w", "0"]);
    await agent.says("service.repaired", "name=web");
    await until("the table is whole again", 5000, async () => (await scene.table()).join() === whole.join());
    await namespace.run(["ipvsadm", "-C"]);
    await namespace.run(["ipvsadm", "-A", "-t", "10.77.1.99:99", "-s", "rr"]);
    await until(
      "it is whole after everything was flushed",
      10_000,
      async () => (await scene.table()).join() === whole.join(),
    );
    expect(await agent.stop()).toBe(0);
    expect(await scene.table()).toEqual(["-A -t 10.77.1.99:99 -s rr"]);
  });
});

describe("a module that the kernel does not have", () => {
  test("is named where it is a scheduler, and found when it is there", async () => {
    await withoutModules(async (mend) => {
      const agent = await scene.started(web().replace('"rr"', '"fo"'));
      await agent.says("service.failed", "modprobe ip_vs_fo");
      expect((await agent.status()).health).toBe("degraded");
      expect((await servicesOf(agent))[0]?.failure).toContain("no scheduler fo");
      await mend();
      await scene.has(agent, "1,1,1");
      expect((await agent.status()).health).toBe("ok");
    });
  });

  test("is named where it is IPVS itself: servers are probed all the same, and get their weights when it is there", async () => {
    const listed = await Bun.file("/proc/modules").text();
    const schedulers = listed.match(/^ip_vs_\w+/gm) ?? [];
    await run(["rmmod", ...schedulers, "ip_vs"]);
    await withoutModules(async (mend) => {
      const agent = await scene.started(web());
      const said = await agent.says("service.failed");
      expect(said.fields["detail"]).toMatch(/no IPVS .*modprobe ip_vs/);
      await agent.says("server.state", "to=up", 3);
      const { code, stdout } = await agent.command("status");
      expect(code).toBe(3);
      expect(stdout).toContain("cure: modprobe ip_vs");
      await mend();
      await scene.has(agent, "1,1,1");
      expect(agent.events("service.failed")).toHaveLength(1);
      expect(await agent.stop()).toBe(0);
    });
  });
});

describe("an agent that may not use IPVS", () => {
  test("says so with the cure, probes the servers all the same, and has the service when it may", async () => {
    const other = web('ipvs = "sockopt"').replaceAll("server.web", "server.old").replaceAll(":80", ":81");
    const agent = await scene.agent(web() + other);
    await agent.start(["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]);
    for (const table of ["auto", "sockopt"]) {
      const said = await agent.says("service.failed", `table=${table}`);
      expect(said.fields["detail"]).toMatch(/not permitted to use IPVS \(EPERM\); cure: run as root/);
    }
    await agent.says("server.state", "name=web server=", 3);
    const { code, stdout } = await agent.command("status");
    expect(code).toBe(3);
    expect(stdout).toContain("cure: run as root");
    expect((await agent.command("reload")).code).toBe(0);
    expect(await agent.stop()).toBe(0);
    expect(agent.events("service.failed")).toHaveLength(2);
    expect(agent.events("agent.warning").map(({ fields }) => fields["what"])).toEqual(["rights"]);
    await agent.start();
    await scene.has(agent, "1,1,1");
  });
});
