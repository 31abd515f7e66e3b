/** Ways for a master's process to die or to freeze, and who owns the address after. */
import type { DaemonKind, RouterSpec } from "../lab/daemon.ts";
import { masterDown, ROUTER } from "../lab/daemon.ts";
import { Pair } from "../lab/pair.ts";
import { now, sleep, until } from "../lab/process.ts";

/** How long a master that is gone or back is watched after the backup has had its chance. */
const WATCH_MS = 3000;

const routers = (interval: number): readonly [RouterSpec, RouterSpec] => [
  { ...ROUTER, interval, priority: 200 },
  { ...ROUTER, interval, priority: 100 },
];

async function pairOf(kind: DaemonKind, interval: number): Promise<Pair> {
  const pair = await Pair.create({ kinds: [kind, kind], routers: routers(interval) });
  try {
    await pair.start();
    await pair.settled(0);
    // Death comes at any time between two adverts.
    await sleep(Math.random() * interval);
    return pair;
  } catch (cause) {
    await pair.close();
    throw cause;
  }
}

export interface Respawned {
  readonly outage: number;
  readonly twoOwners: number;
  /** The backup never spoke. */
  readonly kept: boolean;
  readonly noise: number;
}

/** SIGKILL at 1 s adverts, started again at once. */
export async function respawn(kind: DaemonKind): Promise<Respawned> {
  await using pair = await pairOf(kind, 1000);
  const killedAt = await pair.daemons[0].killRespawned();
  await sleep(masterDown(pair.routers[1]) + WATCH_MS);
  const end = now();
  return {
    outage: pair.client.outage(killedAt, end).ms,
    twoOwners: pair.owners.twoOwners(killedAt, end),
    kept: pair.firstAdvert(1, killedAt) === undefined && pair.lastAdvert(0, end) !== undefined,
    noise: pair.noise(killedAt, end),
  };
}

export interface Died {
  /** The longest time with two owners, milliseconds. */
  readonly twoOwners: number;
  /** It had not ended when the watch did. */
  readonly forEver: boolean;
  readonly noise: number;
}

/** SIGKILL or SIGSTOP, and nothing starts it again. */
export async function die(kind: DaemonKind, interval: number, way: "SIGKILL" | "SIGSTOP"): Promise<Died> {
  await using pair = await pairOf(kind, interval);
  const diedAt = way === "SIGKILL" ? pair.daemons[0].kill() : pair.daemons[0].freeze();
  await until("the backup takes the address", masterDown(pair.routers[1]) + 5000, () =>
    pair.owners.at(now()).includes(pair.node(1).name),
  );
  await sleep(WATCH_MS);
  const end = now();
  return {
    twoOwners: pair.owners.twoOwners(diedAt, end),
    forEver: pair.owners.overlaps(diedAt, end).some(({ to }) => to === null),
    noise: pair.noise(diedAt, end),
  };
}

export interface Thawed {
  /** Adverts and announcements of the thawed node in the first 50 ms. */
  readonly packets: number;
  /** Announcements of it in the first second, while another is master. */
  readonly announcements: number;
  /** The longest time with two owners from the freeze on. */
  readonly twoOwners: number;
  readonly noise: number;
}

/** SIGSTOP for 6 s at 1 s adverts, then SIGCONT. */
export async function thaw(kind: DaemonKind): Promise<Thawed> {
  await using pair = await pairOf(kind, 1000);
  const frozenAt = pair.daemons[0].freeze();
  await sleep(6000);
  const thawedAt = pair.daemons[0].thaw();
  await sleep(WATCH_MS);
  const end = now();
  const { capture, address } = pair.client;
  const mac = pair.node(0).mac;
  const announced = capture.announcements(address, thawedAt).filter(({ source }) => source === mac);
  const early = [...capture.adverts(thawedAt, mac), ...announced].filter(({ at }) => at < thawedAt + 50);
  return {
    packets: early.length,
    announcements: announced.filter(({ at }) => at < thawedAt + 1000).length,
    twoOwners: pair.owners.twoOwners(frozenAt, end),
    noise: pair.noise(frozenAt, end),
  };
}
