/** conf/firewall on the real kernel: nodes that drop what comes in and goes out by default have one master with it, and not without. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { DaemonKind, RouterSpec } from "../lab/daemon.ts";
import { ROUTER } from "../lab/daemon.ts";
import type { Station } from "../lab/lab.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Pair } from "../lab/pair.ts";

const WAIT_MS = 20_000;
/** Some adverts more, after which one would have won if it heard the other. */
const LISTEN_MS = 1000;
const conf = (name: string): string =>
  readFileSync(new URL(`../../conf/firewall/${name}`, import.meta.url), "utf8");

/** A firewall: what drops everything, and our file. */
interface Firewall {
  readonly name: string;
  readonly close: (node: Station) => Promise<unknown>;
  readonly load: (node: Station) => Promise<unknown>;
}

const DROPPING = `table inet filter {
  chain input { type filter hook input priority filter; policy drop; }
  chain output { type filter hook output priority filter; policy drop; }
}
`;
const FIREWALLS: readonly Firewall[] = [
  {
    name: "nftables.nft",
    close: (node) => node.namespace.run(["nft", "-f", "-"], DROPPING),
    load: (node) => node.namespace.run(["nft", "-f", "-"], conf("nftables.nft")),
  },
  {
    name: "iptables.rules and ip6tables.rules",
    close: async (node) => {
      for (const program of ["iptables", "ip6tables"])
        for (const chain of ["INPUT", "OUTPUT"]) await node.namespace.run([program, "-P", chain, "DROP"]);
    },
    load: async (node) => {
      await node.namespace.run(["iptables-restore", "--noflush"], conf("iptables.rules"));
      await node.namespace.run(["ip6tables-restore", "--noflush"], conf("ip6tables.rules"));
    },
  },
];

type Routers = readonly [RouterSpec, RouterSpec];
const strong = { ...ROUTER, interval: 100, priority: 200 };
const weak = { ...strong, priority: 100 };
/** Unicast between the nodes' own addresses. */
const unicast = (first: string, second: string, addresses: readonly string[]): Routers => [
  { ...strong, addresses, unicast: { source: first, peers: [second] } },
  { ...weak, addresses, unicast: { source: second, peers: [first] } },
];
const header = { version: 2, interval: 1000, key: "secret", header: true } as const;

const PAIRS: readonly (readonly [string, DaemonKind, Routers])[] = [
  ["haagent by unicast", "haagent", unicast("10.77.0.1", "10.77.0.2", ["10.77.0.50/24"])],
  ["haagent by unicast of IPv6", "haagent", unicast("fd77::1", "fd77::2", ["fd77::50/64"])],
  ["keepalived by multicast", "keepalived", [strong, weak]],
  [
    "keepalived with authentication headers",
    "keepalived",
    [
      { ...strong, ...header },
      { ...weak, ...header },
    ],
  ],
];

/** Who has the address without the rules: both of keepalived, and none of haagent, which notices that nothing leaves. */
const WITHOUT: Readonly<Record<DaemonKind, string>> = { keepalived: "node1,node2", haagent: "" };

describe.each(FIREWALLS)("conf/firewall/$name", (firewall) => {
  for (const [what, kind, routers] of PAIRS) {
    test(`lets two of ${what} agree through a firewall that drops by default`, async () => {
      await using pair = await Pair.create({ kinds: [kind, kind], routers, ping: 0 });
      const owners = (): string => pair.owners.at(now()).join();
      for (const node of pair.lab.nodes) await firewall.close(node);
      await pair.start();
      await until(
        () => `it does not work: ${pair.describe()}`,
        WAIT_MS,
        () => owners() === WITHOUT[kind] && pair.daemons.every(({ log }) => log.length > 0),
      );
      await sleep(LISTEN_MS);
      expect(owners()).toBe(WITHOUT[kind]);
      for (const node of pair.lab.nodes) await firewall.load(node);
      await until(
        () => `one is master: ${pair.describe()}`,
        WAIT_MS,
        () => owners() === "node1",
      );
    });
  }
});

describe("a firewall that drops by default", () => {
  test("does not keep haagent from hearing multicast adverts", async () => {
    await using pair = await Pair.create({ kinds: ["haagent", "haagent"], routers: [strong, weak], ping: 0 });
    for (const node of pair.lab.nodes) await FIREWALLS[0]?.close(node);
    await pair.daemons[0].start();
    await until("the first is master", WAIT_MS, () => pair.owners.at(now()).join() === "node1");
    const second = await pair.daemons[1].start();
    await sleep(LISTEN_MS);
    expect(pair.advertisers(second)).toEqual(["node1"]);
  });
});
