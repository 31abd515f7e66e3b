/** Heartbeat between two guests: Ethernet, and a null modem between real ports of a real kernel, which fail one after the other. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { HAAGENT } from "../lab/haagent.ts";
import { until } from "../lab/process.ts";
import type { Guest, Task } from "../lab/vm/guest.ts";
import { GuestPair } from "../lab/vm/guest-pair.ts";

const BOOT_MS = 120_000;
/** Processors without KVM are slow, and two of them share ours. */
const PATIENCE_MS = 60_000;
const TTY = "/dev/ttyS1";
/** Milliseconds: long enough for a guest that waits for its turn. */
const DEADTIME = 6000;

const BROADCAST = '{ type = "broadcast", interface = "eth0" }';
const SERIAL = `{ type = "serial", device = "${TTY}", baud = 19200 }`;

let pair: GuestPair;
let one: Node;
let two: Node;

/** An agent in a guest; what it says is read as it comes. */
class Node {
  readonly guest: Guest;
  readonly name: string;
  #task: Task | null = null;

  constructor(guest: Guest, name: string) {
    this.guest = guest;
    this.name = name;
  }

  async start(links: readonly string[], more = ""): Promise<void> {
    const path = await this.guest.put(
      `${this.name}.toml`,
      `[agent]
node = "${this.name}"
runtime_dir = "/run/haagent"
state_dir = "/run/haagent-state"

[heartbeat]
nodes = ["one", "two"]
keepalive = "500ms"
warntime = "2s"
deadtime = "${DEADTIME}ms"
initdead = "12s"
auth = { method = "sha1", key = "secret" }
links = [${links.join(", ")}]
${more}`,
    );
    await this.guest.run(["chmod", "600", path]);
    this.#task = await this.guest.spawn([HAAGENT, "run", "--config", path]);
    await this.says(["agent.ready"]);
  }

  get log(): readonly string[] {
    return (this.#task?.stderr ?? "").split("\n");
  }

  /** Waits for a line with all the words, from the line `from` on; gives the number of the next. */
  async says(words: readonly string[], from = 0): Promise<number> {
    const find = (): number =>
      this.log.findIndex((line, at) => at >= from && words.every((word) => line.includes(word)));
    const last = (): string => this.log.slice(-8).join("\n");
    await until(
      () => `${this.name} says ${words.join(" ")}; said last:\n${last()}`,
      PATIENCE_MS,
      () => find() >= 0,
    );
    return find() + 1;
  }

  async stop(): Promise<void> {
    if (this.#task === null) return;
    await this.guest.run(["kill", "-TERM", String(this.#task.pid)]);
    await until(`${this.name} ends`, PATIENCE_MS, () => this.#task?.code != null);
    expect(this.#task.code).toBe(0);
  }
}

beforeAll(async () => {
  pair = await GuestPair.boot();
  one = new Node(pair.guests[0], "one");
  two = new Node(pair.guests[1], "two");
  await Promise.all(
    pair.guests.map(async (guest, index) => {
      await guest.run(["ip", "addr", "add", `10.78.0.${index + 1}/24`, "brd", "+", "dev", "eth0"]);
      await guest.run(["ip", "link", "set", "lo", "up"]);
    }),
  );
}, BOOT_MS);
afterAll(() => pair.close());

/** The settings of the port, as stty(1) prints them. */
const settings = async (guest: Guest): Promise<string[]> =>
  (await guest.run(["stty", "-F", TTY, "-a"])).split(/[\s;]+/);

describe("two nodes with Ethernet and a null modem", () => {
  test("live on by the line alone, die when it is cut too, and return", async () => {
    await Promise.all([one.start([BROADCAST, SERIAL]), two.start([BROADCAST, SERIAL])]);
    await one.says(["heartbeat.node", "node=two", "state=active"]);
    await two.says(["heartbeat.node", "node=one", "state=active"]);
    await one.says(["heartbeat.link", "type=serial", "state=up"]);
    expect(await settings(one.guest)).toEqual(
      expect.arrayContaining(["19200", "cs8", "-parenb", "-crtscts", "-icanon", "-ixon"]),
    );

    await one.guest.carrier(0, false);
    let line = await one.says(["heartbeat.link", "type=broadcast", "state=dead"]);
    await Bun.sleep(2 * DEADTIME);
    for (const node of [one, two])
      expect(node.log.filter((said) => said.includes("heartbeat.node") && said.includes("dead"))).toEqual([]);

    pair.line.cut(0);
    pair.line.cut(1);
    line = await one.says(["heartbeat.node", "node=two", "state=dead"], line);
    await two.says(["heartbeat.node", "node=one", "state=dead"]);
    pair.line.join();
    line = await one.says(["heartbeat.node", "node=two", "state=returned"], line);
    await one.guest.carrier(0, true);
    await one.says(["heartbeat.link", "type=broadcast", "state=up"], line);
  });

  test("lose no more by noise than what it hits", async () => {
    const from = one.log.length;
    pair.line.noise = 0.05;
    await one.says(["heartbeat.link", "type=serial", "state=dead"], from);
    pair.line.noise = 0;
    await one.says(["heartbeat.link", "type=serial", "state=up"], from);
    for (const node of [one, two])
      expect(
        node.log.slice(from).filter((said) => said.includes("state=dead") && said.includes(".node")),
      ).toEqual([]);
    await Promise.all([one.stop(), two.stop()]);
  });
});

describe("a port", () => {
  test("has RTS/CTS where that is asked for", async () => {
    await one.start([`{ type = "serial", device = "${TTY}", baud = 57600, rtscts = true }`]);
    await one.says(["heartbeat.node", "node=one", "state=up"]);
    expect(await settings(one.guest)).toEqual(expect.arrayContaining(["57600", "crtscts"]));
    await one.stop();
  });

  test("that the kernel writes its messages to is refused", async () => {
    await one.start(['{ type = "serial", device = "/dev/ttyS0", baud = 19200 }', BROADCAST]);
    await one.says(["heartbeat.link", "state=failed", "kernel's console", "take console= for it off"]);
    await one.stop();
  });
});
