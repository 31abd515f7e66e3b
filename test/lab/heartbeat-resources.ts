/** Resources of a lab's heartbeat node: the product's takeover machine, with scripts that only take their time and are told. */
import { readFileSync } from "node:fs";
import { elapsed, instant, ms } from "../../src/base/units.ts";
import { isShared, readHaresources } from "../../src/heartbeat/haresources.ts";
import type { Group } from "../../src/heartbeat/haresources.ts";
import { deadline, start, step } from "../../src/heartbeat/takeover.ts";
import type { Action, Event, Failback, Settings, State } from "../../src/heartbeat/takeover-state.ts";

/** A script takes so long. */
const SCRIPT_MS = 50;
const ORDERS_EVERY_MS = 50;

export interface ResourceSettings {
  /** As the peer has them. */
  readonly haresources: readonly string[];
  readonly failback: Failback;
  /** A file whose lines are an operator's orders: `standby all`, `takeover local`. */
  readonly orders: string;
}

/** What the resources need of their node. */
export interface Around {
  readonly own: string;
  readonly peer: string;
  readonly keepalive: number;
  readonly deadtime: number;
  readonly send: (content: Extract<Action, { readonly kind: "say" }>["content"]) => void;
  /** A script has begun to start its resource, or has stopped it; and the machine's news. */
  readonly tell: (kind: "ran" | "news", what: string) => void;
  readonly left: () => void;
}

export class Resources {
  readonly #around: Around;
  readonly #settings: Settings;
  readonly #groups: readonly Group[];
  readonly #running = new Set<string>();
  #state: State;
  #orders = 0;

  constructor({ haresources, failback, orders }: ResourceSettings, around: Around) {
    const read = readHaresources(haresources, [around.own, around.peer]);
    if (!read.ok) throw new Error(read.error.map(({ text }) => text).join("; "));
    this.#around = around;
    this.#groups = read.value;
    const { peer, keepalive, deadtime } = around;
    const groups = read.value.map((group) => ({
      ...{
        key: group.key,
        local: group.node === around.own,
        shared: isShared(group),
        retired: false,
        size: group.resources.length,
      },
      timeouts: { status: ms(5000), start: ms(5000), stop: ms(5000) },
      ...{ startTries: 2, stopTries: 3, pause: ms(500), stuckPause: ms(5000) },
    }));
    this.#settings = {
      peer,
      groups,
      failback,
      fence: null,
      ...{ onFailure: "move", retryAfter: ms(30_000) },
      keepalive: ms(keepalive),
      deadtime: ms(deadtime),
    };
    const begun = start(this.#settings, this.#now());
    this.#state = begun.state;
    begun.actions.forEach((action) => this.#perform(action));
    this.#wait();
    setInterval(() => this.#read(orders), ORDERS_EVERY_MS);
  }

  #now = () => instant(performance.now());

  give(event: Event): void {
    const taken = step(this.#settings, this.#state, event, this.#now());
    this.#state = taken.state;
    taken.actions.forEach((action) => this.#perform(action));
  }

  /** Comes back when something is due. */
  #wait(): void {
    const due = deadline(this.#state);
    setTimeout(
      () => {
        if (deadline(this.#state) <= this.#now()) this.give({ kind: "deadline" });
        this.#wait();
      },
      // A step may have brought a nearer one meanwhile.
      Math.max(1, Math.min(50, elapsed(this.#now(), due))),
    );
  }

  #perform(action: Action): void {
    switch (action.kind) {
      case "say":
        return this.#around.send(action.content);
      case "run":
        return this.#run(action);
      case "group":
        return this.#around.tell("news", `${action.group} ${action.to}`);
      case "news":
        return this.#around.tell("news", `${action.what} ${action.hold}`);
      case "left":
        return this.#around.left();
      case "fence":
        throw new Error("there is no fence here");
    }
  }

  #run({ group, run, at, task }: Extract<Action, { readonly kind: "run" }>): void {
    const name = this.#groups.find(({ key }) => key === group)?.resources[at]?.text ?? "";
    if (task === "start") {
      this.#running.add(name);
      this.#around.tell("ran", `start ${name}`);
    }
    setTimeout(() => {
      if (task === "stop" && this.#running.delete(name)) this.#around.tell("ran", `stop ${name}`);
      const output = this.#running.has(name) ? "running" : "not running";
      this.give({ kind: "ran", group, run, outcome: { code: 0, output } });
    }, SCRIPT_MS);
  }

  #read(path: string): void {
    const orders = readFileSync(path, "utf8").split("\n").filter(Boolean);
    for (const order of orders.slice(this.#orders)) {
      const [kind, what] = order.split(" ");
      if (kind !== "standby" && kind !== "takeover") throw new Error(`no order: ${order}`);
      if (what === "all" || what === "local" || what === "foreign") this.give({ kind, what });
    }
    this.#orders = orders.length;
  }
}
