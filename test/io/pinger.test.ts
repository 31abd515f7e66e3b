/** The pinger, on the loopback of this host and of a namespace of its own. */
import { afterAll, describe, expect, test } from "bun:test";
import { parseIp } from "../../src/base/address.ts";
import type { Ip } from "../../src/base/address.ts";
import { Pinger } from "../../src/io/pinger.ts";
import { Namespace } from "../lab/namespace.ts";
import { until } from "../lab/process.ts";

const SOON = 4000;

function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.value;
}

const boxes: Namespace[] = [];
async function box(): Promise<Namespace> {
  const made = await Namespace.create();
  boxes.push(made);
  return made;
}
afterAll(() => Promise.all(boxes.map((each) => each.close())));

class Told {
  readonly answers = new Map<Ip, number>();
  readonly failures: string[] = [];
  readonly pinger = new Pinger((address, failure) => {
    if (failure !== null) this.failures.push(failure);
    else this.answers.set(address, (this.answers.get(address) ?? 0) + 1);
  });

  count = (address: Ip): number => this.answers.get(address) ?? 0;
}

describe("a pinger", () => {
  test.each(["127.0.0.1", "::1"])("hears each answer of %s once", async (text) => {
    const told = new Told();
    const address = ip(text);
    for (let asked = 1; asked <= 3; asked++) {
      expect(told.pinger.ask([address])).toEqual([]);
      await until(
        () => `${asked} answers`,
        SOON,
        () => told.count(address) >= asked,
      );
      expect(told.count(address)).toBe(asked);
    }
    told.pinger.ask([]);
  });

  test("hears the answers to several requests that are under way", async () => {
    const told = new Told();
    const addresses = ["127.0.0.1", "127.0.0.2"].map(ip);
    for (let asked = 0; asked < 10; asked++) told.pinger.ask(addresses);
    await until(
      () => `10 answers of each; ${JSON.stringify([...told.answers])}`,
      SOON,
      () => addresses.every((address) => told.count(address) === 10),
    );
    told.pinger.ask([]);
  });

  test("says that an address has no way, and asks again when it has", async () => {
    const space = await box();
    const child = space.spawn([
      process.execPath,
      "-e",
      `
      const { Pinger } = await import("${new URL("../../src/io/pinger.ts", import.meta.url).pathname}");
      const pinger = new Pinger((address, failure) => console.log(address, failure ?? "answered"));
      setInterval(() => { for (const { address, failure } of pinger.ask(["10.9.9.9"])) console.log(address, failure); }, 50);
      `,
    ]);
    await child.says("10.9.9.9 ENETUNREACH", SOON);
    await space.ip("link set lo up", "addr add 10.9.9.9/32 dev lo");
    await child.says("10.9.9.9 answered", SOON);
    await child.end("SIGKILL");
  });

  test("whose source address is gone asks from the one that is there", async () => {
    const space = await box();
    const other = await box();
    await space.ip(
      `link add eth0 type veth peer name eth0 netns ${other.pid}`,
      "addr add 10.9.0.1/24 dev eth0",
      "addr add 10.9.1.1/24 dev eth0",
      "link set eth0 up",
    );
    await other.ip("addr add 10.9.0.2/24 dev eth0", "addr add 10.9.1.2/24 dev eth0", "link set eth0 up");
    await space.ip("route add 10.99.0.0/16 via 10.9.0.2 src 10.9.0.1");
    await other.ip("link set lo up", "addr add 10.99.0.1/32 dev lo");
    const child = space.spawn([
      process.execPath,
      "-e",
      `
      const { Pinger } = await import("${new URL("../../src/io/pinger.ts", import.meta.url).pathname}");
      let count = 0;
      const pinger = new Pinger((address, failure) => { if (failure === null) console.log("answer", ++count); });
      setInterval(() => pinger.ask(["10.99.0.1"]), 50);
      `,
    ]);
    await child.says("answer 3", SOON);
    await space.ip("route replace 10.99.0.0/16 via 10.9.1.2 src 10.9.1.1");
    // The old source is another host's from now on.
    await space.ip("addr del 10.9.0.1/24 dev eth0");
    const before = child.lines.length;
    await until(
      () => `answers after ${before}; ${child.lines.length}`,
      SOON,
      () => child.lines.length >= before + 3,
    );
    await child.end("SIGKILL");
  });
});
