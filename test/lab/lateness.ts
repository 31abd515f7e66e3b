/**
 * How late the machine itself is. The kernel changes links and addresses of all namespaces under one lock, so labs that come and go
 * delay every daemon on the machine, and the expiry of addresses as well: seconds were seen. What was measured meanwhile says
 * little about a daemon.
 */
import { Namespace } from "./namespace.ts";
import { now, sleep } from "./process.ts";

const PAUSE_MS = 100;
/** Samples kept: some minutes. */
const SAMPLES_MAX = 3000;

interface Sample {
  readonly from: number;
  /** Null while it still waits. */
  to: number | null;
}

const samples: Sample[] = [];
let users = 0;
let watch: Promise<void> = Promise.resolve();

/** Asks for that lock again and again, by a change that changes nothing, in a namespace of its own. */
async function look(): Promise<void> {
  const space = await Namespace.create();
  while (users > 0) {
    const sample: Sample = { from: now(), to: null };
    samples.push(sample);
    if (samples.length > SAMPLES_MAX) samples.shift();
    // Killed after some seconds of waiting: that is a sample, too.
    await space.ip("link set lo up").catch(() => {});
    sample.to = now();
    await sleep(PAUSE_MS);
  }
  await space.close();
}

/** Watches from now on, until as many have called {@link unwatchLateness}: one watch a process is enough. */
export function watchLateness(): void {
  users += 1;
  if (users === 1) watch = watch.then(look);
}

/** Gives the end of the watch when nobody wants it any more. */
export async function unwatchLateness(): Promise<void> {
  users -= 1;
  if (users === 0) await watch;
}

/** The longest that such a change took in [from, to], milliseconds; some are needed by the quietest machine. */
export function lateness(from: number, to: number): number {
  const spans = samples.filter((sample) => sample.from <= to && (sample.to ?? now()) >= from);
  return Math.max(0, ...spans.map((sample) => (sample.to ?? now()) - sample.from));
}
