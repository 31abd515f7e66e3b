/**
 * A thread of its own that probes, an entry point of the build beside main.ts: hundreds of connections, a pass through /proc, a pattern
 * tried on a long page, a file on a disk that hangs are not to hold up an advert.
 */
import { parentPort } from "node:worker_threads";
import { unreachable } from "../base/assert.ts";
import type { Milliseconds } from "../base/units.ts";
import type { Outcome } from "../check/response.ts";
import type { BuiltInProbe } from "../config/probe-model.ts";
import { collectAll } from "./collect.ts";
import { forgetStart } from "./pages.ts";
import type { Running } from "./probe/prober.ts";
import { startProbe } from "./probe/start.ts";
import { Watches } from "./probe/watches.ts";
import type { ProbeNews, ProbeOrder } from "./probe-orders.ts";
import { checkOf } from "./probe-orders.ts";

/** A check, by its number, and its probe under way. */
interface Known {
  readonly check: string;
  readonly probe: BuiltInProbe;
  readonly timeout: Milliseconds;
  /** The outcome that was told last. */
  last: Outcome | null;
  /** The number of the probe under way, and the probe. */
  id: number;
  running: Running | null;
}

const known = new Map<number, Known>();
let unsent: ProbeNews[] = [];

/** Thousands of probes a second leave tens of megabytes behind before the runtime collects them by itself. */
const COLLECT_EVERY = 2000;
/** Probes after which what the first of them needed of the runtime, its compilers above all, is given back. */
const STARTED_AFTER = 20_000;
let ended = 0;

/** What happens together is told together. */
function tell(news: ProbeNews): void {
  if (unsent.length === 0) setImmediate(send);
  unsent.push(news);
}

function send(): void {
  parentPort?.postMessage(unsent);
  unsent = [];
}

const watches = new Watches((check) => tell({ kind: "hint", check }));

/** Starts the probe of this number. */
function start(id: number): void {
  const of = known.get(checkOf(id));
  // Told before, by whoever starts one.
  if (of === undefined) return;
  if (of.probe.type === "file") void watches.keep(of.check, of.probe.file);
  of.id = id;
  of.running = startProbe(of.probe, of.timeout, (outcome) => finish(id, of, outcome));
}

function finish(id: number, of: Known, outcome: Outcome): void {
  of.running = null;
  ended += 1;
  if (ended % COLLECT_EVERY === 0) setImmediate(collectAll);
  if (ended === STARTED_AFTER) setImmediate(forgetStart);
  if (of.last !== null && isSame(of.last, outcome)) tell(id);
  else {
    of.last = outcome;
    tell({ kind: "outcome", id, outcome });
  }
}

/** What was said is of one probe only. */
const isSame = (a: Outcome, b: Outcome): boolean =>
  a.detail === b.detail &&
  a.healthy === b.healthy &&
  a.value === b.value &&
  a.warning === b.warning &&
  a.unprobed === b.unprobed &&
  a.transcript === undefined &&
  b.transcript === undefined;

function obey(order: ProbeOrder): void {
  if (typeof order === "number") {
    start(order);
    return;
  }
  switch (order.kind) {
    case "know": {
      const { check, probe, timeout } = order;
      known.set(order.number, { check, probe, timeout, last: null, id: 0, running: null });
      break;
    }
    case "cancel": {
      const of = known.get(checkOf(order.id));
      if (of?.id !== order.id) break;
      of.running?.cancel();
      of.running = null;
      break;
    }
    case "forget":
      watches.drop(known.get(order.number)?.check ?? "");
      known.delete(order.number);
      break;
    default:
      unreachable(order);
  }
}

parentPort?.on("message", (orders: readonly ProbeOrder[]) => {
  for (const order of orders) obey(order);
});
