/** One run of a simulated cluster: what its seed draws, judged by the checkers after every event. */
import { ms } from "../../../src/base/units.ts";
import { Prng } from "../../sim/prng.ts";
import { Checkers } from "./checkers.ts";
import type { Plan } from "./draw.ts";
import { draw, fenceOf, membersOf, NAMES, planOf, TIMES } from "./draw.ts";
import { Machine } from "./machine.ts";
import type { View } from "./view.ts";
import { Agenda, Wires } from "./world.ts";

/** Between two faults, at most. */
const FAULT_EVERY = 12_000;
/** Into peace, when one node is started anew: what is owed is paid by then. */
const CYCLE_AT = 45_000;
/** A node may be isolated for longer than one that is blind waits. */
const ISOLATED_MOST = 90_000;
const LINES_MAX = 400;

export interface Outcome {
  readonly plan: Plan;
  /** What the checkers said; null: nothing. */
  readonly broken: string | null;
  /** The last of what happened. */
  readonly trace: readonly string[];
  /** Groups that were on both nodes for a while. */
  readonly clashes: number;
}

export class Run {
  readonly #agenda = new Agenda();
  readonly #prng: Prng;
  readonly #plan: Plan;
  readonly #wires: Wires;
  readonly #machines: readonly [Machine, Machine];
  readonly #checkers: Checkers;
  readonly #pings: [number, number];
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #trace: string[] = [];
  #peace = false;
  #orderedAt = Number.NEGATIVE_INFINITY;
  #isolated: 0 | 1 | null = null;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    this.#plan = draw(this.#prng.fork());
    const { links, pings, groups, terms } = this.#plan;
    this.#pings = [pings, pings];
    this.#sizes = new Map(groups.map(({ key, size }) => [key, size]));
    this.#wires = new Wires(this.#agenda, this.#prng.fork(), links, (to, link, message) =>
      this.#machines[to].take(link, message),
    );
    this.#machines = [this.#machine(0), this.#machine(1)];
    this.#checkers = new Checkers(terms);
  }

  #machine(index: 0 | 1): Machine {
    const { groups, failback, fenceFails, scripts, stops, scriptFails, pings } = this.#plan;
    const prng = this.#prng.fork();
    const takeover = {
      peer: NAMES[1 - index] ?? "",
      yields: index === 1,
      groups: groups.map((group) => planOf(group, index)),
      failback,
      ...{ onFailure: "move" as const, retryAfter: ms(30_000) },
      fence: fenceOf(this.#plan, index),
      ...TIMES,
    };
    const links = this.#wires.links.map(({ name }) => name);
    const settings = { index, name: NAMES[index], members: membersOf(links, index), takeover };
    return new Machine(settings, {
      agenda: this.#agenda,
      prng,
      send: (message) => this.#wires.send(index, message),
      fence: (ended) => {
        this.#checkers.aims(this.#view, index);
        const ok = this.#peace || !prng.chance(fenceFails);
        const ends = prng.between(100, 3000);
        const { now } = this.#agenda;
        if (ok) this.#agenda.at(now + prng.between(0, ends), () => this.#shoot(index === 0 ? 1 : 0));
        this.#agenda.at(now + ends, () => ended(ok));
      },
      tell: (text) => this.#tell(`${NAMES[index]} ${text}`),
      pings: () => (pings === 0 ? null : this.#isolated === index ? 0 : this.#pings[index]),
      scriptTakes: (task) => prng.between(...(task === "stop" ? stops : scripts)),
      scriptFails: () => {
        if (this.#peace || !prng.chance(scriptFails)) return null;
        return prng.pick(["fails", "hangs"] as const);
      },
    });
  }

  #tell(text: string): void {
    this.#trace.push(`${(this.#agenda.now / 1000).toFixed(3)} ${text}`);
    if (this.#trace.length > LINES_MAX) this.#trace.shift();
  }

  #shoot(index: 0 | 1): void {
    this.#machines[index].off();
    this.#later(5000, 20_000, () => this.#machines[index].on());
  }

  #later(low: number, high: number, run: () => void): void {
    this.#agenda.at(this.#agenda.now + this.#prng.between(low, high), run);
  }

  get #view(): View {
    const { groups } = this.#plan;
    const [a, b] = this.#machines;
    return {
      now: this.#agenda.now,
      nodes: [a.view, b.view],
      connected: this.#wires.connected,
      groups,
      orderedAt: this.#orderedAt,
      sizes: this.#sizes,
    };
  }

  /** Runs it to its end. */
  run(): Outcome {
    const { faults, terms } = this.#plan;
    let broken: string | null = null;
    try {
      for (const machine of this.#machines)
        this.#later(0, this.#prng.pick([0, 3000, 25_000]), () => machine.on());
      this.#later(0, FAULT_EVERY, () => this.#fault());
      this.#pass(faults);
      this.#makePeace();
      this.#pass(faults + CYCLE_AT);
      this.#cycle();
      this.#pass(faults + CYCLE_AT + terms.peace);
      this.#checkers.end(this.#view);
    } catch (error) {
      broken = error instanceof Error ? error.message : String(error);
      this.#tell(broken);
    }
    return { plan: this.#plan, broken, trace: this.#trace, clashes: this.#checkers.clashed.size };
  }

  #pass(until: number): void {
    while (this.#agenda.next(until)) this.#checkers.look(this.#view);
  }

  #makePeace(): void {
    this.#tell("peace");
    this.#peace = true;
    this.#wires.heal();
    this.#setIsolated(null);
    for (const index of [0, 1] as const) this.#pings[index] = this.#plan.pings;
    for (const machine of this.#machines) {
      machine.on();
      machine.begin();
      machine.pingsChanged();
      if (machine.left) this.#restart(machine);
    }
  }

  /** Once more a node leaves and comes: with a failback, everything is where it belongs then. */
  #cycle(): void {
    const machine = this.#prng.pick(this.#machines);
    machine.order("stop");
    this.#restart(machine);
  }

  /** Starts a machine whose process `leaving` leaves, as soon as it has. */
  #restart(machine: Machine, leaving = machine.process): void {
    this.#later(100, 500, () => {
      machine.begin();
      if (machine.process === leaving && machine.powered) this.#restart(machine, leaving);
    });
  }

  /** Something happens; `extra`: beside what happens anyway. */
  #fault(extra = false): void {
    if (this.#peace) return;
    const machine = this.#prng.pick(this.#machines);
    const calm = [() => this.#order(machine), () => this.#stop(machine), () => this.#ping()];
    const bad = [
      () => this.#cut(),
      () => this.#cut(),
      () => this.#partition(),
      () => this.#partition(),
      () => this.#isolate(machine.settings.index),
      () => this.#crash(machine),
      () => this.#kill(machine),
      () => machine.freeze(this.#prng.pick([300, 2000, 9000, 20_000])),
    ];
    this.#prng.pick(this.#plan.calm ? calm : [...calm, ...bad])();
    if (!extra) this.#later(100, FAULT_EVERY, () => this.#fault());
  }

  #order(machine: Machine): void {
    const what = this.#prng.pick(["all", "local", "foreign"] as const);
    this.#orderedAt = this.#agenda.now;
    machine.order({ kind: this.#prng.pick(["standby", "takeover"] as const), what });
    // What happens in the middle of a move is worth more than what happens in between.
    if (!this.#plan.calm && this.#prng.chance(0.5)) this.#later(0, 5000, () => this.#fault(true));
  }

  #stop(machine: Machine): void {
    const { process } = machine;
    if (process === null) return;
    machine.order("stop");
    this.#later(2000, 15_000, () => this.#restart(machine, process));
  }

  #ping(): void {
    const index = this.#prng.pick([0, 1] as const);
    this.#pings[index] = this.#prng.integer(0, this.#plan.pings);
    this.#tell(`${NAMES[index]} has ${this.#pings[index]} ping nodes`);
    this.#machines[index].pingsChanged();
  }

  /** A link loses some or all, one way or both. */
  #cut(): void {
    const link = this.#prng.pick(this.#wires.links);
    const ways = this.#prng.pick([link.ways, [link.ways[0]], [link.ways[1]]]);
    const loss = this.#prng.pick([0.1, 0.3, 1]);
    this.#tell(`${link.name} loses ${loss} ${ways.length === 2 ? "both ways" : "one way"}`);
    for (const way of ways) {
      if (loss === 1) way.cut = true;
      else way.loss = loss;
    }
    this.#later(500, 20_000, () => {
      this.#tell(`${link.name} is whole`);
      for (const way of ways) Object.assign(way, { cut: false, loss: 0 });
    });
  }

  #partition(): void {
    const from = this.#prng.pick([null, null, 0, 1] as const);
    this.#tell(from === null ? "partition" : `nobody hears ${NAMES[from]}`);
    for (const { ways } of this.#wires.links) {
      for (const way of from === null ? ways : [ways[from]]) way.cut = true;
    }
    this.#later(1000, 25_000, () => {
      this.#tell("links are whole");
      this.#wires.heal();
    });
  }

  /** Its cable is out, or its switch port is dead: it hears nobody at all. */
  #isolate(index: 0 | 1): void {
    this.#tell(`${NAMES[index]} is isolated`);
    this.#setIsolated(index);
    this.#later(1000, ISOLATED_MOST, () => {
      if (this.#isolated === index) this.#setIsolated(null);
    });
  }

  #setIsolated(index: 0 | 1 | null): void {
    this.#isolated = index;
    this.#wires.torn = index !== null;
    for (const machine of this.#machines) machine.pingsChanged();
  }

  #crash(machine: Machine): void {
    machine.off();
    this.#later(1000, 30_000, () => machine.on());
  }

  #kill(machine: Machine): void {
    machine.kill();
    this.#later(100, 20_000, () => machine.begin());
  }
}
