/** The checks and awaited hooks that one life of an agent runs: how long each takes and how it ends is drawn. */
import type { Action, Event } from "../../src/agent/boundary.ts";
import type { Node } from "./node.ts";

export class Scripts {
  readonly #node: Node;
  /** Hands the agent an event, if it still lives. */
  readonly #tell: (event: Event) => unknown;
  readonly #probes = new Map<string, number>();
  #probesMade = 0;
  readonly #hooks = new Set<number>();

  constructor(node: Node, tell: (event: Event) => unknown) {
    this.#node = node;
    this.#tell = tell;
  }

  probe(action: Extract<Action, { kind: "probe" }>): void {
    const { check, probe } = action;
    const { schedule, chance } = this.#node;
    const number = ++this.#probesMade;
    this.#probes.set(check, number);
    if (probe.type === "ping") return this.#ping(action, number);
    schedule.after(chance.between(1, 30), () => {
      if (this.#probes.get(check) !== number) return;
      this.#tell({ kind: "probe", check, ...this.#node.health.outcome(check, probe) });
    });
  }

  /** A witness answers, or does not in time. */
  #ping({ check, timeout }: Extract<Action, { kind: "probe" }>, number: number): void {
    const { schedule, cables } = this.#node;
    const end = (healthy: boolean): void => {
      if (this.#probes.get(check) !== number) return;
      this.#probes.delete(check);
      this.#tell({ kind: "probe", check, healthy, detail: healthy ? "answers" : "timeout" });
    };
    cables.echo(this.#node, () => end(true));
    schedule.after(timeout, () => end(false));
  }

  cancelProbe(check: string): void {
    this.#probes.delete(check);
  }

  /** Runs a hook, or gives it up. */
  hook(action: Extract<Action, { kind: "hook" | "hook-cancel" }>): void {
    if (action.kind === "hook") this.#run(action);
    else this.#hooks.delete(action.id);
  }

  #run({ id, router, timeout }: Extract<Action, { kind: "hook" }>): void {
    const { chance, hooksFail, schedule } = this.#node;
    const fails = hooksFail && chance.chance(0.7);
    const hangs = fails && chance.chance(0.4);
    const failure = hangs ? `timeout after ${timeout} ms` : fails ? "/bin/hook: exit 1" : null;
    this.#hooks.add(id);
    schedule.after(hangs ? timeout : chance.between(0.5, 0.9 * timeout), () => {
      if (this.#hooks.delete(id)) this.#tell({ kind: "hook-ended", router, id, failure, output: "" });
    });
  }
}
