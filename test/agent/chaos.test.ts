/**
 * One agent and a thousand things that happen to it in an order that a seed draws: whatever it is, an address is in the ledger before it
 * is in the kernel, belongs to a master, is taken off by whoever added it, and everything is as configured once it is quiet.
 */
import { describe, expect, test } from "bun:test";
import { Prng } from "../sim/prng.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { hear } from "./sight.ts";
import { agent, check, router, type Table } from "./text.ts";

const SEEDS = 150;
const STEPS = 120;

/** Everything that a reload may bring. */
function config(chance: Prng): string {
  const lists = [
    ["192.0.2.1/24", "192.0.2.2/24"],
    ["192.0.2.1/32", "192.0.2.3/24"],
    [
      { address: "192.0.2.1/24", label: "eth1:1" },
      { address: "198.51.100.1/24", interface: "eth2" },
    ],
  ];
  const one = chance.pick(lists);
  const group: Table = chance.chance(0.3) ? { sync_group: "g" } : {};
  const common = (): Table => ({
    priority: chance.pick([100, 100, 150, 255]),
    advert_interval: chance.pick(["10ms", "100ms", "1s", "3s"]),
    on_found: chance.pick(["fault", "fault", "adopt"]),
    ...group,
  });
  const second: Table = {
    vrid: chance.pick([52, 53]),
    addresses: chance.pick([["192.0.2.4/24"], ["192.0.2.5/24"]]),
  };
  const third: Table = { vrid: 6, addresses: ["fe80::51/64", "2001:db8::51/64"] };
  const tracks: Table = chance.chance(0.3) ? { track_interfaces: ["eth2"] } : {};
  const checked: Table = chance.chance(0.3) ? { track_checks: ["web"] } : {};
  return [
    agent({ address_lifetime: chance.pick(["auto", "auto", "forever"]) }),
    router({ addresses: one, ...tracks, ...checked, ...common() }),
    ...(chance.chance(0.7) ? [router({ ...second, ...common() }, "VI_2")] : []),
    ...(chance.chance(0.4) ? [router({ ...third, ...common() }, "VI_3")] : []),
    check({ fall: 1 }),
  ].join("\n");
}

const VIPS = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "198.51.100.1"];

/** The names of what can happen, with what it does. */
const happenings: Readonly<Record<string, (box: Box, lab: Lab, chance: Prng) => void>> = {
  "a better master speaks": (box, _, chance) =>
    hear(box, { source: "192.0.2.99", vrid: chance.pick([51, 52]), priority: 254 }),
  "a master leaves": (box, _, chance) =>
    hear(box, { source: "192.0.2.99", vrid: chance.pick([51, 52]), priority: 0 }),
  "a worse master speaks": (box, _, chance) =>
    hear(box, {
      source: "192.0.2.98",
      vrid: chance.pick([51, 52]),
      priority: 1,
      interval: chance.pick([10, 5000]),
    }),
  "carrier goes": (box) => box.kernel.set("eth1", { carrier: false }),
  "carrier comes": (box) => box.kernel.set("eth1", { carrier: true, up: true }),
  "the other carrier changes": (box) => box.kernel.set("eth2", { carrier: !box.kernel.link("eth2").carrier }),
  "an address of ours is taken away": (box, _, chance) => {
    const ours = box.kernel.added();
    if (ours.length === 0) return;
    const { index, address, prefix } = chance.pick(ours);
    const name = box.kernel.links().find((link) => link.index === index)?.name ?? "";
    box.kernel.remove(name, `${address}/${prefix}`);
  },
  "somebody adds one of ours": (box, lab, chance) => {
    // One that was taken away before is back by then.
    box.tellFeed();
    lab.run(40);
    const vip = chance.pick(VIPS);
    if (!box.kernel.has(vip)) box.kernel.add("eth1", `${vip}/${chance.pick([24, 32])}`);
  },
  // What is done before the feed tells of it nobody can know.
  "somebody replaces one of ours": (box, lab) => {
    box.tellFeed();
    lab.run(30);
    const ours = box.kernel.added().find(({ address }) => VIPS.includes(address));
    const name = box.kernel.links().find((link) => link.index === ours?.index)?.name;
    if (ours === undefined || name === undefined || ours.validLifetime === null) return;
    box.kernel.remove(name, `${ours.address}/${ours.prefix}`);
    box.kernel.add(name, `${ours.address}/${ours.prefix}`);
    lab.run(50);
  },
  "somebody removes theirs": (box) => clearTheirs(box),
  "the interface is replaced": (box) => {
    const { index } = box.kernel.link("eth1");
    box.kernel.removeLink("eth1");
    // The kernel gives no index twice.
    box.plug("eth1", index + 10);
  },
  "the interface is renamed": (box) => {
    box.kernel.set("eth1", { name: "lan0" });
    box.kernel.set("lan0", { name: "eth1" });
  },
  "the feed is late": (box) => (box.feedWaits = true),
  "the feed catches up": (box) => box.tellFeed(),
  "the table is told": (box) =>
    box.event({ kind: "kernel", links: box.kernel.links(), addresses: box.kernel.addresses() }),
  "sending fails": (box, _, chance) => {
    const errno = chance.pick(["ENOBUFS", "EPERM", "ENETUNREACH", "ENETDOWN"]);
    box.refuseSend = () => errno;
  },
  "sending works": (box) => (box.refuseSend = () => null),
  "adding fails": (box, _, chance) => {
    const errno = chance.pick(["ENOBUFS", "ENODEV"]);
    box.kernel.refuse = ({ op }) => (op === "add" ? errno : null);
  },
  "adding works": (box) => (box.kernel.refuse = () => null),
  "a socket fails": (box) =>
    box.event({ kind: "listener-failed", index: box.kernel.link("eth1").index, family: 4, errno: "ENOBUFS" }),
  "a check fails": (box) => box.event({ kind: "probe", check: "web", healthy: false, detail: "exit 1" }),
  "a check succeeds": (box) => box.event({ kind: "probe", check: "web", healthy: true, detail: "exit 0" }),
  "the file changes": (box, _, chance) => box.reload(config(chance)),
  "the file is wrong": (box) => {
    const { config: good } = box;
    box.reload("[vrrp.");
    box.config = good;
  },
  "it stalls": (box, lab, chance) => {
    box.freeze();
    lab.run(chance.pick([30, 500, 2500, 9000]));
    box.thaw();
  },
  "it is killed and started": (box, lab, chance) => {
    box.kill();
    lab.run(chance.pick([1, 100, 3000]));
    box.start();
  },
  "it is stopped and started": (box, lab) => {
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.kernel.added()).toEqual([]);
    lab.run(10);
    box.start();
  },
};

function clearTheirs(box: Box): void {
  const ours = new Set(box.kernel.added());
  for (const known of box.kernel.raw()) {
    const name = box.kernel.links().find((link) => link.index === known.index)?.name;
    if (name !== undefined && !ours.has(known) && VIPS.includes(known.address)) {
      box.kernel.remove(name, `${known.address}/${known.prefix}`);
    }
  }
}

/** What may never be, at any moment between two events. */
function judge(box: Box): string[] {
  const wrongs = [...box.kernel.wrongs];
  const vouched = new Set(
    [...box.ledger.values()].flatMap(({ added }) =>
      added.map(({ index, address, prefix }) => `${index} ${address}/${prefix}`),
    ),
  );
  for (const { index, address, prefix } of box.kernel.added()) {
    if (!vouched.has(`${index} ${address}/${prefix}`)) wrongs.push(`${address}/${prefix} is in no record`);
  }
  return wrongs;
}

/** What must be when everything has been quiet for long enough. */
function judgeQuiet(box: Box): string[] {
  const wrongs: string[] = [];
  const expected = new Set<string>();
  for (const { name, state, reason, addresses } of box.status().vrrp) {
    if (state !== "master") wrongs.push(`${name} is ${state}: ${reason}`);
    for (const { address, held, interface: link } of addresses) {
      if (!held || !box.kernel.on(link).includes(address)) wrongs.push(`${name} does not hold ${address}`);
      expected.add(address);
    }
  }
  for (const { address, prefix } of box.kernel.added()) {
    if (!expected.has(`${address}/${prefix}`)) wrongs.push(`${address}/${prefix} was left behind`);
  }
  return wrongs;
}

/** Plays a seed; gives what was wrong first, with the steps that led to it. */
function play(seed: number): string[] {
  const chance = new Prng(seed);
  const lab = new Lab();
  const box = lab.box(config(chance));
  const steps: string[] = [];
  const names = Object.keys(happenings);
  box.start();
  for (let step = 0; step < STEPS; step++) {
    const name = chance.pick(names);
    steps.push(`${lab.now} ${name}`);
    happenings[name]?.(box, lab, chance);
    lab.run(chance.pick([0, 1, 15, 200, 4000]));
    const wrongs = judge(box);
    if (wrongs.length > 0) return [...steps.slice(-8), ...wrongs];
  }
  for (const name of [
    "the feed catches up",
    "sending works",
    "adding works",
    "carrier comes",
    "a check succeeds",
  ]) {
    happenings[name]?.(box, lab, chance);
  }
  box.kernel.set("eth2", { carrier: true });
  clearTheirs(box);
  lab.run(60_000);
  const wrongs = [...judge(box), ...judgeQuiet(box)];
  if (wrongs.length > 0) return [...steps.slice(-8), box.config, ...wrongs];
  box.event({ kind: "signal", signal: "SIGTERM" });
  const left = box.kernel.added().map(({ address }) => `${address} is left after the end`);
  return [...left, ...[...box.ledger.keys()].map((name) => `${name} is left in the ledger`)];
}

/** For a machine that does something else for seconds; a seed takes a tenth of one. */
const TIMEOUT = 120_000;

describe("an agent to which anything happens in any order", () => {
  test.each(Array.from({ length: SEEDS }, (_, at) => at + 1))(
    "is right all the time and at rest (seed %i)",
    (seed) => expect(play(seed)).toEqual([]),
    TIMEOUT,
  );
});
