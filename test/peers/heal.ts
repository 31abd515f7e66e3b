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

/** `both ways`: nothing passes the master's port. `one way`: the backup does not hear the master, everybody else does. */
export type Partition = "both ways" | "one way";

/** Keeps the master from the backup until both are master, heals after `phase` more milliseconds, and watches the client. */
export async function heal(kind: DaemonKind, partition: Partition, phase: number): Promise<Healed> {
  await using pair = await Pair.create({ kinds: [kind, kind], routers: ROUTERS });
  await pair.start();
  await pair.settled(0);
  const [master, backup] = [pair.node(0), pair.node(1)];
  if (partition === "both ways") await pair.lab.cut(master);
  else await pair.lab.lose(master, backup, 100);
  await until("the backup takes over", masterDown(ROUTERS[1]) + 5000, () =>
    pair.owners.at(now()).includes(backup.name),
  );
  await sleep(300 + phase);
  const healedAt = now();
  if (partition === "both ways") await pair.lab.heal(master);
  else await pair.lab.lose(master, backup, 0);
  await sleep(WATCH_MS);
  const end = now();
  return {
    outage: pair.client.outage(healedAt, end).ms,
    announcements: pair.client.capture
      .announcements(pair.client.address, healedAt)
      .filter(({ source }) => source === master.mac).length,
    noise: pair.noise(healedAt, end),
  };
}
