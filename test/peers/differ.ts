/** Two nodes whose settings differ: how many masters there are in the end. */
import type { DaemonKind, RouterSpec } from "../lab/daemon.ts";
import { masterDown, ROUTER, VIP } from "../lab/daemon.ts";
import { Pair } from "../lab/pair.ts";
import { now, sleep } from "../lab/process.ts";

export type Difference = "addresses" | "interval v2" | "interval v3" | "version" | "transport" | "auth";

/** What the one node has and the other has not. */
const SETTINGS: Record<Difference, readonly [Partial<RouterSpec>, Partial<RouterSpec>]> = {
  addresses: [{ interval: 100 }, { interval: 100, addresses: ["10.77.0.50/24", "10.77.0.51/24"] }],
  "interval v2": [
    { version: 2, interval: 1000 },
    { version: 2, interval: 2000 },
  ],
  "interval v3": [{ interval: 100 }, { interval: 300 }],
  version: [{ version: 2 }, { version: 3 }],
  transport: [{ interval: 100 }, { interval: 100, unicast: { source: "10.77.0.2", peers: ["10.77.0.1"] } }],
  auth: [
    { version: 2, key: "alpha" },
    { version: 2, key: "beta" },
  ],
};

export interface Differed {
  /** Names of who advertised in the last window, and of who has the address at its end. */
  readonly masters: readonly string[];
  readonly owners: readonly string[];
  readonly logs: readonly (readonly string[])[];
  /** From the moment when both had advertised to each node's alarm, milliseconds; null without one. */
  readonly alarms: readonly (number | null)[];
  /** How late the machine itself was, milliseconds. */
  readonly noise: number;
}

/** A window in which each master must speak twice; a busy machine gets this many of them. */
const WINDOW = 2.2;
const WINDOWS = 2;

/** One node advertises and the same one has the address. */
export const oneMaster = ({ masters, owners }: Pick<Differed, "masters" | "owners">): boolean =>
  masters.length === 1 && owners.join() === masters.join();

/** How late a machine must be for two masters of {@link oneMaster} in sight: one that stands still for two intervals steps down. */
export function excess(run: Differed, difference: Difference): number {
  const fastest = Math.min(...SETTINGS[difference].map((router) => router.interval ?? ROUTER.interval));
  return oneMaster(run) ? 0 : 2 * fastest;
}

/** Runs two nodes that differ; `strong` (0 or 1) has the higher priority. */
export async function differ(
  kinds: readonly [DaemonKind, DaemonKind],
  difference: Difference,
  strong: 0 | 1,
): Promise<Differed> {
  const [one, two] = SETTINGS[difference];
  const routers: readonly [RouterSpec, RouterSpec] = [
    { ...ROUTER, ...one, priority: strong === 0 ? 200 : 100 },
    { ...ROUTER, ...two, priority: strong === 1 ? 200 : 100 },
  ];
  await using pair = await Pair.create({ kinds, routers, ping: 0, address: VIP });
  const startedAt = now();
  const alarmed: (number | null)[] = [null, null];
  const watch = setInterval(() => {
    for (const [side, daemon] of pair.daemons.entries()) {
      if (alarmed[side] === null && daemon.log.some((line) => line.includes("vrrp.contested"))) {
        alarmed[side] = now();
      }
    }
  }, 20);
  try {
    await pair.start();
    const patience = Math.max(...routers.map((router) => masterDown(router, pair.interval)));
    await sleep(patience + pair.interval + 500);
    const found = await settle(pair);
    const firsts = [pair.firstAdvert(0, startedAt), pair.firstAdvert(1, startedAt)];
    const both = firsts.every((at) => at !== undefined) ? Math.max(...firsts.map((at) => at ?? 0)) : null;
    return {
      ...found,
      logs: pair.daemons.map((daemon) => [...daemon.log]),
      alarms: alarmed.map((at) => (at === null || both === null ? null : at - both)),
      noise: pair.noise(startedAt, now()),
    };
  } finally {
    clearInterval(watch);
  }
}

/** Looks through windows until one master alone is seen: two that disagree for ever are never seen so, two that stumbled are. */
async function settle(pair: Pair): Promise<Pick<Differed, "masters" | "owners">> {
  for (let left = WINDOWS; ; left--) {
    const from = now();
    await sleep(WINDOW * pair.interval);
    const found = { masters: pair.advertisers(from), owners: pair.owners.at(now()) };
    if (oneMaster(found) || left === 1) return found;
  }
}
