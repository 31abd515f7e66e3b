/** A pair of any two kinds through every exit of its master and back, with tshark as the judge of what was sent. */
import type { DaemonKind, RouterSpec } from "../lab/daemon.ts";
import { masterDown, ROUTER, skew } from "../lab/daemon.ts";
import { INTERFACE } from "../lab/lab.ts";
import type { Side } from "../lab/pair.ts";
import { Pair } from "../lab/pair.ts";
import { now, until } from "../lab/process.ts";

/** One way to configure a pair; the priorities are the scenario's. */
export interface Flavour {
  readonly name: string;
  readonly router: Partial<RouterSpec>;
  /** Own and peer address come from the nodes. */
  readonly unicast?: boolean;
}

const SIX: Partial<RouterSpec> = { addresses: ["fe80::77:50/64", "fd77::50/64"] };

export const FLAVOURS: readonly Flavour[] = [
  { name: "v2 1 s", router: { version: 2 } },
  // Only the first eight bytes of a key count (RFC 2338 10.2).
  { name: "v2 PASS 1 s", router: { version: 2, key: "longer-than-eight" } },
  { name: "v2 unicast 1 s", router: { version: 2 }, unicast: true },
  { name: "v3 1 s", router: {} },
  { name: "v3 100 ms", router: { interval: 100 } },
  { name: "v3 IPv6 1 s", router: SIX },
  { name: "v3 IPv6 100 ms", router: { ...SIX, interval: 100 } },
  { name: "v3 unicast 1 s", router: {}, unicast: true },
  { name: "v3 unicast 100 ms", router: { interval: 100 }, unicast: true },
];

/** What is obsolete, what is there for the time of a change, and the shortest interval. */
export const VARIANTS: readonly Flavour[] = [
  { name: "v2 AH 1 s", router: { version: 2, key: "longer-than-eight", header: true } },
  { name: "v2 AH unicast 1 s", router: { version: 2, key: "short", header: true }, unicast: true },
  { name: "2+3 beside v2 1 s", router: { version: 2, both: true } },
  { name: "2+3 beside v3 1 s", router: { both: true } },
  { name: "2+3 beside v3 100 ms", router: { both: true, interval: 100 } },
  { name: "v3 10 ms", router: { interval: 10, realtime: true } },
];

export type Exit = "stop" | "preempt back" | "kill" | "link down";

export interface Step {
  readonly exit: Exit;
  /** Who became master by it. */
  readonly taker: DaemonKind;
  /** Its first advert after the earliest that the protocol allows, milliseconds. */
  readonly late: number;
  readonly outage: number;
  /** The longest time with two owners, milliseconds. */
  readonly twoOwners: number;
}

/** What tshark found of the frames that haagent sent. */
export interface Judged {
  readonly adverts: number;
  /** Malformed, or with a checksum that is not good: as tshark tells them. */
  readonly bad: readonly string[];
  /** Reports of membership in the group: IGMP or MLD. */
  readonly joins: number;
}

export interface Exited {
  readonly steps: readonly Step[];
  readonly judged: Judged;
  readonly noise: number;
}

function routersOf(flavour: Flavour): readonly [RouterSpec, RouterSpec] {
  const router = (mine: number, theirs: number, priority: number): RouterSpec => ({
    ...ROUTER,
    ...flavour.router,
    priority,
    ...(flavour.unicast === true
      ? { unicast: { source: `10.77.0.${mine}`, peers: [`10.77.0.${theirs}`] } }
      : {}),
  });
  return [router(1, 2, 200), router(2, 1, 100)];
}

/** Every exit in turn: clean stop, power loss, link down, and the return of the better node after each. */
export async function exits(kinds: readonly [DaemonKind, DaemonKind], flavour: Flavour): Promise<Exited> {
  // A slow client: many of these run beside each other.
  await using pair = await Pair.create({ kinds, routers: routersOf(flavour), ping: 20 });
  const startedAt = now();
  await pair.start();
  await pair.settled(0);
  const steps: Step[] = [];
  const step = async (exit: Exit, to: Side, event: () => Promise<number>): Promise<void> => {
    const at = await event();
    if (exit === "kill") await taken(pair, at);
    else await pair.settled(to);
    const end = now();
    const first = pair.firstAdvert(to, at) ?? end;
    steps.push({
      exit,
      taker: kinds[to],
      late: first - earliest(pair, exit, at),
      outage: pair.client.outage(at, end).ms,
      twoOwners: exit === "kill" ? 0 : pair.owners.twoOwners(at, end),
    });
  };
  const [first] = pair.daemons;
  await step("stop", 1, async () => {
    const at = now();
    await first.stop();
    return at;
  });
  await step("preempt back", 0, () => first.start());
  await step("kill", 1, async () => {
    const at = await pair.lab.cut(pair.node(0));
    first.kill();
    return at;
  });
  await sweep(pair);
  await pair.lab.heal(pair.node(0));
  await step("preempt back", 0, () => first.start());
  await step("link down", 1, () => pair.lab.linkDown(pair.node(0)));
  await step("preempt back", 0, () => pair.lab.linkUp(pair.node(0)));
  for (const one of pair.daemons) await one.stop();
  return { steps, judged: await judge(pair, kinds), noise: pair.noise(startedAt, now()) };
}

/** After a power loss: the client is answered by the backup. The dead node may still believe it has the address. */
async function taken(pair: Pair, at: number): Promise<void> {
  const mac = pair.node(1).mac;
  await until(
    () => `the backup answers after a kill: ${pair.describe()}`,
    masterDown(pair.routers[1]) + 8000,
    () => pair.client.pings.some((ping) => (ping.answeredAt ?? 0) > at && ping.from === mac),
  );
}

/** Removes what a killed daemon left on the first node. */
async function sweep(pair: Pair): Promise<void> {
  for (const address of pair.routers[0].addresses) {
    await pair
      .node(0)
      .namespace.ip(`addr del ${address} dev ${INTERFACE}`)
      .catch(() => {
        // haagent's lifetimes were faster.
      });
  }
}

/** When the protocol lets the taker speak first. */
function earliest(pair: Pair, exit: Exit, at: number): number {
  const backup = pair.routers[1];
  const goodbye = pair.wire.adverts(at, pair.node(0).mac).find(({ seen }) => seen.priority === 0);
  switch (exit) {
    case "stop":
      return (goodbye?.at ?? at) + skew(backup);
    case "kill":
    case "link down":
      return (pair.lastAdvert(0, at + 5) ?? at) + masterDown(backup);
    case "preempt back":
      // Started or back on the link, it listens like any backup. What the start itself takes is part of the figure.
      return at + masterDown(pair.routers[0]);
  }
}

async function judge(pair: Pair, kinds: readonly [DaemonKind, DaemonKind]): Promise<Judged> {
  const macs = kinds.flatMap((kind, side) => (kind === "haagent" ? [pair.lab.node(side).mac] : []));
  if (macs.length === 0) return { adverts: 0, bad: [], joins: 0 };
  const ours = `(${macs.map((mac) => `eth.src == ${mac}`).join(" || ")})`;
  const checks = ["-o", "ip.check_checksum:TRUE"];
  const adverts = await pair.wire.tshark(
    // Not the answer of a kernel whose agent is dead: that quotes the peer's advert in an ICMP error.
    `vrrp && !icmp && !icmpv6 && ${ours}`,
    ["frame.number", "vrrp.checksum.status", "ip.checksum.status", "_ws.malformed", "_ws.expert.message"],
    checks,
  );
  const bad = adverts.filter(
    (one) =>
      one["vrrp.checksum.status"] !== "1" ||
      (one["ip.checksum.status"] ?? "1").replace("1", "") !== "" ||
      one["_ws.malformed"] !== "" ||
      one["_ws.expert.message"] !== "",
  );
  const malformed = await pair.wire.tshark(`_ws.malformed && ${ours}`, ["frame.number", "_ws.col.Protocol"]);
  const joins = await pair.wire.tshark(`(igmp || icmpv6.type == 143) && ${ours}`, ["frame.number"]);
  return {
    adverts: adverts.length,
    bad: [...bad, ...malformed].map((one) => JSON.stringify(one)),
    joins: joins.length,
  };
}
