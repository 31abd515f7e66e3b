/** Awaited hooks: in which order things happen on the wire and in the kernel, and what a failing, hanging or lost one leads to. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { Keepalived } from "../lab/keepalived.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { lives, Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";

let site: Site;
let scripts: Scripts;
let wire: Capture;

beforeEach(async () => {
  [site, scripts] = await Promise.all([Site.create(3), Scripts.create()]);
  wire = await Capture.start(site.box(2).namespace, ["eth1"]);
  site.atClose(() => wire.close());
  site.atClose(() => scripts.close());
});
afterEach(() => site.close());

const router = (hooks: string, more = 'advert_interval = "100ms"', priority = 150): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
addresses = ["${VIP}/24"]
hooks = { ${hooks} }
${more}
`;

async function started(text: string, box = 0, agentLines = ""): Promise<Agent> {
  const agent = await Agent.create(site.box(box).namespace, { agent: agentLines, text });
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** A script that writes when it began and ended, with the addresses of eth1 at both times; `body` is in between. */
const witness = (name: string, body = ""): Promise<string> =>
  scripts.write(
    name,
    `tell() { echo "$1 $(date +%s%3N) $(ip -4 -o addr show eth1 | grep -c '${VIP}/')" >> $D/${name}.log; }
tell begin; ${body}
tell end`,
  );

/** When a witness began or ended, and whether the address was there. */
function saw(name: string, what: "begin" | "end"): { at: number; held: boolean } {
  const line = scripts.lines(`${name}.log`).find((each) => each.startsWith(what));
  const [, at = "", count = ""] = (line ?? "").split(" ");
  if (line === undefined) throw new Error(`${name} did not ${what}`);
  return { at: Number(at), held: count === "1" };
}
const ended = (name: string): Promise<number> =>
  until(`${name} ended`, 8000, () => scripts.lines(`${name}.log`).length === 2);

const holds = async (box = 0): Promise<boolean> => (await addressesOf(site.box(box))).includes(VIP);
const priorities = (from: number, to = Infinity): number[] =>
  wire.adverts(from, site.box(0).mac).flatMap(({ at, seen }) => (at <= to ? [seen.priority] : []));

describe("a master with hooks", () => {
  test("advertises, runs before_take, takes and announces, then runs after_take", async () => {
    const before = await witness("before", "sleep 1");
    const after = await witness("after");
    const up = await witness("up");
    await started(
      `${router(`before_take = ["${before}"], after_take = ["${after}"]`)}notify = { master = ["${up}"] }`,
    );
    await ended("after");
    await ended("up");
    await wire.upTo(saw("after", "end").at);
    expect(saw("before", "begin").held).toBe(false);
    expect(saw("before", "end").held).toBe(false);
    expect(saw("after", "begin").held).toBe(true);
    expect(saw("up", "begin").held).toBe(true);
    const first = wire.adverts()[0]?.at ?? Infinity;
    expect(first).toBeLessThan(saw("before", "begin").at);
    expect(priorities(saw("before", "begin").at, saw("before", "end").at).length).toBeGreaterThan(5);
    const announced = wire.announcements(VIP)[0]?.at ?? Infinity;
    expect(announced).toBeGreaterThan(saw("before", "end").at - 1);
    expect(announced).toBeLessThan(saw("after", "end").at);
  });

  test("says in its status what runs, and that it holds nothing yet", async () => {
    const agent = await started(router(`before_take = ["${await witness("before", "sleep 2")}"]`));
    await agent.is("lan", "master");
    await sleep(300);
    const { state, reason, addresses } = await agent.router("lan");
    expect({ state, held: addresses.map(({ held }) => held) }).toEqual({ state: "master", held: [false] });
    expect(reason).toMatch(/^no master heard; hook: before_take running 0\.[1-9]s$/);
    expect((await agent.command("status")).stdout).toContain("hook: before_take running");
    await until("it holds", 8000, () => holds());
    expect((await agent.router("lan")).reason).toBe("no master heard");
  });

  test("runs several commands in order, as the script user, with PATH and seven variables", async () => {
    const one = await scripts.write("one.sh", 'echo "one $* $(id -un)" >> $D/calls; sleep 0.3');
    const two = await scripts.write(
      "two.sh",
      `echo "two $*" >> $D/calls; tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1 | sort > $D/names; echo "$HAAGENT_STATE $HAAGENT_PREVIOUS" > $D/state`,
    );
    await started(
      router(`before_take = [["${one}", "a b", "$HOME"], ["${two}"]]`),
      0,
      'script_user = "daemon"',
    );
    await until("it holds", 8000, () => holds());
    expect(scripts.lines("calls")).toEqual(["one a b $HOME daemon", "two "]);
    expect(scripts.lines("state")).toEqual(["MASTER BACKUP"]);
    expect(scripts.lines("names")).toEqual([
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
    const fails = await scripts.write(
      "fails.sh",
      "echo try >> $D/tries; echo preparing; echo 'no such disk' >&2; test -e $D/well",
    );
    const agent = await started(router(`before_take = [["${fails}"], ["/nowhere"]], retry = "1s"`));
    const said = await agent.is("lan", "fault");
    expect(said.fields["reason"]).toBe(`hook: before_take failed: ${fails}: exit 1: no such disk`);
    await wire.upTo(said.at);
    await until("the last word", 3000, () => priorities(0).includes(0));
    expect(await holds()).toBe(false);
    const { code, stdout } = await agent.command("status");
    expect(code).toBe(3);
    expect(stdout).toContain("no such disk");
    await until("a second try", 8000, () => scripts.lines("tries").length > 1);
    await scripts.put("well", "");
    await agent.is("lan", "fault", "/nowhere: ENOENT");
    await agent.reload(router(`before_take = ["${fails}"]`));
    await until("it holds", 8000, () => holds());
    expect(wire.announcements(VIP, said.at).length).toBeGreaterThan(0);
  });

  test("that hangs is killed with all it started when its time is over", async () => {
    const hangs = await scripts.write("hangs.sh", "sleep 600 & echo $! >> $D/pids; echo waiting; wait");
    const agent = await started(router(`before_take = ["${hangs}"], timeout = "500ms"`));
    await agent.is("lan", "fault", "timeout after 0.5s");
    const [pid = 0] = scripts.lines("pids").map(Number);
    await until("it is gone", 3000, () => !lives(pid));
    expect(await holds()).toBe(false);
  });

  test("that prints without end neither waits for us nor fills anything", async () => {
    const loud = await scripts.write(
      "loud.sh",
      "head -c 3000000 /dev/zero | tr '\\0' 'x'; echo; echo the end",
    );
    const agent = await started(router(`before_take = ["${loud}"]`), 0, 'log = { level = "debug" }');
    await until("it holds", 8000, () => holds());
    const output = await agent.says("hook.output");
    expect(output.fields["text"]?.length).toBeLessThanOrEqual(2048);
    expect(output.line).toContain("the end");
  });

  test("that leaves a daemon behind has ended when it has left", async () => {
    const leaves = await scripts.write("leaves.sh", "sleep 600 & echo $! >> $D/pids");
    await started(router(`before_take = ["${leaves}"]`));
    await until("it holds", 3000, () => holds());
    expect(lives(Number(scripts.lines("pids")[0]))).toBe(true);
  });

  test("is killed when a better master appears, and nothing follows from it", async () => {
    const slow = await scripts.write("slow.sh", "sleep 600 & echo $! >> $D/pids; wait");
    const agent = await started(router(`before_take = ["${slow}"], timeout = "30s"`));
    await until("it runs", 5000, () => scripts.lines("pids").length === 1);
    await started(router("", 'advert_interval = "100ms"', 200), 1);
    await agent.is("lan", "backup", "has priority 200");
    const [pid = 0] = scripts.lines("pids").map(Number);
    await until("it is gone", 3000, () => !lives(pid));
    await until("the other one holds", 3000, () => holds(1));
    expect(await holds()).toBe(false);
  });

  test("does not survive the death of its agent as a mastership", async () => {
    const slow = await witness("slow", "sleep 1.5");
    const agent = await started(router(`before_take = ["${slow}"]`, 'advert_interval = "1s"'));
    await agent.is("lan", "master");
    await agent.kill();
    await agent.start();
    expect((await agent.router("lan")).state).toBe("backup");
    expect(await holds()).toBe(false);
  });

  test("does not survive a stall: it is killed, and the router listens first", async () => {
    const slow = await scripts.write("slow.sh", "sleep 600 & echo $! >> $D/pids; wait");
    const agent = await started(router(`before_take = ["${slow}"], timeout = "30s"`));
    await until("it runs", 5000, () => scripts.lines("pids").length === 1);
    agent.signal("SIGSTOP");
    await sleep(1000);
    agent.signal("SIGCONT");
    await agent.is("lan", "backup", "stalled");
    const [pid = 0] = scripts.lines("pids").map(Number);
    await until("it is gone", 3000, () => !lives(pid));
    expect(await holds()).toBe(false);
  });
});

describe("before_release", () => {
  test("is waited for by SIGTERM: adverts go on, the address stays, then priority 0", async () => {
    const flush = await witness("flush", "sleep 1");
    const agent = await started(router(`before_release = ["${flush}"]`));
    await until("it holds", 8000, () => holds());
    const from = now();
    expect(await agent.stop()).toBe(0);
    expect([saw("flush", "begin").held, saw("flush", "end").held]).toEqual([true, true]);
    await until("the last word", 3000, () => priorities(from).includes(0));
    expect(priorities(saw("flush", "begin").at, saw("flush", "end").at).length).toBeGreaterThan(5);
    const lastWord = wire.adverts(from, site.box(0).mac).find(({ seen }) => seen.priority === 0);
    expect(lastWord?.at).toBeGreaterThan(saw("flush", "end").at - 1);
    expect(await holds()).toBe(false);
  });

  test("that hangs holds SIGTERM up for its timeout and less than a second more", async () => {
    const hangs = await scripts.write("hangs.sh", "echo $$ >> $D/pids; exec sleep 600");
    const agent = await started(router(`before_release = ["${hangs}"], timeout = "1s"`));
    await until("it holds", 8000, () => holds());
    const from = now();
    expect(await agent.stop()).toBe(0);
    expect(now() - from).toBeGreaterThan(990);
    expect(now() - from).toBeLessThan(2000);
    expect((await agent.says("hook.failed")).fields["detail"]).toBe(`${hangs}: timeout after 1s`);
    expect(lives(Number(scripts.lines("pids")[0]))).toBe(false);
    expect(await holds()).toBe(false);
  });

  test("is waited for by haagent stop, however long it takes", async () => {
    const flush = await witness("flush", "sleep 6");
    const agent = await started(router(`before_release = ["${flush}"], timeout = "10s"`));
    await until("it holds", 8000, () => holds());
    expect(await agent.command("stop")).toMatchObject({ code: 0, stderr: "" });
    expect(await agent.exited()).toBe(0);
    expect(scripts.lines("flush.log")).toHaveLength(2);
  }, 40_000);

  test("is waited for by standby and by a reload, whose answers say so", async () => {
    const flush = await scripts.write(
      "flush.sh",
      'echo "$HAAGENT_STATE $HAAGENT_REASON" >> $D/calls; sleep 0.5',
    );
    const text = router(`before_release = ["${flush}"]`);
    const agent = await started(text);
    await until("it holds", 8000, () => holds());
    expect((await agent.command("standby", "lan")).stdout).toBe("standby: lan\nwaiting for hook: lan\n");
    expect(await holds()).toBe(true);
    await agent.is("lan", "standby");
    await agent.command("takeover", "lan");
    await until("it holds again", 8000, () => holds());
    const answer = await agent.reload(text.replace("vrid = 51", "vrid = 52"));
    expect(answer).toBe("restarted: lan\nwaiting for hook: lan\n");
    expect((await agent.router("lan")).vrid).toBe(51);
    await agent.says("config.loaded", "restarted=1");
    expect((await agent.router("lan")).vrid).toBe(52);
    expect(scripts.lines("calls")).toEqual([
      "MASTER standby by the operator",
      "MASTER configuration changed",
    ]);
  });

  test("runs after the loss of an election and of the cable", async () => {
    const flush = await witness("flush", 'echo "$HAAGENT_STATE" >> $D/states');
    const agent = await started(router(`before_release = ["${flush}"]`));
    await until("it holds", 8000, () => holds());
    await site.cable(site.box(0), 1, false);
    await agent.is("lan", "fault");
    await ended("flush");
    expect(saw("flush", "begin").held).toBe(false);
    expect(scripts.lines("states")).toEqual(["FAULT"]);
  });
});

describe("beside keepalived", () => {
  const beside = async (): Promise<Keepalived> => {
    const keepalived = new Keepalived(
      site.box(1),
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
    site.atClose(() => keepalived.close());
    await keepalived.start();
    await until("keepalived holds", 8000, () => holds(1));
    return keepalived;
  };

  test("keepalived stays backup while before_take runs, and while before_release does", async () => {
    await beside();
    const prepare = await witness("prepare", "sleep 2");
    const flush = await witness("flush", "sleep 1");
    const agent = await started(router(`before_take = ["${prepare}"], before_release = ["${flush}"]`));
    await until("it holds", 10_000, () => holds());
    const theirs = (from: number, to: number): number =>
      wire.adverts(from, site.box(1).mac).filter(({ at }) => at <= to).length;
    // Its last word on losing aside.
    const span = [saw("prepare", "begin").at + 200, saw("prepare", "end").at] as const;
    expect(theirs(...span)).toBe(0);
    expect(priorities(...span).length).toBeGreaterThan(10);
    expect(await agent.stop()).toBe(0);
    expect(theirs(saw("flush", "begin").at, saw("flush", "end").at)).toBe(0);
    await until("keepalived holds again", 3000, () => holds(1));
  });

  test("keepalived takes over at once when before_take fails", async () => {
    await beside();
    const fails = await witness("fails", "sleep 1; exit 1");
    const agent = await started(router(`before_take = ["${fails}"]`));
    const { at } = await agent.is("lan", "fault");
    await until("keepalived holds again", 3000, () => holds(1));
    await until("it advertises", 3000, () => wire.adverts(at, site.box(1).mac).length > 0);
    expect((wire.adverts(at, site.box(1).mac)[0]?.at ?? Infinity) - at).toBeLessThan(1000);
    expect(await holds()).toBe(false);
  });
});
