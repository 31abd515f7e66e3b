/** Which prober probes what, and the time that a whole probe has. */
import { unreachable } from "../../base/assert.ts";
import type { Milliseconds } from "../../base/units.ts";
import { bad } from "../../check/response.ts";
import type { BuiltInProbe } from "../../config/probe-model.ts";
import { probeFile } from "./file.ts";
import { probeHttp } from "./http.ts";
import { probePing } from "./ping.ts";
import type { Running, Tell } from "./prober.ts";
import { probeProcess } from "./process.ts";
import { probeTcp } from "./tcp.ts";

function begin(probe: BuiltInProbe, tell: Tell): Running {
  switch (probe.type) {
    case "process":
      return probeProcess(probe, tell);
    case "file":
      return probeFile(probe, tell);
    case "tcp":
      return probeTcp(probe, tell);
    case "http":
      return probeHttp(probe, tell);
    case "ping":
      return probePing(probe, tell);
    case "on":
    case "off": {
      const { type } = probe;
      queueMicrotask(() => tell({ healthy: type === "on", detail: type }));
      return { cancel() {} };
    }
    default:
      return unreachable(probe);
  }
}

/** Starts a probe; `tell` is called once, after `timeout` at the latest, unless it is cancelled. */
export function startProbe(probe: BuiltInProbe, timeout: Milliseconds, tell: Tell): Running {
  let over = false;
  const expire = (): void => {
    if (over) return;
    over = true;
    running.cancel();
    tell(bad(`timeout after ${timeout / 1000}s`));
  };
  // An answer that is here already, and that a stall of ours has kept waiting, comes first.
  const timer = setTimeout(() => setImmediate(expire), timeout);
  const running = begin(probe, (outcome) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    tell(outcome);
  });
  return {
    cancel() {
      over = true;
      clearTimeout(timer);
      running.cancel();
    },
  };
}
