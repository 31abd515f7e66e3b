/** A partition that heals: what the client on the backup's side sees. */
import type { DaemonKind, RouterSpec } from "../lab/daemon.ts";
import { masterDown, ROUTER } from "../lab/daemon.ts";
import { Pair } from "../lab/pair.ts";
import { now, sleep, until } from "../lab/process.ts";

const ROUTERS: readonly [RouterSpec, RouterSpec] = [
  { ...ROUTER, interval: 100, priority: 200 },
  { ...ROUTER, interval: 100, priority: 100 },
];

/** How long the client is watched after the heal; without an answer by then it counts as dead. */
export const WATCH_MS = 3000;

export interface Healed {
  /** From the heal until the client's answers come again and stay, milliseconds; up to {@link WATCH_MS}. */
  readonly outage: number;
  /** Announcements of the winner. */
  readonly announcements: number;
  readonly noise: number;
}

/** Cuts the master off until both are master, heals after `phase` more milliseconds, and watches the client. */
export async function heal(kind: DaemonKind, phase: number): Promise<Healed> {
  await using pair = await Pair.create({ kinds: [kind, kind], routers: ROUTERS });
  await pair.start();
  await pair.settled(0);
  await pair.lab.cut(pair.node(0));
  const cutAt = now();
  await until("the backup takes over", 5000, () => {
    const from = pair.client.firstAnswer(cutAt + masterDown(ROUTERS[1]) / 2)?.from;
    return from === pair.node(1).mac;
  });
  await sleep(300 + phase);
  const healedAt = await pair.lab.heal(pair.node(0));
  await sleep(WATCH_MS);
  const end = now();
  const mac = pair.node(0).mac;
  return {
    outage: pair.client.outage(healedAt, end).ms,
    announcements: pair.client.capture
      .announcements(pair.client.address, healedAt)
      .filter(({ source }) => source === mac).length,
    noise: pair.client.noise(healedAt, end),
  };
}
