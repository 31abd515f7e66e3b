/**
 * A thread of its own that probes, an entry point of the build beside main.ts: hundreds of connections, a pass through /proc, a pattern
 * tried on a long page, a file on a disk that hangs are not to hold up an advert.
 */
import { parentPort } from "node:worker_threads";
import { unreachable } from "../base/assert.ts";
import type { BuiltInProbe } from "../config/probe-model.ts";
import type { Running } from "./probe/prober.ts";
import { startProbe } from "./probe/start.ts";
import { Watches } from "./probe/watches.ts";
import type { ProbeNews, ProbeOrder } from "./prober.ts";

const running = new Map<number, Running>();
/** What each check probes. */
const probes = new Map<string, BuiltInProbe>();
let unsent: ProbeNews[] = [];

/** Thousands of probes a second leave tens of megabytes behind before the runtime collects them by itself. */
const COLLECT_EVERY = 2000;
let ended = 0;

/** What happens together is told together. */
function tell(news: ProbeNews): void {
  if (unsent.length === 0) {
    setImmediate(() => {
      parentPort?.postMessage(unsent);
      unsent = [];
    });
  }
  unsent.push(news);
}

const watches = new Watches((check) => tell({ kind: "hint", check }));

function obey(order: ProbeOrder): void {
  switch (order.kind) {
    case "start": {
      const { id, check, timeout } = order;
      if (order.probe !== null) probes.set(check, order.probe);
      const probe = probes.get(check);
      // Said before, by whoever says null.
      if (probe === undefined) break;
      if (probe.type === "file") void watches.keep(check, probe.file);
      running.set(
        id,
        startProbe(probe, timeout, (outcome) => {
          running.delete(id);
          ended += 1;
          if (ended % COLLECT_EVERY === 0) setImmediate(() => Bun.gc(true));
          tell({ kind: "outcome", id, outcome });
        }),
      );
      break;
    }
    case "cancel":
      running.get(order.id)?.cancel();
      running.delete(order.id);
      break;
    case "forget":
      probes.delete(order.check);
      watches.drop(order.check);
      break;
    default:
      unreachable(order);
  }
}

parentPort?.on("message", (orders: readonly ProbeOrder[]) => {
  for (const order of orders) obey(order);
});
