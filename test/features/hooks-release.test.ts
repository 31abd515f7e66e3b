/** before_release: what waits for it and for how long; and keepalived beside a router with hooks. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { Keepalived } from "../lab/keepalived.ts";
import { now, until } from "../lab/process.ts";
import { frozen, threads } from "./frozen.ts";
import { lives } from "./scripts.ts";
import type { Agent } from "./agent.ts";
import { router, Stage, VIP } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.create();
});
afterEach(() => stage.close());

describe("before_release", () => {
  test("is waited for by SIGTERM: adverts go on, the address stays, then priority 0", async () => {
    const flush = await stage.witness("flush", "sleep 1");
    const agent = await stage.started(router(`before_release = ["${flush}"]`));
    await stage.held();
    const from = now();
    expect(await agent.stop()).toBe(0);
    expect([stage.saw("flush", "begin").held, stage.saw("flush", "end").held]).toEqual([true, true]);
    await until("the last word", 3000, () => stage.priorities(from).includes(0));
    expect(
      stage.priorities(stage.saw("flush", "begin").at, stage.saw("flush", "end").at).length,
    ).toBeGreaterThan(5);
    const lastWord = stage.wire.adverts(from, stage.site.box(0).mac).find(({ seen }) => seen.priority === 0);
    expect(lastWord?.at).toBeGreaterThan(stage.saw("flush", "end").at - 1);
    expect(await stage.holds()).toBe(false);
  });

  test("that hangs holds SIGTERM up for its timeout and less than a second more", async () => {
    const hangs = await stage.scripts.write("hangs.sh", "echo $$ >> $D/pids; exec sleep 600");
    const agent = await stage.started(router(`before_release = ["${hangs}"], timeout = "1s"`));
    await stage.held();
    const from = now();
    expect(await agent.stop()).toBe(0);
    expect(now() - from).toBeGreaterThan(990);
    expect(now() - from).toBeLessThan(2000);
    expect((await agent.says("hook.failed")).fields["detail"]).toBe(`${hangs}: timeout after 1s`);
    expect(lives(Number(stage.scripts.lines("pids")[0]))).toBe(false);
    expect(await stage.holds()).toBe(false);
  });

  test("that cannot even begin, as its program is on a disk that hangs, holds SIGTERM up no longer", async () => {
    const flush = await stage.witness("flush");
    const hooks = `before_release = ["${flush}"], after_take = ["/bin/true"], timeout = "1s"`;
    const agent = await stage.started(router(hooks));
    await agent.says("hook.ended", "after_take");
    const [worker = 0, ...others] = threads(agent.pid, "Worker");
    expect(others).toEqual([]);
    {
      using _ = await frozen(agent.pid, worker);
      agent.signal("SIGTERM");
      await until("the agent has left", 5000, () => !lives(agent.pid));
    }
    expect(await agent.exited()).toBe(0);
    expect((await agent.says("hook.failed")).fields["detail"]).toBe(`${flush}: timeout after 1s`);
    expect(await stage.holds()).toBe(false);
  });

  test("is waited for by haagent stop, however long it takes", async () => {
    const flush = await stage.witness("flush", "sleep 6");
    const agent = await stage.started(router(`before_release = ["${flush}"], timeout = "10s"`));
    await stage.held();
    expect(await agent.command("stop")).toMatchObject({ code: 0, stderr: "" });
    expect(await agent.exited()).toBe(0);
    expect(stage.scripts.lines("flush.log")).toHaveLength(2);
  }, 40_000);

  test("is waited for by standby and by a reload, whose answers say so", async () => {
    const flush = await stage.scripts.write(
      "flush.sh",
      'echo "$HAAGENT_STATE $HAAGENT_REASON" >> $D/calls; sleep 0.5',
    );
    const text = router(`before_release = ["${flush}"]`);
    const agent = await stage.started(text);
    await stage.held();
    expect((await agent.command("standby", "lan")).stdout).toBe("standby: lan\nwaiting for hook: lan\n");
    expect(await stage.holds()).toBe(true);
    await agent.is("lan", "standby");
    await agent.command("takeover", "lan");
    await stage.held();
    const answer = await agent.reload(text.replace("vrid = 51", "vrid = 52"));
    // The directory of the script is everybody's, of which it warns.
    const said = answer.split("\n").filter((line) => !line.includes(": warning: script "));
    expect(said).toEqual(["restarted: lan", "waiting for hook: lan", ""]);
    expect((await agent.router("lan")).vrid).toBe(51);
    await agent.says("config.loaded", "restarted=1");
    expect((await agent.router("lan")).vrid).toBe(52);
    expect(stage.scripts.lines("calls")).toEqual([
      "MASTER standby by the operator",
      "MASTER configuration changed",
    ]);
  });

  test("runs after the loss of an election and of the cable", async () => {
    const flush = await stage.witness("flush", 'echo "$HAAGENT_STATE" >> $D/states');
    const agent = await stage.started(router(`before_release = ["${flush}"]`));
    await stage.held();
    await stage.site.cable(stage.site.box(0), 1, false);
    await agent.is("lan", "fault");
    await stage.ended("flush");
    expect(stage.saw("flush", "begin").held).toBe(false);
    expect(stage.scripts.lines("states")).toEqual(["FAULT"]);
  });
});

describe("a hook that hangs", () => {
  interface Hanging {
    readonly agent: Agent;
    readonly runs: () => Promise<number>;
    readonly child: () => number;
  }

  /** A master with one, and the number of what the hook started. */
  async function hanging(which: "after_take" | "before_release"): Promise<Hanging> {
    const hangs = await stage.scripts.write("hangs.sh", "sleep 600 & echo $! >> $D/pids; wait");
    const agent = await stage.started(router(`${which} = ["${hangs}"], timeout = "60s"`));
    await stage.held();
    const noted = (): number => readdirSync(`${agent.runtimeDir}/commands`).length;
    return {
      agent,
      runs: () => until("it runs", 8000, () => stage.scripts.lines("pids").length === 1 && noted() === 1),
      child: () => Number(stage.scripts.lines("pids").at(-1)),
    };
  }

  test("dies at a second SIGTERM, and the agent leaves at once", async () => {
    const { agent, runs, child } = await hanging("before_release");
    agent.signal("SIGTERM");
    await runs();
    expect(lives(child())).toBe(true);
    const from = now();
    expect(await agent.stop()).toBe(0);
    expect(now() - from).toBeLessThan(3000);
    await until("it is gone", 3000, () => !lives(child()));
    expect(await stage.holds()).toBe(false);
    expect((await agent.says("hook.failed")).fields["detail"]).toBe("killed: told to stop again");
  });

  test("dies when its killed agent is started again, and runs anew", async () => {
    const { agent, runs, child } = await hanging("after_take");
    await runs();
    const before = child();
    await agent.kill();
    expect(lives(before)).toBe(true);
    await agent.start();
    await agent.says("agent.warning", "killed what the last agent had left running");
    await until("it is gone", 3000, () => !lives(before));
    await until("the next one runs", 20_000, () => stage.scripts.lines("pids").length === 2);
    expect(lives(child())).toBe(true);
  });

  test("dies by haagent release when its agent is not started again", async () => {
    const { agent, runs, child } = await hanging("after_take");
    await runs();
    await agent.kill();
    const { code, stdout } = await agent.command("release");
    expect({ code, stdout: stdout.match(/killed command \d+/g)?.length }).toEqual({ code: 0, stdout: 1 });
    await until("it is gone", 3000, () => !lives(child()));
  });
});

describe("beside keepalived", () => {
  const beside = async (): Promise<Keepalived> => {
    const keepalived = new Keepalived(
      stage.site.box(1),
      `global_defs {
}
vrrp_instance lan {
  state BACKUP
  interface eth1
  virtual_router_id 51
  version 3
  priority 100
  advert_int 0.1
  virtual_ipaddress {
    ${VIP}/24 dev eth1
  }
}
`,
    );
    stage.site.atClose(() => keepalived.close());
    await keepalived.start();
    await stage.held(1);
    return keepalived;
  };

  test("keepalived stays backup while before_take runs, and while before_release does", async () => {
    await beside();
    const prepare = await stage.witness("prepare", "sleep 2");
    const flush = await stage.witness("flush", "sleep 1");
    const agent = await stage.started(router(`before_take = ["${prepare}"], before_release = ["${flush}"]`));
    await stage.held();
    const theirs = (from: number, to: number): number =>
      stage.wire.adverts(from, stage.site.box(1).mac).filter(({ at }) => at <= to).length;
    // Its last word on losing aside.
    const span = [stage.saw("prepare", "begin").at + 200, stage.saw("prepare", "end").at] as const;
    expect(theirs(...span)).toBe(0);
    expect(stage.priorities(...span).length).toBeGreaterThan(10);
    expect(await agent.stop()).toBe(0);
    expect(theirs(stage.saw("flush", "begin").at, stage.saw("flush", "end").at)).toBe(0);
    await stage.held(1);
  });

  test("keepalived takes over at once when before_take fails", async () => {
    await beside();
    const fails = await stage.witness("fails", "sleep 1; exit 1");
    const agent = await stage.started(router(`before_take = ["${fails}"]`));
    const { at } = await agent.is("lan", "fault");
    await stage.held(1);
    await until("it advertises", 3000, () => stage.wire.adverts(at, stage.site.box(1).mac).length > 0);
    expect((stage.wire.adverts(at, stage.site.box(1).mac)[0]?.at ?? Infinity) - at).toBeLessThan(1000);
    expect(await stage.holds()).toBe(false);
  });
});
