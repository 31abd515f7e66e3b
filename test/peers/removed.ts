/** The virtual address is removed by hand while its router is master. */
import type { DaemonKind, RouterSpec } from "../lab/daemon.ts";
import { ROUTER, VIP } from "../lab/daemon.ts";
import { INTERFACE } from "../lab/lab.ts";
import { Pair } from "../lab/pair.ts";
import { now, sleep } from "../lab/process.ts";

const ROUTERS: readonly [RouterSpec, RouterSpec] = [
  { ...ROUTER, priority: 200 },
  { ...ROUTER, priority: 100 },
];
const WATCH_MS = 1500;

export interface Removed {
  /** The longest time without the address on any node, milliseconds. */
  readonly gone: number;
  /** Its master never said goodbye, and nobody else spoke. */
  readonly kept: boolean;
  readonly noise: number;
}

/** Removes it `times` times in a row while it is there, one figure each, at 1 s adverts. */
export async function remove(kind: DaemonKind, times: number): Promise<readonly Removed[]> {
  await using pair = await Pair.create({ kinds: [kind, kind], routers: ROUTERS });
  await pair.start();
  await pair.settled(0);
  const removals: Removed[] = [];
  for (let time = 0; time < times; time++) {
    if (!pair.owners.at(now()).includes(pair.node(0).name)) break;
    const at = now();
    await pair.node(0).namespace.ip(`addr del ${VIP}/24 dev ${INTERFACE}`);
    await sleep(WATCH_MS);
    const end = now();
    removals.push({
      gone: pair.owners.nobody(at, end),
      kept:
        pair.advertisers(at, end).join() === pair.node(0).name &&
        pair.wire.adverts(at).every(({ seen }) => seen.priority === ROUTERS[0].priority),
      noise: pair.noise(at, end),
    });
  }
  return removals;
}
