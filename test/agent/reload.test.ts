/** Reload as a whole: refused, or nothing to do. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master, reply } from "./scenes.ts";
import { adverts, priorities, told } from "./sight.ts";
import type { Table } from "./text.ts";
import { agent, check, router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

const SECOND = { vrid: 52, addresses: ["192.0.2.2/24"] };

const states = (box: Box): string[] =>
  box.logs("vrrp.state").map(({ fields }) => `${fields["name"]} ${fields["from"]} ${fields["to"]}`);

describe("a file that is wrong", () => {
  test.each([
    ["does not parse", "[vrrp"],
    ["is empty", ""],
    ["has an unknown key", router({ priorty: 150 })],
    ["has nothing to do", agent({ node: "box0" })],
    ["has an error behind a warning", router({ addresses: ["192.0.2.0/24"], priority: 999 })],
  ])("is refused when it %s, and nothing changes", (_, text) => {
    const { lab, box } = master();
    const { exit, body } = reply(lab, box, text);
    expect(exit).toBe(1);
    expect(body).toMatchObject({ error: "refused; the running configuration stays" });
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.status().config.last_error).toMatch(/^test.toml:\d+:\d+: error: /);
    expect(box.logs("config.rejected")).toHaveLength(1);
    const since = lab.now;
    lab.run(10_000);
    expect(adverts(box, since)).toHaveLength(10);
  });

  test("is refused when it cannot be read", () => {
    const { box } = master();
    const source = { ...box.source(), text: null, failure: "ENOENT: no such file" };
    box.event({ kind: "config", source, connection: null });
    expect(box.state()).toBe("master");
    expect(box.status().config.last_error).toContain("ENOENT");
  });

  test("is forgotten when a good one comes", () => {
    const { box } = master();
    box.reload("[vrrp");
    box.reload(router());
    expect(box.status().config.last_error).toBeNull();
  });

  test("leaves the checks and the routers of before running", () => {
    const { lab, box } = master(router({ track_checks: ["web"] }) + check());
    box.reload(router({ track_checks: ["web"], vrid: 300 }) + check({ command: ["/bin/other"] }));
    lab.run(2000);
    expect(box.actions.filter(({ kind }) => kind === "probe-cancel")).toEqual([]);
  });

  test.each([
    ["runtime_dir", "/run/other"],
    ["state_dir", "/var/lib/other"],
    ["node", "other"],
    ["control_group", "staff"],
    ["realtime_priority", 5],
  ] as const)("is refused when it changes %s, which is taken up once", (key, value) => {
    const { lab, box } = master();
    const { exit, body } = reply(lab, box, agent({ [key]: value }) + router({ priority: 120 }));
    expect(exit).toBe(1);
    // At its value in the first line of [agent].
    const column = `${key} = `.length + 1;
    expect(JSON.stringify(body)).toContain(
      `test.toml:2:${column}: error: agent.${key} cannot change while the agent runs; cure: restart it, or put back `,
    );
    expect(box.router().priority).toBe(100);
  });
});

test("a file that no longer says a setting which is taken up once is refused at its table, or at the start", () => {
  const lab = new Lab();
  const box = lab.box(agent({ realtime_priority: 5 }) + router());
  box.start();
  const refusal = (text: string): string => JSON.stringify(reply(lab, box, text).body);
  expect(refusal(`${router()}[agent]\nnode = "box0"\n`)).toMatch(
    /test.toml:[2-9]\d*:1: error: agent.realtime_priority .* put back 5"/,
  );
  expect(refusal(router())).toContain("test.toml:1:1: error: agent.realtime_priority");
  box.reload(agent({ realtime_priority: 5 }) + router());
  expect(box.status().config.last_error).toBeNull();
});

describe("a file that did not change", () => {
  test("leaves everything as it is: no transition, no advert out of turn, no address touched, nothing told", () => {
    const { lab, box } = master(router() + router(SECOND, "VI_2"));
    const since = lab.now;
    const { exit, body } = reply(lab, box, box.config);
    expect(exit).toBe(0);
    expect(body).toMatchObject({ added: [], removed: [], restarted: [], changed: [] });
    lab.run(400);
    expect(adverts(box, since)).toEqual([]);
    expect(told(box, since)).toEqual([]);
    expect(states(box)).toHaveLength(4);
    lab.run(10_000);
    const times = adverts(box).filter(({ advertisement }) => advertisement.vrid === 51);
    const gaps = times.slice(1).map(({ at }, index) => at - (times[index]?.at ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1000.001);
  });

  test("is read again on SIGHUP", () => {
    const { lab, box } = master();
    box.config = router({ priority: 120 });
    box.event({ kind: "signal", signal: "SIGHUP" });
    lab.run(1);
    expect(box.router().priority).toBe(120);
  });

  test("leaves a backup's patience as it is", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(3000);
    box.reload(box.config);
    lab.run(610);
    expect(box.state()).toBe("master");
  });
});

describe("checks", () => {
  test("keep their health when they did not change", () => {
    const text = router({ track_checks: ["web"] }) + check({ fall: 1 });
    const { box } = master(text);
    box.event({ kind: "probe", check: "web", healthy: false, detail: "exit 1" });
    expect(box.state()).toBe("fault");
    box.reload(text + router(SECOND, "VI_2"));
    expect(box.state()).toBe("fault");
  });

  test("start neutral with another command, and the old probe is killed", () => {
    const { box } = master(router({ track_checks: ["web"] }) + check({ fall: 1 }));
    box.event({ kind: "probe", check: "web", healthy: false, detail: "exit 1" });
    const done = box.reload(router({ track_checks: ["web"] }) + check({ fall: 1, command: ["/bin/other"] }));
    expect(done).toContainEqual({ kind: "probe-cancel", check: "web" });
    expect(box.state()).toBe("backup");
  });

  test("are named in the answer when they, or settings of the agent, are what changed", () => {
    const text = (values: Table, settings: Table = {}): string =>
      agent(settings) + router({ track_checks: ["web"] }) + check(values);
    const { lab, box } = master(text({}));
    const nothing = { added: [], removed: [], restarted: [], changed: [] };
    expect(reply(lab, box, text({})).body).toMatchObject({ ...nothing, checks: [], agent: [] });
    expect(reply(lab, box, text({ fall: 7 })).body).toMatchObject({ ...nothing, checks: ["web"], agent: [] });
    expect(reply(lab, box, text({ fall: 7 }) + check({}, "dns")).body).toMatchObject({ checks: ["dns"] });
    expect(reply(lab, box, text({ fall: 7 })).body).toMatchObject({ checks: ["dns"] });
    const other = { script_user: "ops", log: { level: "debug" } };
    expect(reply(lab, box, text({ fall: 7 }, other)).body).toMatchObject({
      ...nothing,
      checks: [],
      agent: ["script_user", "log"],
    });
  });

  test("count with their new weight", () => {
    const text = (weight: number): string =>
      router({ track_checks: ["web"], priority: 150 }) + check({ fall: 1, weight });
    const { lab, box } = master(text(-20));
    box.event({ kind: "probe", check: "web", healthy: false, detail: "exit 1" });
    expect(box.router().effective_priority).toBe(130);
    lab.run(1);
    const since = lab.now;
    box.reload(text(-50));
    expect(box.router().effective_priority).toBe(100);
    expect(priorities(box, since)).toEqual([100]);
  });
});
