/** The probes of checks: one at a time of each; scripts as processes, everything else on a thread of ours. */
import { readFileSync } from "node:fs";
import type { Action, Event } from "../agent/boundary.ts";
import type { Outcome } from "../check/response.ts";
import { judgeExit } from "../check/response.ts";
import { runCommand } from "./command.ts";
import type { CommandNotes } from "./orphans.ts";
import { Prober } from "./prober.ts";
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

/** The probes under way. One that finds no room waits, and its time begins when it starts. */
export class Probes {
  /** What cancels each. */
  readonly #running = new Map<string, () => void>();
  readonly #post: (event: Event) => void;
  readonly #notes: CommandNotes;
  readonly #prober: Prober;
  readonly #sockets = new Turnstile(socketsMax());
  readonly #processes = new Turnstile(SCRIPTS_MAX);

  constructor(post: (event: Event) => void, notes: CommandNotes) {
    this.#post = post;
    this.#notes = notes;
    this.#prober = new Prober((check) => this.#post({ kind: "probe-hint", check }));
  }

  /** Starts a probe; its end is a `probe` event. One of the same check that is still under way is cancelled and tells nothing. */
  start(action: Probe): void {
    const { check, probe } = action;
    this.#stop(check);
    let cancel = (): void => {};
    let over = false;
    const tell = (outcome: Outcome): void => {
      if (over) return;
      over = true;
      leave();
      this.#running.delete(check);
      this.#post({ kind: "probe", check, ...outcome });
    };
    const gate = probe.type === "script" ? this.#processes : this.#sockets;
    const leave = gate.enter(() => {
      cancel = this.#begin(action, tell);
    });
    this.#running.set(check, () => {
      over = true;
      cancel();
      leave();
    });
  }

  #begin({ check, probe, timeout, user }: Probe, tell: (outcome: Outcome) => void): () => void {
    if (probe.type !== "script") return this.#prober.start(check, probe, timeout, tell);
    const running = runCommand(
      { argv: probe.command, environment: {}, user, timeout, keep: 0, notes: this.#notes },
      (failure) => tell(judgeExit(failure, probe.dynamic)),
    );
    return () => running.cancel();
  }

  #stop(check: string): void {
    this.#running.get(check)?.();
    this.#running.delete(check);
  }

  /** The check is no more. */
  cancel(check: string): void {
    this.#stop(check);
    this.#prober.forget(check);
  }

  cancelAll(): void {
    for (const check of [...this.#running.keys()]) this.#stop(check);
    this.#prober.close();
  }
}
