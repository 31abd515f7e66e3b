/** The probes of checks: one at a time of each; scripts as processes, everything else on a thread of ours. */
import { readFileSync } from "node:fs";
import type { Action, Event } from "../agent/boundary.ts";
import type { Ended } from "../agent/probe-boundary.ts";
import { judgeExit } from "../check/response.ts";
import { runCommand } from "./command.ts";
import type { CommandNotes } from "./orphans.ts";
import { Prober } from "./prober.ts";
import type { Entrant } from "./turnstile.ts";
import { Turnstile } from "./turnstile.ts";

type Probe = Extract<Action, { kind: "probe" }>;

/** Probes on the thread at a time: each may have a socket, and one that hangs keeps it until its timeout. */
const PROBES_MAX = 4096;
/** Descriptors that are not theirs: adverts, control connections, files, what the runtime has. */
const RESERVED = 256;
/** Scripts at a time: each is a process. */
const SCRIPTS_MAX = 64;

/** How many sockets probes may have. The runtime has raised RLIMIT_NOFILE as far as it goes (setrlimit(2)). */
function socketsMax(): number {
  const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  return Math.max(1, Math.min(PROBES_MAX, Number(limit ?? PROBES_MAX) - RESERVED));
}

/** The probes of a check: one at a time. It is made once, as {@link Prober} tells. */
class Errand implements Entrant {
  readonly #probes: Probes;
  action: Probe;
  /** What it went into, as long as it waits there or is under way. */
  gate: Turnstile | null = null;
  /** Of one that runs as a process: what ends that. */
  command: { cancel(): void } | null = null;

  constructor(probes: Probes, action: Probe) {
    this.#probes = probes;
    this.action = action;
  }

  begin(): void {
    this.#probes.begin(this);
  }
}

/** The probes under way. One that finds no room waits, and its time begins when it starts. */
export class Probes {
  /** By check. */
  readonly #errands = new Map<string, Errand>();
  readonly #post: (event: Event) => void;
  readonly #notes: CommandNotes;
  readonly #prober: Prober;
  readonly #sockets = new Turnstile(socketsMax());
  readonly #processes = new Turnstile(SCRIPTS_MAX);

  constructor(post: (event: Event) => void, notes: CommandNotes) {
    this.#post = post;
    this.#notes = notes;
    this.#prober = new Prober(
      (ended) => this.#ended(ended),
      (check) => this.#post({ kind: "probe-hint", check }),
    );
  }

  /** Starts a probe; its end is an event, its own or one for several. One of the same check that is still under way is cancelled and tells nothing. */
  start(action: Probe): void {
    const errand = this.#errands.get(action.check) ?? new Errand(this, action);
    this.#errands.set(action.check, errand);
    this.#stop(errand);
    errand.action = action;
    errand.gate = action.probe.type === "script" ? this.#processes : this.#sockets;
    errand.gate.enter(errand);
  }

  /** There is room for it. */
  begin(errand: Errand): void {
    const { check, probe, timeout, user } = errand.action;
    if (probe.type !== "script") {
      this.#prober.start(check, probe, timeout);
      return;
    }
    errand.command = runCommand(
      { argv: probe.command, environment: {}, user, timeout, keep: 0, notes: this.#notes },
      (failure) => this.#ended([{ check, outcome: judgeExit(failure, probe.dynamic) }]),
    );
  }

  #ended(ended: readonly Ended[]): void {
    for (const { check } of ended) {
      const errand = this.#errands.get(check);
      if (errand === undefined) continue;
      errand.command = null;
      this.#leave(errand);
    }
    const [one] = ended;
    if (one !== undefined && ended.length === 1) {
      this.#post({ kind: "probe", check: one.check, ...one.outcome });
    } else this.#post({ kind: "probes", ended });
  }

  #leave(errand: Errand): void {
    const { gate } = errand;
    errand.gate = null;
    gate?.leave(errand);
  }

  #stop(errand: Errand): void {
    if (errand.gate === null) return;
    errand.command?.cancel();
    errand.command = null;
    this.#prober.cancel(errand.action.check);
    this.#leave(errand);
  }

  /** The check is no more. */
  cancel(check: string): void {
    const errand = this.#errands.get(check);
    if (errand !== undefined) this.#stop(errand);
    this.#errands.delete(check);
    this.#prober.forget(check);
  }

  cancelAll(): void {
    for (const check of [...this.#errands.keys()]) this.cancel(check);
    this.#prober.close();
  }
}
