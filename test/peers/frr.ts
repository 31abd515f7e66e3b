/** haagent and FRR's vrrpd as one virtual router, in either order, through every exit of the better one and back. */
import type { RouterSpec } from "../lab/daemon.ts";
import { masterDown, ROUTER, skew } from "../lab/daemon.ts";
import type { AdvertFrame } from "../lab/capture.ts";
import { Client } from "../lab/client.ts";
import { Frr } from "../lab/frr.ts";
import { Haagent } from "../lab/haagent.ts";
import { Lab } from "../lab/lab.ts";
import { lateness, unwatchLateness, watchLateness } from "../lab/lateness.ts";
import { now, until } from "../lab/process.ts";

/** Time that a wait may take beyond what the protocol asks: the machine may be busy. */
const SLACK_MS = 8000;

/** Who is the better one. */
export type Better = "haagent" | "frr";

export interface Passed {
  readonly event: "stop" | "return" | "kill";
  readonly to: Better;
  /** The new master's first advert after the earliest that the protocol allows; null where a start is part of it. */
  readonly late: number | null;
  readonly outage: number;
}

export interface Met {
  readonly passed: readonly Passed[];
  /** What haagent counted of FRR's adverts, and what it found to differ. */
  readonly received: number;
  readonly rejected: number;
  readonly mismatch: readonly string[];
  /** How late the machine itself was, milliseconds. */
  readonly noise: number;
}

interface Side {
  readonly kind: Better;
  readonly router: RouterSpec;
  /** The address that its adverts come from, and the link-layer addresses that its answers may come from. */
  readonly source: string;
  readonly macs: readonly string[];
  readonly node: number;
  start(): Promise<number>;
  stop(): Promise<unknown>;
  kill(): Promise<unknown>;
}

/** Meets once: `router` is what both have, but for the priority. */
export async function meet(better: Better, router: Partial<RouterSpec>): Promise<Met> {
  await using lab = await Lab.create(2);
  watchLateness();
  lab.atClose(unwatchLateness);
  const startedAt = now();
  const spec = (priority: number): RouterSpec => ({ ...ROUTER, ...router, priority });
  const ours = spec(better === "haagent" ? 200 : 100);
  const theirs = spec(better === "frr" ? 200 : 100);
  const address = ours.addresses.at(-1)?.replace(/\/.*/, "") ?? "";
  const haagent = await Haagent.create(lab.node(0), ours);
  lab.atClose(() => haagent.close());
  const frr = new Frr(lab.node(1), theirs);
  lab.atClose(() => frr.close());
  await frr.prepare();
  const { mac, address4, linkLocal } = lab.node(0);
  const six = address.includes(":");
  const us: Side = {
    kind: "haagent",
    router: ours,
    source: six ? linkLocal : address4,
    macs: [mac, frr.mac],
    node: 0,
    start: () => haagent.start(),
    stop: () => haagent.stop(),
    kill: async () => haagent.kill(),
  };
  const them: Side = {
    kind: "frr",
    router: theirs,
    source: frr.source,
    macs: frr.macs,
    node: 1,
    start: () => frr.start(),
    stop: () => frr.stop(),
    kill: () => frr.kill(),
  };
  const [first, second] = better === "haagent" ? [us, them] : [them, us];
  const client = await Client.start(lab.client, address, 20);
  lab.atClose(() => client.close());
  const describe = (): string =>
    `haagent ${haagent.log.slice(-3).join(" | ")}; frr ${frr.log.slice(-3).join(" | ")}`;
  await first.start();
  await second.start();
  await settled(client, first, second, describe);
  const passed = await passAround(lab, client, first, second, describe);
  const { counters, peers } = await haagent.router();
  return {
    passed,
    received: counters.adverts_received,
    rejected: Object.values(counters.rejected).reduce((sum, count) => sum + count, 0),
    mismatch: peers.flatMap((peer) => peer.mismatch),
    noise: Math.max(client.noise(startedAt, now()), lateness(startedAt, now())),
  };
}

/** The adverts of one of them: with a virtual MAC only their source tells them apart. */
const said = (client: Client, { source }: Side, since: number): AdvertFrame[] =>
  client.capture.adverts(since).filter(({ seen }) => seen.from === source);

/** Waits until one of them alone advertises and the client is answered by it. */
async function settled(client: Client, one: Side, other: Side, describe: () => string): Promise<void> {
  const { interval } = one.router;
  await until(
    () => `${one.kind} is the one master: ${describe()}`,
    8 * interval + SLACK_MS,
    () => {
      const since = now() - 2.2 * interval;
      const silent = said(client, other, since).length === 0;
      const answer = client.pings.findLast(({ answeredAt }) => answeredAt !== null)?.from ?? "";
      return silent && said(client, one, since).length > 1 && one.macs.includes(answer);
    },
  );
}

async function passAround(
  lab: Lab,
  client: Client,
  first: Side,
  second: Side,
  describe: () => string,
): Promise<Passed[]> {
  const passed: Passed[] = [];
  const step = async (event: Passed["event"], to: Side, act: () => Promise<unknown>): Promise<void> => {
    const at = now();
    await act();
    await settled(client, to, to === first ? second : first, describe);
    const spoke = said(client, to, at)[0]?.at ?? Number.NaN;
    const left = said(client, first, at).find(({ seen }) => seen.priority === 0)?.at;
    const last = said(client, first, 0).findLast((advert) => advert.at < at + 5)?.at;
    const earliest =
      event === "stop" ? (left ?? at) + skew(second.router) : (last ?? at) + masterDown(second.router);
    const late = event === "return" ? null : spoke - earliest;
    passed.push({ event, to: to.kind, late, outage: client.outage(at, now()).ms });
  };
  await step("stop", second, () => first.stop());
  await step("return", first, () => first.start());
  await step("kill", second, async () => {
    // Without power: what it left in its kernel must not answer.
    await lab.cut(lab.node(first.node));
    await first.kill();
  });
  await lab.heal(lab.node(first.node));
  await step("return", first, () => first.start());
  return passed;
}
