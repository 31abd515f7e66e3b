/** A reload with a file that is wrong, missing or empty. */
import type { DaemonKind, RouterSpec } from "../lab/daemon.ts";
import { ROUTER } from "../lab/daemon.ts";
import { Pair } from "../lab/pair.ts";
import { now, sleep } from "../lab/process.ts";

const ROUTERS: readonly [RouterSpec, RouterSpec] = [
  { ...ROUTER, interval: 100, priority: 200 },
  { ...ROUTER, interval: 100, priority: 100 },
];
const WATCH_MS = 1500;

export type Fault = "wrong" | "missing" | "empty";

export interface Reloaded {
  /** The process still runs. */
  readonly runs: boolean;
  /** Names of who advertised after the reload. */
  readonly advertisers: readonly string[];
  readonly owners: readonly string[];
  /** The longest time between its adverts, milliseconds. */
  readonly gap: number;
  readonly log: readonly string[];
  readonly noise: number;
}

/** Reloads the master with a faulty file at 100 ms adverts. */
export async function reload(kind: DaemonKind, fault: Fault): Promise<Reloaded> {
  await using pair = await Pair.create({ kinds: [kind, kind], routers: ROUTERS });
  await pair.start();
  await pair.settled(0);
  const master = pair.daemons[0];
  const text = { wrong: master.config({ ...ROUTERS[0], vrid: 351 }), missing: null, empty: "" }[fault];
  const at = await master.reload(text);
  await sleep(WATCH_MS);
  const end = now();
  return {
    runs: master.running,
    advertisers: pair.advertisers(at, end),
    owners: pair.owners.at(end),
    gap: pair.longestGap(0, at, end),
    log: [...master.log],
    noise: pair.noise(at, end),
  };
}

/** What happened, in words for the table. */
export function inWords(result: Reloaded): string {
  const process = result.runs ? "runs" : "EXITED";
  return `${process}, advert gap ${result.gap.toFixed(0)} ms, ${result.owners.length} owner(s), advertising ${result.advertisers.join("+") || "nobody"}`;
}
