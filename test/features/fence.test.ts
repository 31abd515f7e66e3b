/** The fence between a death and a takeover, through the compiled binary: its command really takes the other node down. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { until } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import type { Owner, Pair } from "./resource-scene.ts";
import { besideDaemon, owners, PATIENCE_MS } from "./resource-scene.ts";

const LONG_MS = 240_000;
/** Longer than the other one's delay, and all that follows it. */
const NOTHING_MS = 8000;
const GATEWAY = "10.77.0.254";

const lines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];

/** Whether a process runs; one that nobody waits for may stay as a name. */
const lives = (pid: number): boolean => lines(`/proc/${pid}/stat`).some((line) => !line.includes(") Z "));

class Fenced {
  readonly pair: Pair<Owner>;

  constructor(pair: Pair<Owner>) {
    this.pair = pair;
  }

  /** Two nodes with a fence; what its command does, after it has told its last argument, is `script` of the node that runs it. */
  static async create(
    script: (own: Owner, other: Owner) => readonly string[],
    more = "",
    lines = "",
  ): Promise<Fenced> {
    const pair = await owners();
    for (const [own, other] of [
      [pair.a, pair.b],
      [pair.b, pair.a],
    ] as const) {
      const path = `${own.directory}/fence`;
      mkdirSync(own.directory, { recursive: true });
      const told = `echo "$2" >> ${own.directory}/fenced`;
      writeFileSync(path, ["#!/bin/sh", told, ...script(own, other), ""].join("\n"));
      chmodSync(path, 0o700);
      await own.configure({
        more: `fence = { command = ["${path}", "now"], timeout = "5s", retry = "1s"${more} }\n${lines}`,
      });
    }
    return new Fenced(pair);
  }

  /** Both run, and each has its own. */
  async begin(): Promise<void> {
    for (const each of [this.pair.a, this.pair.b]) await each.start();
    await this.pair.settles("a b");
  }

  /** Where the command of each node finds the agent of the other. */
  async note(): Promise<void> {
    for (const each of [this.pair.a, this.pair.b])
      writeFileSync(`${each.directory}/pid`, `${(await each.status()).pid}\n`);
  }

  /** Whom a node has fenced. */
  shots = (node: Owner): string[] => lines(`${node.directory}/fenced`);

  async shoots(node: Owner, times: number): Promise<void> {
    await until(
      () =>
        `${node.name} shoots ${times} times: ${this.shots(node).join(" ")}\n${node.log.slice(-20).join("\n")}`,
      PATIENCE_MS,
      () => this.shots(node).length >= times,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pair[Symbol.asyncDispose]();
  }
}

/** Takes the other node down as a switch of its power would: its agent, what runs there, and its ports. */
const killing = (_: Owner, other: Owner): string[] => [
  `kill -9 $(cat ${other.directory}/pid)`,
  `for each in one uno two; do`,
  `  if [ -e ${other.directory}/on-$each ]; then rm ${other.directory}/on-$each; echo "$(date +%s%3N) stop $each" >> ${other.directory}/ran; fi`,
  `done`,
  `echo the power is off`,
];

describe("two nodes with a fence", () => {
  test.concurrent(
    "that do not hear each other shoot once: the one that more groups prefer lives, and has everything",
    async () => {
      await using scene = await Fenced.create(killing);
      const { pair } = scene;
      const { a, b, lab } = pair;
      await scene.begin();
      await scene.note();
      await lab.cut(lab.node(0));
      await pair.settles("a a");
      await Bun.sleep(NOTHING_MS);
      await pair.settles("a a", 0);
      expect([scene.shots(a), scene.shots(b)]).toEqual([["b"], []]);
      expect((await a.status()).pid).toBeGreaterThan(0);
      expect((await b.command("status")).code).toBe(4);
      await a.says(["resource.fence", "what=ran", "the power is off"]);
      // A node that was shot comes again, and gets its own.
      await lab.heal(lab.node(0));
      await b.start();
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "and a gateway leave the shot to the one that hears it, and one that comes up cut off shoots nobody",
    async () => {
      await using scene = await Fenced.create(killing, "", `ping_nodes = ["${GATEWAY}"]`);
      const { pair } = scene;
      const { a, b, lab } = pair;
      await lab.client.namespace.ip(`addr add ${GATEWAY}/24 dev eth0`);
      await scene.begin();
      for (const each of [a, b]) await each.sees(GATEWAY, "ping");
      await scene.note();
      await lab.cut(lab.node(0));
      await pair.settles("b b");
      expect([scene.shots(a), scene.shots(b)]).toEqual([[], ["a"]]);
      await a.says(["resource.fence", "what=fence-blind", "no ping node answers"]);
      // Its power is back, and its cable is not.
      const from = a.log.length;
      await a.start();
      await a.says(["resource.fence", "what=fence-blind"], from);
      expect((await a.command("status")).stdout).toMatch(
        /fence +b +blind +waits to fence b: no ping node answers/,
      );
      await Bun.sleep(NOTHING_MS);
      expect(scene.shots(a)).toEqual([]);
      await lab.heal(lab.node(0));
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "take nothing over while it fails, until an operator confirms",
    async () => {
      await using scene = await Fenced.create(() => ["echo no answer from the power switch", "exit 3"]);
      const { pair } = scene;
      const { a, b } = pair;
      await scene.begin();
      expect(await a.command("fence", "confirm", "b")).toMatchObject({
        code: 1,
        stderr: "nothing waits for b to be fenced\n",
      });
      await b.die();
      await a.says(["resource.fence", "what=failed", "exit 3", "no answer from the power switch"]);
      await a.says(["resource.fence", "what=fence-blocked", "haagent fence confirm b"]);
      await scene.shoots(a, 5);
      const { health } = await a.status();
      expect(health).toBe("fault");
      expect((await a.command("status")).stdout).toMatch(/fence +b +blocked/);
      await pair.settles("a -", 0);
      expect(await a.command("fence", "confirm", "c")).toMatchObject({ code: 1 });
      expect(await a.command("fence", "confirm", "b")).toMatchObject({ code: 0, stdout: "confirmed: b\n" });
      await pair.settles("a a");
      const shots = scene.shots(a).length;
      await Bun.sleep(3000);
      expect(scene.shots(a).length).toBe(shots);
    },
    LONG_MS,
  );

  test.concurrent(
    "take over all the same with on_failure proceed, leave the other one alone that stops, and no command outlives its time or its agent",
    async () => {
      await using scene = await Fenced.create(
        (own) => [`sleep 1000 &`, `echo $! > ${own.directory}/sleeper`, "wait"],
        ', tries = 1, on_failure = "proceed"',
      );
      const { pair } = scene;
      const { a, b } = pair;
      await scene.begin();
      await b.stop();
      await pair.settles("a a");
      await b.start();
      await pair.settles("a b");
      expect(scene.shots(a)).toEqual([]);
      await b.die();
      await scene.shoots(a, 1);
      const sleeper = (): number => Number(readFileSync(`${a.directory}/sleeper`, "utf8"));
      await a.says(["resource.fence", "what=failed", "timeout after 5s"]);
      await pair.settles("a a");
      await a.says(["resource.fence", "what=unfenced", "nobody made sure"]);
      expect(lives(sleeper())).toBe(false);
      // Its agent dies while the command runs: the next one kills it.
      await b.start();
      await pair.settles("a b");
      await b.die();
      await scene.shoots(a, 2);
      await until("the command runs", PATIENCE_MS, () => lives(sleeper()));
      const left = sleeper();
      await a.kill();
      await a.start();
      await until("what was left of it is gone", PATIENCE_MS, () => !lives(left));
      await a.stop();
    },
    LONG_MS,
  );
});

describe("a node beside heartbeat 3.0.6", () => {
  test.concurrent(
    "fences it when it dies and not when it stops, and takes everything either way",
    async () => {
      const directory = makeScratch();
      const path = `${directory}/fence`;
      writeFileSync(path, `#!/bin/sh\necho "$1" >> ${directory}/fenced\n`);
      chmodSync(path, 0o700);
      await using pair = await besideDaemon(false, [], `fence = { command = ["${path}"] }`);
      const { a, b, lab } = pair;
      lab.atClose(async () => removeScratch(directory));
      await a.daemon.start();
      await b.start();
      await pair.settles("a b");
      await a.daemon.stop(PATIENCE_MS);
      await until("b has all", PATIENCE_MS, () => b.runs("one") && b.runs("two"));
      await b.sees("a", "dead");
      expect(lines(`${directory}/fenced`)).toEqual([]);
      await a.daemon.close();
      const line = b.log.length;
      await a.daemon.start();
      await b.sees("a", "active", line);
      await b.order("standby", "--groups", "foreign");
      await pair.settles("a b");
      await a.daemon.close();
      await until("b has all", PATIENCE_MS, () => b.runs("one") && b.runs("two"));
      expect(lines(`${directory}/fenced`)).toEqual(["a"]);
    },
    LONG_MS,
  );
});
