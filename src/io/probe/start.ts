/** Which prober probes what, and the time that a whole probe has. */
import { unreachable } from "../../base/assert.ts";
import type { Milliseconds } from "../../base/units.ts";
import type { Outcome } from "../../check/response.ts";
import { bad } from "../../check/response.ts";
import { Transcript } from "../../check/transcript.ts";
import type { BuiltInProbe } from "../../config/probe-model.ts";
import { probeDns } from "./dns.ts";
import { probeFile } from "./file.ts";
import { probeHttp } from "./http.ts";
import { probePing } from "./ping.ts";
import type { Running, Tell } from "./prober.ts";
import { probeProcess } from "./process.ts";
import { probeSpoken } from "./spoken.ts";
import { probeTcp } from "./tcp.ts";
import { probeUdp } from "./udp.ts";

function begin(probe: BuiltInProbe, tell: Tell, transcript: Transcript): Running {
  switch (probe.type) {
    case "process":
      return probeProcess(probe, tell, transcript);
    case "file":
      return probeFile(probe, tell, transcript);
    case "tcp":
      return probeTcp(probe, tell, transcript);
    case "http":
    case "https":
      return probeHttp(probe, tell, transcript);
    case "ping":
      return probePing(probe, tell, transcript);
    case "smtp":
    case "redis":
    case "mysql":
    case "pgsql":
      return probeSpoken(probe, tell, transcript);
    case "dns":
      return probeDns(probe, tell, transcript);
    case "udp":
      return probeUdp(probe, tell, transcript);
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

/**
 * Starts a probe; `tell` is called once, after `timeout` at the latest, unless it is cancelled. What was said is told where the probe
 * failed, or always.
 */
export function startProbe(
  probe: BuiltInProbe,
  timeout: Milliseconds,
  tell: Tell,
  transcribe: "failures" | "always" = "failures",
): Running {
  let over = false;
  const transcript = new Transcript(() => performance.now());
  const end = (outcome: Outcome): void => {
    over = true;
    const lines = outcome.healthy && transcribe === "failures" ? [] : transcript.lines;
    tell(lines.length === 0 ? outcome : { ...outcome, transcript: lines });
  };
  const expire = (): void => {
    if (over) return;
    running.cancel();
    transcript.note("given up");
    end(running.silence ?? bad(`timeout after ${timeout / 1000}s`));
  };
  // An answer that is here already, and that a stall of ours has kept waiting, comes first.
  const timer = setTimeout(() => setImmediate(expire), timeout);
  const running = begin(
    probe,
    (outcome) => {
      if (over) return;
      clearTimeout(timer);
      end(outcome);
    },
    transcript,
  );
  return {
    cancel() {
      over = true;
      clearTimeout(timer);
      running.cancel();
    },
  };
}
