/** Routes and rules after a SIGKILL, over a reload, and of two routers. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sleep } from "../lab/process.ts";
import { Monitor } from "./monitor.ts";
import { RouteScene, DEFAULT, GATE, router, routes, rulesOf } from "./route-scene.ts";
import { allRoutes, rules } from "./routing.ts";

let scene: RouteScene;

beforeEach(async () => {
  scene = await RouteScene.create();
});
afterEach(() => scene.close());

describe("an agent that was killed", () => {
  const text = router(
    routes(DEFAULT, "10.9.0.0/24 via 10.77.1.9 table 100") + rulesOf("from 10.9.0.0/24 table 100"),
  );

  test("leaves routes that `haagent release` removes, each said", async () => {
    const agent = await scene.master(text);
    await scene.gets(DEFAULT);
    await agent.kill();
    // IPv4 routes have no lifetime: without an address they stay.
    await sleep(2500);
    expect(await scene.ours()).toEqual([DEFAULT]);
    const { code, stdout } = await agent.command("release");
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "removed rule from 10.9.0.0/24 table 100",
      "removed route 10.9.0.0/24 via 10.77.1.9 dev eth1 table 100",
      `removed route ${DEFAULT}`,
    ]);
    expect([
      ...(await allRoutes(scene.box.namespace)),
      ...(await rules(scene.box.namespace)),
      ...(await scene.ours(4, 100)),
    ]).toEqual([]);
  });

  test("leaves routes that the next one removes, when it starts as backup", async () => {
    const agent = await scene.master(text);
    await agent.kill();
    await sleep(1000);
    await agent.write(router(`startup_delay = "60s"\n`));
    await agent.start();
    await scene.loses(DEFAULT);
    expect([...(await rules(scene.box.namespace)), ...(await scene.ours(4, 100))]).toEqual([]);
  });

  test("and is started again at once goes on with them untouched", async () => {
    const agent = await scene.master(text.replace("100ms", "1s"));
    await scene.gets(DEFAULT);
    await sleep(1100);
    const monitor = await Monitor.start(scene.box.namespace);
    scene.site.atClose(() => monitor.close());
    await agent.kill();
    await agent.start();
    await agent.is("lan", "master", "resumed");
    await sleep(500);
    await monitor.flush();
    expect(monitor.about("default via")).toEqual([]);
    expect(await agent.stop()).toBe(0);
    expect([
      ...(await allRoutes(scene.box.namespace)),
      ...(await rules(scene.box.namespace)),
      ...(await scene.ours(4, 100)),
    ]).toEqual([]);
  });

  test("never makes the next one remove what somebody else has in its place", async () => {
    const agent = await scene.master(router(routes(DEFAULT)));
    await scene.gets(DEFAULT);
    await agent.kill();
    await scene.box.namespace.ip(`route replace ${DEFAULT}`);
    expect((await agent.command("release")).code).toBe(0);
    expect(await allRoutes(scene.box.namespace)).toEqual([`${DEFAULT} proto boot`]);
  });
});

describe("a reload", () => {
  test("changes what changed, and nothing else flaps", async () => {
    const keeps = "10.9.0.0/24 via 10.77.2.2";
    const agent = await scene.master(router(routes(keeps, DEFAULT) + rulesOf("from 10.9.0.0/24 table 100")));
    await scene.gets(DEFAULT);
    const monitor = await Monitor.start(scene.box.namespace);
    scene.site.atClose(() => monitor.close());
    const next = "default via 10.77.2.8 dev eth2";
    expect(await agent.reload(router(routes(keeps, next) + rulesOf("from 10.9.1.0/24 table 100")))).toBe(
      "changed: lan\n",
    );
    await scene.gets(next);
    expect(await rules(scene.box.namespace)).toEqual(["32765: from 10.9.1.0/24 lookup 100 proto 112"]);
    await agent.reload(router(routes(keeps)));
    await scene.loses(next);
    expect(await rules(scene.box.namespace)).toEqual([]);
    await monitor.flush();
    expect(monitor.about("10.9.0.0/24")).toEqual([]);
    expect(
      monitor.about("default").map(({ deleted, text }) => `${deleted ? "-" : "+"} ${text.split(" ")[2]}`),
    ).toEqual([`- ${GATE}`, "+ 10.77.2.8", "- 10.77.2.8"]);
    expect(agent.events("vrrp.state", "lan")).toHaveLength(2);
  });

  test("refuses what is wrong, at its place", async () => {
    const agent = await scene.master(router(routes(DEFAULT)));
    await agent.write(
      router(
        'routes = ["default vai 10.77.2.9", "10.9.0.1/24 dev eth2"]\nrules = ["from 10.9.0.0/24 table office"]',
      ),
    );
    const { code, stderr } = await agent.command("check");
    expect(code).toBe(1);
    expect(stderr).toMatch(/:14:11: error: routes: "vai" is not understood; did you mean "via"\?/);
    expect(stderr).toMatch(/:14:36: error: routes: .*the network is 10\.9\.0\.0\/24/);
    expect(stderr).toMatch(/:15:10: error: rules: table "office"/);
    expect((await agent.command("reload")).code).not.toBe(0);
    expect(await scene.has(DEFAULT)).toBe(true);
  });
});

describe("two routers", () => {
  test("that want the same route have it as long as either is master", async () => {
    const both = (first: string): string =>
      router(first + routes(DEFAULT)) + router(routes(DEFAULT), "other", 52, "10.77.1.60/24");
    const agent = await scene.master(both(""));
    await agent.is("other", "master");
    const monitor = await Monitor.start(scene.box.namespace);
    scene.site.atClose(() => monitor.close());
    expect((await agent.command("standby", "lan")).code).toBe(0);
    await agent.is("lan", "standby");
    await sleep(200);
    expect(await scene.ours()).toEqual([DEFAULT]);
    expect((await agent.command("takeover", "lan")).code).toBe(0);
    await agent.is("lan", "master");
    expect((await agent.command("standby", "other")).code).toBe(0);
    await sleep(200);
    expect(await scene.ours()).toEqual([DEFAULT]);
    await monitor.flush();
    expect(monitor.about("default")).toEqual([]);
    expect((await agent.command("standby", "lan")).code).toBe(0);
    await scene.loses(DEFAULT);
  });
});
