/** A simulated machine: power, our process or none, and the resources that run on it, which outlive the process. */
import type { Task } from "../../../src/heartbeat/group.ts";
import type { Action, Settings } from "../../../src/heartbeat/takeover-state.ts";
import type * as membership from "../../../src/heartbeat/membership.ts";
import type { Message } from "../../../src/wire/heartbeat-message.ts";
import type { Prng } from "../../sim/prng.ts";
import { Process } from "./process.ts";
import type { NodeView } from "./view.ts";
import type { Agenda } from "./world.ts";

/** A process that did not run for longer knows it. */
const STALL = 500;
/** Of answers to a ping, 0 to 1. */
const ECHO_LOST = 0.1;

export interface MachineSettings {
  readonly index: 0 | 1;
  readonly name: string;
  readonly members: membership.Settings;
  readonly takeover: Settings;
}

/** What the machine needs of the world. */
export interface Around {
  readonly agenda: Agenda;
  readonly prng: Prng;
  readonly send: (message: Message) => void;
  /** The fence of this node was run. */
  readonly fence: (ended: (ok: boolean) => void) => void;
  readonly tell: (text: string) => void;
  /** Live ping nodes that this machine sees; null: there are none. */
  readonly pings: () => number | null;
  /** How long a script takes. */
  readonly scriptTakes: (task: Task) => number;
  readonly scriptFails: () => "fails" | "hangs" | null;
}

export class Machine {
  readonly settings: MachineSettings;
  readonly #around: Around;
  readonly #running: Map<string, boolean[]>;
  readonly #excused = new Set<string>();
  powered = false;
  process: Process | null = null;
  left = false;
  leaving = false;
  #generation = 0;
  #frozen = false;
  /** What came while it was frozen. */
  #waiting: (() => void)[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;

  constructor(settings: MachineSettings, around: Around) {
    this.settings = settings;
    this.#around = around;
    this.#running = new Map(
      settings.takeover.groups.map(({ key, size }) => [key, Array<boolean>(size).fill(false)]),
    );
  }

  get view(): NodeView {
    const sees = this.#around.pings();
    return {
      powered: this.powered,
      running: this.process !== null && !this.#frozen,
      leaving: this.leaving,
      left: this.left,
      alone: this.process?.alone === true,
      sees: sees === null ? null : sees > 0,
      resources: new Map(
        Array.from(this.#running, ([key, each]) => [key, each.filter(Boolean).length] as const),
      ),
      excused: this.#excused,
    };
  }

  on(): void {
    if (this.powered) return;
    this.powered = true;
    this.#around.tell("has power");
    this.begin();
  }

  off(): void {
    if (!this.powered) return;
    this.#around.tell("has no power");
    this.powered = false;
    this.#end();
    for (const each of this.#running.values()) each.fill(false);
  }

  /** The process begins a life. */
  begin(): void {
    if (!this.powered || this.process !== null) return;
    this.#around.tell("begins");
    this.left = false;
    this.leaving = false;
    this.#generation++;
    const { prng, agenda } = this.#around;
    const settings = { ...this.settings, generation: this.#generation };
    this.process = new Process(settings, {
      now: () => agenda.now,
      send: this.#around.send,
      perform: (action) => this.#perform(action),
      tell: this.#around.tell,
      askDelay: () => prng.between(50, 250),
      ping: () => this.#ping(),
    });
    this.process.begin();
    this.pingsChanged();
    this.#schedule();
  }

  /** The process is gone, and what it started stays. */
  kill(): void {
    if (this.process !== null) this.#around.tell("is killed");
    this.#end();
  }

  #end(): void {
    this.process = null;
    this.#frozen = false;
    this.#waiting = [];
    this.#wakeAt = Number.POSITIVE_INFINITY;
  }

  freeze(span: number): void {
    if (this.process === null || this.#frozen) return;
    const { process } = this;
    this.#around.tell(`is frozen for ${Math.round(span)} ms`);
    this.#frozen = true;
    this.#around.agenda.at(this.#around.agenda.now + span, () => {
      if (this.process !== process) return;
      this.#around.tell("runs again");
      this.#frozen = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      if (span > STALL) process.slept();
      for (const each of waiting) if (this.process === process) each();
      this.#schedule();
    });
  }

  /** Lets the process do something, now or when it is no more frozen. */
  #do(does: (process: Process) => void): void {
    const { process } = this;
    if (process === null) return;
    if (this.#frozen) {
      this.#waiting.push(() => does(process));
      return;
    }
    does(process);
    this.#schedule();
  }

  #schedule(): void {
    const { process } = this;
    if (process === null) return;
    const { agenda } = this.#around;
    const at = process.wakeAt;
    if (at === this.#wakeAt || at === Number.POSITIVE_INFINITY) return;
    this.#wakeAt = at;
    agenda.at(at, () => {
      if (this.process !== process || this.#wakeAt !== at) return;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.#do((running) => running.wake());
    });
  }

  take(link: string, message: Message): void {
    this.#do((process) => process.take(link, message));
  }

  order(
    event: { readonly kind: "standby" | "takeover"; readonly what: "all" | "local" | "foreign" } | "stop",
  ): void {
    if (event === "stop" && this.process !== null) this.leaving = true;
    this.#around.tell(event === "stop" ? "is to stop" : `is to ${event.kind} ${event.what}`);
    this.#do((process) => process.happens(event === "stop" ? { kind: "stop" } : event));
  }

  pingsChanged(): void {
    const alive = this.#around.pings();
    if (alive !== null) this.#do((process) => process.happens({ kind: "pings", alive }));
  }

  /** Asks the ping nodes. */
  #ping(): void {
    const { prng, agenda } = this.#around;
    const { process } = this;
    if ((this.#around.pings() ?? 0) === 0 || prng.chance(ECHO_LOST)) return;
    agenda.at(agenda.now + prng.between(1, 100), () => {
      if (this.process === process) this.#do((each) => each.happens({ kind: "echo" }));
    });
  }

  #perform(action: Exclude<Action, { readonly kind: "say" }>): void {
    const { process } = this;
    switch (action.kind) {
      case "run":
        return this.#run(action);
      case "fence": {
        this.#around.tell("fences");
        this.#around.fence((ok) => {
          if (this.process === process)
            this.#do((each) => each.happens({ kind: "fenced", run: action.run, ok }));
        });
        return;
      }
      case "group":
        return this.#around.tell(`${action.group} ${action.to}`);
      case "news":
        return this.#around.tell(`news ${action.what} ${action.hold}`);
      case "left":
        this.#around.tell("has left");
        this.left = true;
        this.#around.agenda.at(this.#around.agenda.now + 2000, () => {
          if (this.process === process) this.#end();
        });
    }
  }

  #run({ group, run, at, task, timeout }: Extract<Action, { readonly kind: "run" }>): void {
    const { agenda } = this.#around;
    const resources = this.#running.get(group);
    if (resources === undefined) throw new Error(`there is no ${group}`);
    const trouble = task === "status" ? null : this.#around.scriptFails();
    if (trouble !== null) this.#excused.add(group);
    // What begins may run from its first moment, and what ends until its last one.
    if (task === "start") resources[at] = true;
    const { process } = this;
    agenda.at(agenda.now + (trouble === "hangs" ? timeout : this.#around.scriptTakes(task)), () => {
      // Its scripts end with a process.
      if (this.process !== process) return;
      if (task === "stop" && trouble === null) resources[at] = false;
      const output = task === "status" ? (resources[at] === true ? "running" : "not running") : "";
      const code = trouble === "hangs" ? null : trouble === "fails" ? 1 : 0;
      this.#around.tell(`${group} ${task} ${at} ${code ?? "hung"} ${output}`);
      this.#do((each) => each.happens({ kind: "ran", group, run, outcome: { code, output } }));
    });
  }
}
