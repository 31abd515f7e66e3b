/** Which prober probes what, and the time that a whole probe has. */
import { unreachable } from "../../base/assert.ts";
import type { Milliseconds } from "../../base/units.ts";
import type { Outcome } from "../../check/response.ts";
import { bad } from "../../check/response.ts";
import { Transcript } from "../../check/transcript.ts";
import type { BuiltInProbe } from "../../config/probe-model.ts";
import { probeDns } from "./dns.ts";
import { lift, limit, Limited } from "./expiry.ts";
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

const clock = (): number => performance.now();
const expired = (attempt: Attempt): void => attempt.expired();

/** One probe, and the time that it has. */
class Attempt extends Limited implements Running {
  readonly #timeout: Milliseconds;
  readonly #tell: Tell;
  readonly #transcribed: boolean;
  readonly #transcript = new Transcript(clock);
  readonly #running: Running;
  #over = false;

  constructor(probe: BuiltInProbe, timeout: Milliseconds, tell: Tell, transcribed: boolean) {
    super();
    this.#timeout = timeout;
    this.#tell = tell;
    this.#transcribed = transcribed;
    limit(this, timeout);
    this.#running = begin(probe, (outcome) => this.#ended(outcome), this.#transcript);
  }

  #ended(outcome: Outcome): void {
    if (this.#over) return;
    this.#over = true;
    lift(this);
    const lines = outcome.healthy && !this.#transcribed ? [] : this.#transcript.lines;
    this.#tell(lines.length === 0 ? outcome : { ...outcome, transcript: lines });
  }

  /** An answer that is here already, and that a stall of ours has kept waiting, comes first. */
  expire(): void {
    setImmediate(expired, this);
  }

  expired(): void {
    if (this.#over) return;
    this.#running.cancel();
    this.#transcript.note("given up");
    this.#ended(this.#running.silence ?? bad(`timeout after ${this.#timeout / 1000}s`));
  }

  cancel(): void {
    this.#over = true;
    lift(this);
    this.#running.cancel();
  }
}

/**
 * Starts a probe; `tell` is called once, after `timeout` at the latest, unless it is cancelled. What was said is told where the probe
 * failed, or always.
 */
export const startProbe = (
  probe: BuiltInProbe,
  timeout: Milliseconds,
  tell: Tell,
  transcribe: "failures" | "always" = "failures",
): Running => new Attempt(probe, timeout, tell, transcribe === "always");
