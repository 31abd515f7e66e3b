/**
 * Every file of conf/samples, on two nodes as it stands: it does what it says, and survives the loss of a node. WireGuard needs a kernel
 * that has it: test/vm.
 */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { ourRoutes } from "../features/routing.ts";
import type { Node } from "./pair.ts";
import { sample, SamplePair, TEST_MS } from "./pair.ts";

const SAMPLES = new URL("../../conf/samples", import.meta.url).pathname;

describe("a sample", () => {
  for (const name of readdirSync(SAMPLES)) {
    test(`${name} gives its second node a lower priority in every router, or the first one`, () => {
      const priorities = (node: 0 | 1): number[] =>
        Array.from(sample(name, node).matchAll(/^priority = (\d+)/gm), ([, value]) => Number(value));
      expect(priorities(0).length).toBeGreaterThan(0);
      expect(sample(name, 0).match(/^\[vrrp\./gm)?.length).toBe(priorities(0).length);
      for (const [at, first] of priorities(0).entries()) expect(priorities(1)[at]).not.toBe(first);
    });
  }
});

describe("master-master.toml", () => {
  test(
    "has each address at home, and both on the node that is left",
    async () => {
      await using pair = await SamplePair.create("master-master.toml");
      await pair.start(0);
      await pair.start(1);
      await pair.holds("192.168.1.51", 0);
      await pair.holds("192.168.1.52", 1);
      await pair.lose(0);
      await pair.answers("192.168.1.51", "192.168.1.9/24");
      await pair.answers("192.168.1.52", "192.168.1.9/24");
    },
    TEST_MS,
  );
});

describe("ipv6-pair.toml", () => {
  test(
    "is the gateway of its LAN, whichever node is left",
    async () => {
      await using pair = await SamplePair.create("ipv6-pair.toml");
      // fe80::1 is the sample's, not the first box's.
      for (const { box } of pair.nodes) {
        await box.namespace.ip(
          `addr del ${box.linkLocal}/64 dev eth1`,
          `addr add fe80::a${box.number}/64 dev eth1 nodad`,
        );
      }
      await pair.start(0);
      await pair.start(1);
      await pair.holds("fe80::1", 0);
      await pair.holds("2001:db8:1::1", 0);
      await pair.answers("2001:db8:1::1", "2001:db8:1::9/64");
      await pair.lose(0);
      await pair.answers("fe80::1", "2001:db8:1::9/64");
      await pair.answers("2001:db8:1::1", "2001:db8:1::9/64");
    },
    TEST_MS,
  );
});

describe("nginx-pair.toml", () => {
  const web = async ({ machine }: Node): Promise<void> => void (await machine.run("nginx"));

  test(
    "moves where nginx dies, and where it hangs",
    async () => {
      await using pair = await SamplePair.create("nginx-pair.toml");
      const [first, second] = pair.nodes;
      await web(first);
      await web(second);
      await pair.start(0);
      await pair.holds("192.168.1.50", 0);
      await pair.start(1);
      await first.machine.run("nginx", "-s", "stop");
      await pair.holds("192.168.1.50", 1);
      await web(first);
      // Still there: it answers no more.
      const pids = (await second.machine.run("ps", "-C", "nginx", "-o", "pid=")).trim().split(/\s+/);
      await second.machine.run("kill", "-STOP", ...pids);
      await pair.holds("192.168.1.50", 0);
      await pair.answers("192.168.1.50", "192.168.1.9/24");
    },
    TEST_MS,
  );
});

describe("wan-pair.toml", () => {
  test(
    "sends the LAN through the uplink that works",
    async () => {
      await using pair = await SamplePair.create("wan-pair.toml", 2);
      const client = pair.site.box(2);
      // The third box is a client on LAN 1, and both providers on LAN 2.
      await client.namespace.ip("addr add 203.0.113.1/24 dev eth2", "addr add 198.51.100.1/24 dev eth2");
      const uplinks = ["203.0.113.2/24", "198.51.100.2/24"];
      for (const [at, { box }] of pair.nodes.entries()) {
        await box.namespace.ip(
          `addr add ${uplinks[at]} dev eth2`,
          "route add default via 192.168.1.1 metric 100 onlink dev eth1",
        );
      }
      const ways = (): Promise<string[][]> =>
        Promise.all(pair.nodes.map(({ box }) => ourRoutes(box.namespace)));
      await pair.start(0);
      await pair.start(1);
      await pair.holds("192.168.1.1", 0);
      expect(await ways()).toEqual([["default via 203.0.113.1 dev eth2"], []]);
      await client.namespace.ip("addr del 203.0.113.1/24 dev eth2");
      await pair.holds("192.168.1.1", 1);
      await pair.answers("192.168.1.1", "192.168.1.9/24");
      expect(await ways()).toEqual([[], ["default via 198.51.100.1 dev eth2"]]);
    },
    TEST_MS,
  );
});

describe("guarded-pair.toml", () => {
  test(
    "is on the side of the users, whichever line fails",
    async () => {
      await using pair = await SamplePair.create("guarded-pair.toml", 2);
      const [first] = pair.nodes;
      await pair.site.box(2).namespace.ip("addr add 192.168.1.9/24 dev eth1");
      for (const [at, { box }] of pair.nodes.entries()) {
        await box.namespace.ip(`addr add 192.168.1.${at + 1}/24 broadcast + dev eth1`);
      }
      await Promise.all([pair.start(0), pair.start(1)]);
      await pair.holds("192.168.1.50", 0);
      await pair.holds("192.168.1.60", 0);
      // The first box is cut off from the users, and knows it by the host that it asks; the other one by the cable.
      await pair.site.forward(first.box, 1, false);
      await pair.holds("192.168.1.50", 1);
      await pair.holds("192.168.1.60", 1);
      await pair.answers("192.168.1.50", "192.168.1.9/24");
      await pair.answers("192.168.1.60", "192.168.1.9/24");
      await pair.site.forward(first.box, 1, true);
      await pair.holds("192.168.1.50", 0);
      await pair.lose(0);
      await pair.answers("192.168.1.50", "192.168.1.9/24");
      await pair.answers("192.168.1.60", "192.168.1.9/24");
    },
    TEST_MS,
  );
});
