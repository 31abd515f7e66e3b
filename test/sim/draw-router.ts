/** The seed draws the virtual routers: what all nodes have in common of one, and the part of each. */
import type { Family, Ip } from "../../src/base/address.ts";
import type { PlannedAddress, RouterPlan, SegmentName } from "./plan.ts";
import type { Prng } from "./prng.ts";

const ip = (text: string): Ip => text as Ip;

/** What is common to all parts of one virtual router. */
export interface Common {
  readonly name: string;
  readonly segment: SegmentName;
  readonly vrid: number;
  readonly family: Family;
  readonly version: 2 | 3;
  /** Most nodes speak both versions, the others this one and nothing else. */
  readonly both: boolean;
  readonly tie: "address" | "sticky";
  readonly interval: number;
  readonly key: string | null;
  readonly header: boolean;
  readonly unicast: boolean;
  readonly preempt: boolean;
  readonly addresses: readonly PlannedAddress[];
  readonly excluded: readonly PlannedAddress[];
  /** By node. */
  readonly priorities: readonly number[];
  /** Nodes differ in interval, version, transport, addresses or key. */
  readonly differs: "interval" | "version" | "transport" | "addresses" | "key" | null;
  readonly syncGroup: string | null;
}

function drawInterval(chance: Prng, version: 2 | 3): number {
  if (version === 2) return chance.pick([1000, 1000, 2000, 3000]);
  return chance.pick([10, 100, 100, 250, 500, 1000, 1000, 1000, 2000, 5000]);
}

function drawPriorities(chance: Prng, nodes: number): number[] {
  if (chance.chance(0.15)) return new Array<number>(nodes).fill(chance.integer(1, 254));
  return Array.from({ length: nodes }, () => chance.pick([1, 50, 100, 100, 101, 150, 200, 254]));
}

/** Its addresses: one to three, or an IPv6 one with or without the link-local one before it. */
export function addressesOf(
  chance: Prng,
  segment: SegmentName,
  family: Family,
  vrid: number,
): PlannedAddress[] {
  const count = chance.pick([1, 1, 2, 3]);
  const net = segment === "lan" ? 1 : 2;
  if (family === 6) {
    const global = { address: ip(`2001:db8:${net}::${vrid.toString(16)}`), prefix: chance.pick([64, 128]) };
    const local = { address: ip(`fe80::${net}:${vrid.toString(16)}`), prefix: 64 };
    return chance.chance(0.8) ? [local, global] : [global];
  }
  return Array.from({ length: count }, (_, index) => ({
    address: ip(`10.0.${net}.${100 + 10 * (vrid % 10) + index}`),
    prefix: chance.pick([24, 24, 24, 32]),
  }));
}

/** Draws one virtual router for so many nodes. */
export function drawCommon(chance: Prng, nodes: number, number: number): Common {
  const differs = chance.chance(0.3)
    ? chance.pick(["interval", "interval", "version", "transport", "addresses", "key"] as const)
    : null;
  // Version 2, whose passwords differ, knows no IPv6.
  const old = differs === "key" || differs === "version";
  const family: Family = !old && chance.chance(0.3) ? 6 : 4;
  const version = family === 4 && chance.chance(0.35) ? 2 : 3;
  const segment: SegmentName = chance.chance(0.8) ? "lan" : "wan";
  const vrid = 50 + number;
  const tie = chance.chance(0.25) ? "sticky" : "address";
  const both = family === 4 && differs === null && chance.chance(0.3);
  const key = version === 2 && differs === null && !both && chance.chance(0.4) ? "secret" : null;
  // Ties among routers that are master for long need equals, and adverts fast enough for that.
  const equals = tie === "sticky" && differs === null && chance.chance(0.8);
  const interval = old
    ? 1000
    : equals
      ? chance.pick([10, 50, 100])
      : drawInterval(chance, both ? 3 : version);
  return {
    name: `VI_${number}`,
    segment,
    vrid,
    family,
    version: differs === "key" ? 2 : equals && !both ? 3 : version,
    both,
    tie,
    interval,
    key: equals ? null : key,
    header: !equals && key !== null && chance.chance(0.5),
    unicast: chance.chance(0.2),
    preempt: chance.chance(0.8),
    addresses: addressesOf(chance, segment, family, vrid),
    excluded: chance.chance(0.2) ? [{ address: ip(`10.0.9.${vrid}`), prefix: 32 }] : [],
    priorities: equals
      ? new Array<number>(nodes).fill(chance.integer(1, 254))
      : drawPriorities(chance, nodes),
    differs,
    syncGroup: null,
  };
}

/** The address that a node has by itself. */
export const ownAddress = (segment: SegmentName, family: Family, host: number): Ip => {
  const net = segment === "lan" ? 1 : 2;
  return ip(family === 4 ? `10.0.${net}.${host}` : `fe80::${host}`);
};

/** One node's part in a virtual router; `odd` when it is the node that differs. */
export function partOf(
  chance: Prng,
  common: Common,
  hosts: readonly number[],
  number: number,
  odd: boolean,
): RouterPlan {
  const { family, segment, differs } = common;
  const strange = odd ? differs : null;
  const strict = common.both && chance.chance(0.4);
  const version =
    common.both && !strict ? "2+3" : strange === "version" ? (common.version === 2 ? 3 : 2) : common.version;
  const unicast = strange === "transport" ? !common.unicast : common.unicast;
  const extra = {
    address: ip(family === 4 ? `10.0.8.${common.vrid}` : `2001:db8:8::${common.vrid}`),
    prefix: 32,
  };
  // More than three times the interval, and a backup that believes its own one is out of patience before the master speaks.
  const longer = common.interval * chance.pick([2, 5]);
  return {
    name: common.name,
    segment,
    vrid: common.vrid,
    family,
    version,
    priority: common.priorities[number] ?? 100,
    // A strict router of version 2 is set to what it is told: whole seconds.
    interval:
      strange === "interval"
        ? longer
        : strict && version === 2
          ? Math.ceil(common.interval / 1000) * 1000
          : common.interval,
    strict,
    startupDelay: chance.chance(0.12) ? chance.pick([300, 2000, 8000]) : 0,
    tie: common.tie === "sticky" && chance.chance(0.1) ? "address" : common.tie,
    preempt: common.preempt,
    preemptDelay: chance.chance(0.15) ? chance.pick([500, 3000]) : 0,
    key: strange === "key" ? "another" : common.key,
    header: common.header,
    checksum: chance.pick(["rfc5798", "rfc9568"] as const),
    addresses: strange === "addresses" ? [...common.addresses, extra] : common.addresses,
    excluded: common.excluded,
    adopt: chance.chance(0.15),
    peers: unicast
      ? hosts.filter((_, index) => index !== number).map((host) => ownAddress(segment, family, host))
      : null,
    syncGroup: common.syncGroup,
    tracks: [],
    checks: [],
    garp: {
      count: chance.pick([1, 2, 5, 5]),
      interval: chance.pick([0, 2, 20]),
      refresh: chance.pick([0, 5000, 60_000]),
      repeatAfter: chance.pick([0, 1000, 5000]),
    },
    hooks: null,
    guard: null,
    routes: [],
    rules: [],
    virtualMac: false,
    accept: true,
  };
}
