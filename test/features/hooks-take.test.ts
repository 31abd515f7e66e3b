/** before_take and after_take: the order on the wire and in the kernel, and what a failing, hanging or lost hook leads to. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sleep, until } from "../lab/process.ts";
import { lives } from "./scripts.ts";
import { router, Stage, VIP } from "./stage.ts";

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.create();
});
afterEach(() => stage.close());

describe("a master with hooks", () => {
  test("advertises, runs before_take, takes and announces, then runs after_take", async () => {
    const before = await stage.witness("before", "sleep 1");
    const after = await stage.witness("after");
    const up = await stage.witness("up");
    await stage.started(
      `${router(`before_take = ["${before}"], after_take = ["${after}"]`)}notify = { master = ["${up}"] }`,
    );
    await stage.ended("after");
    await stage.ended("up");
    await stage.wire.upTo(stage.saw("after", "end").at);
    expect(stage.saw("before", "begin").held).toBe(false);
    expect(stage.saw("before", "end").held).toBe(false);
    expect(stage.saw("after", "begin").held).toBe(true);
    expect(stage.saw("up", "begin").held).toBe(true);
    const first = stage.wire.adverts()[0]?.at ?? Infinity;
    expect(first).toBeLessThan(stage.saw("before", "begin").at);
    expect(
      stage.priorities(stage.saw("before", "begin").at, stage.saw("before", "end").at).length,
    ).toBeGreaterThan(5);
    const announced = stage.wire.announcements(VIP)[0]?.at ?? Infinity;
    expect(announced).toBeGreaterThan(stage.saw("before", "end").at - 1);
    expect(announced).toBeLessThan(stage.saw("after", "end").at);
  });

  test("says in its status what runs, and that it holds nothing yet", async () => {
    const agent = await stage.started(
      router(`before_take = ["${await stage.witness("before", "sleep 2")}"]`),
    );
    await agent.is("lan", "master");
    await sleep(300);
    const { state, reason, addresses } = await agent.router("lan");
    expect({ state, held: addresses.map(({ held }) => held) }).toEqual({ state: "master", held: [false] });
    expect(reason).toMatch(/^no master heard; hook: before_take running 0\.[1-9]s$/);
    expect((await agent.command("status")).stdout).toContain("hook: before_take running");
    await stage.held();
    expect((await agent.router("lan")).reason).toBe("no master heard");
  });

  test("runs several commands in order, as the script user, with PATH and seven variables", async () => {
    const one = await stage.scripts.write("one.sh", 'echo "one $* $(id -un)" >> $D/calls; sleep 0.3');
    const two = await stage.scripts.write(
      "two.sh",
      `echo "two $*" >> $D/calls; tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1 | sort > $D/names; echo "$HAAGENT_STATE $HAAGENT_PREVIOUS" > $D/state`,
    );
    await stage.started(
      router(`before_take = [["${one}", "a b", "$HOME"], ["${two}"]]`),
      0,
      'script_user = "daemon"',
    );
    await stage.held();
    expect(stage.scripts.lines("calls")).toEqual(["one a b $HOME daemon", "two "]);
    expect(stage.scripts.lines("state")).toEqual(["MASTER BACKUP"]);
    expect(stage.scripts.lines("names")).toEqual([
      "HAAGENT_ADDRESSES",
      "HAAGENT_INTERFACE",
      "HAAGENT_NAME",
      "HAAGENT_PREVIOUS",
      "HAAGENT_PRIORITY",
      "HAAGENT_REASON",
      "HAAGENT_STATE",
      "PATH",
    ]);
  });
});

describe("before_take", () => {
  test("that fails gives up with priority 0 and a fault in its own words, and is tried again after hooks.retry", async () => {
    const fails = await stage.scripts.write(
      "fails.sh",
      "echo try >> $D/tries; echo preparing; echo 'no such disk' >&2; test -e $D/well",
    );
    const agent = await stage.started(router(`before_take = [["${fails}"], ["/nowhere"]], retry = "1s"`));
    const said = await agent.is("lan", "fault");
    expect(said.fields["reason"]).toBe(`hook: before_take failed: ${fails}: exit 1: no such disk`);
    await stage.wire.upTo(said.at);
    await until("the last word", 3000, () => stage.priorities(0).includes(0));
    expect(await stage.holds()).toBe(false);
    const { code, stdout } = await agent.command("status");
    expect(code).toBe(3);
    expect(stdout).toContain("no such disk");
    await until("a second try", 8000, () => stage.scripts.lines("tries").length > 1);
    await stage.scripts.put("well", "");
    await agent.is("lan", "fault", "/nowhere: ENOENT");
    await agent.reload(router(`before_take = ["${fails}"]`));
    await stage.held();
    expect(stage.wire.announcements(VIP, said.at).length).toBeGreaterThan(0);
  });

  test("that hangs is killed with all it started when its time is over", async () => {
    const hangs = await stage.scripts.write("hangs.sh", "sleep 600 & echo $! >> $D/pids; echo waiting; wait");
    const agent = await stage.started(router(`before_take = ["${hangs}"], timeout = "500ms"`));
    await agent.is("lan", "fault", "timeout after 0.5s");
    const [pid = 0] = stage.scripts.lines("pids").map(Number);
    await until("it is gone", 3000, () => !lives(pid));
    expect(await stage.holds()).toBe(false);
  });

  test("that prints without end neither waits for us nor fills anything", async () => {
    const loud = await stage.scripts.write(
      "loud.sh",
      "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; echo the end",
    );
    const agent = await stage.started(router(`before_take = ["${loud}"]`), 0, 'log = { level = "debug" }');
    await stage.held();
    const output = await agent.says("hook.output");
    expect(output.fields["text"]?.length).toBeLessThanOrEqual(2048);
    expect(output.line).toContain("the end");
  });

  test("that leaves a daemon behind has ended when it has left", async () => {
    const leaves = await stage.scripts.write("leaves.sh", "sleep 600 & echo $! >> $D/pids");
    await stage.started(router(`before_take = ["${leaves}"]`));
    await stage.held();
    expect(lives(Number(stage.scripts.lines("pids")[0]))).toBe(true);
  });

  test("is killed when a better master appears, and nothing follows from it", async () => {
    const slow = await stage.scripts.write("slow.sh", "sleep 600 & echo $! >> $D/pids; wait");
    const agent = await stage.started(router(`before_take = ["${slow}"], timeout = "30s"`));
    await until("it runs", 5000, () => stage.scripts.lines("pids").length === 1);
    await stage.started(router("", 'advert_interval = "100ms"', 200), 1);
    await agent.is("lan", "backup", "has priority 200");
    const [pid = 0] = stage.scripts.lines("pids").map(Number);
    await until("it is gone", 3000, () => !lives(pid));
    await stage.held(1);
    expect(await stage.holds()).toBe(false);
  });

  test("does not survive the death of its agent as a mastership", async () => {
    const slow = await stage.witness("slow", "sleep 1.5");
    const agent = await stage.started(router(`before_take = ["${slow}"]`, 'advert_interval = "1s"'));
    await agent.is("lan", "master");
    await agent.kill();
    await agent.start();
    expect((await agent.router("lan")).state).toBe("backup");
    expect(await stage.holds()).toBe(false);
  });

  test("does not survive a stall: it is killed, and the router listens first", async () => {
    const slow = await stage.scripts.write("slow.sh", "sleep 600 & echo $! >> $D/pids; wait");
    const agent = await stage.started(router(`before_take = ["${slow}"], timeout = "30s"`));
    await until("it runs", 5000, () => stage.scripts.lines("pids").length === 1);
    agent.signal("SIGSTOP");
    await sleep(1000);
    agent.signal("SIGCONT");
    await agent.is("lan", "backup", "stalled");
    const [pid = 0] = stage.scripts.lines("pids").map(Number);
    await until("it is gone", 3000, () => !lives(pid));
    expect(await stage.holds()).toBe(false);
  });
});
