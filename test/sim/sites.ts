/** The pairs of machines that docs/split-brain.md tells of: two nodes, one virtual router, one group of resources, and what is between them. */
import type { Ip } from "../../src/base/address.ts";
import type { Terms } from "../heartbeat/sim/view.ts";
import {
  type ClusterPlan,
  type FencePlan,
  GATEWAY,
  groupOf,
  type LinkPlan,
  type ResourcesPlan,
  sightOf,
} from "./cluster-plan.ts";
import type { Fault } from "./faults.ts";
import type { ConfigPlan, NodePlan, Plan, RouterPlan } from "./plan.ts";

/** A way to build a pair; `name` heads its column. */
export interface Site {
  readonly name: string;
  /** For who wants to build it. */
  readonly text: string;
  /** `A`: the switch of the users; `B`: another switch; `serial`: a null-modem cable. */
  readonly links: readonly ("A" | "B" | "serial")[];
  /** The gateway behind switch A is asked. */
  readonly witness: boolean;
  readonly fence: boolean;
}

export const SITES: readonly Site[] = [
  {
    ...{ name: "no link", text: "the virtual router alone: no `[heartbeat]`, no guard" },
    ...{ links: [], witness: false, fence: false },
  },
  {
    ...{
      name: "1 link",
      text: 'one broadcast link over A, the switch of the users, and `guard = ["heartbeat"]`',
    },
    ...{ links: ["A"], witness: false, fence: false },
  },
  {
    ...{ name: "2 links", text: "a second broadcast link, over another switch B" },
    ...{ links: ["A", "B"], witness: false, fence: false },
  },
  {
    ...{ name: "serial", text: "the link over A, and a null-modem cable at 19200 baud" },
    ...{ links: ["A", "serial"], witness: false, fence: false },
  },
  {
    name: "witness",
    text: 'the link over A, and the gateway behind A in `guard`, with `on_isolation = "release"`, and in `ping_nodes`',
    ...{ links: ["A"], witness: true, fence: false },
  },
  {
    ...{
      name: "fence",
      text: "the link over A, and a fence that takes three seconds and always works; who was shot has power again after three more",
    },
    ...{ links: ["A"], witness: false, fence: true },
  },
  {
    ...{
      name: "fence and gateway",
      text: "the link over A, the gateway as a witness and in `ping_nodes`, and the fence",
    },
    ...{ links: ["A"], witness: true, fence: true },
  },
  {
    ...{ name: "all", text: "A, B, the cable, the gateway and the fence" },
    ...{ links: ["A", "B", "serial"], witness: true, fence: true },
  },
];

/** Seconds of world time: the pair is at rest by then; what happens to it ends; and it is looked at until then. */
export const HURT_AT = 30;
export const HEALED_AT = 60;
export const END_AT = 130;

export const GROUP = "service";
export const VIRTUAL = "10.0.1.100" as Ip;

const NAMES = ["a", "b"];
const own = (net: number, host: number) => [{ address: `10.0.${net}.${host}` as Ip, prefix: 24 }];

const linkOf = (link: Site["links"][number]): LinkPlan =>
  link === "serial"
    ? { type: "serial", baud: 19_200 }
    : { type: "broadcast", segment: link === "A" ? "lan" : "wan" };

const GARP = { count: 5, interval: 2, refresh: 60_000, repeatAfter: 5000 };

function routerOf(number: number, { links, witness }: Site): RouterPlan {
  const heartbeat = links.length > 0;
  return {
    ...{ name: "VI_1", segment: "lan", vrid: 51, family: 4, version: 3, strict: false, startupDelay: 0 },
    ...{ tie: "address", priority: number === 0 ? 150 : 100, interval: 1000, preempt: true, preemptDelay: 0 },
    ...{ key: null, header: false, checksum: "rfc5798", addresses: [{ address: VIRTUAL, prefix: 24 }] },
    ...{ excluded: [], adopt: false, peers: null, syncGroup: null, tracks: [], checks: [] },
    ...{ garp: GARP, hooks: null, routes: [] },
    guard: heartbeat ? { heartbeat, witness: witness ? GATEWAY : null, release: witness } : null,
    ...{ rules: [], virtualMac: false, accept: true },
  };
}

function clusterOf(site: Site): ClusterPlan | null {
  if (site.links.length === 0) return null;
  return {
    ...{ nodes: NAMES, links: site.links.map(linkOf), keepalive: 1000, deadtime: 5000, initdead: 10_000 },
    ...{ pings: site.witness },
    resources: { ...RESOURCES, fence: site.fence ? FENCE : null },
  };
}

const FENCE: FencePlan = { fails: 0, onFailure: "block", times: { takes: 3000, lasts: 3000 } };

const RESOURCES: Omit<ResourcesPlan, "fence"> = {
  groups: [groupOf(0, null, [GROUP])],
  failback: true,
  times: { start: [200, 200], stop: [200, 200] },
  ...{ startTries: 2, stopTries: 3 },
};

/** Loose: the document shows what comes of it, whatever that is. */
const TERMS: Terms = {
  ...{ calm: false, fenced: false, failback: false },
  ...{ sight: sightOf(1000, 5000), sights: null },
  ...{ bound: 60_000, takeover: 60_000, peace: 60_000 },
};

/** A pair that lives through some faults. */
export function planOf(seed: number, site: Site, faults: readonly Fault[]): Plan {
  const nodes = NAMES.map((name, number): NodePlan => {
    const routers = [routerOf(number, site)];
    const cluster = clusterOf(site);
    const config: ConfigPlan = {
      routers,
      checks: [],
      lifetime: "auto",
      method: "auto",
      services: [],
      cluster,
    };
    const addresses = { lan: own(1, 11 + number), wan: own(2, 11 + number) };
    return { name, own: addresses, config, later: config, uptime: 100_000 };
  });
  return {
    ...{ seed, nodes, faults, terms: TERMS, cycleAt: null },
    ...{ peaceAt: 1000 * HEALED_AT + 1, quietAt: 1000 * END_AT, endAt: 1000 * END_AT },
  };
}
