/**
 * Loss and return of a master: the client's outage, and how late the next master is beyond what the protocol asks of everybody:
 * three intervals and the skew after the last advert, the skew alone after priority 0.
 */
import { now } from "../lab/process.ts";
import type { DaemonKind } from "../lab/daemon.ts";
import type { Terms } from "./bout.ts";
import { Bout, pass } from "./bout.ts";
import { addressOf, HIGH, LOW } from "./contender.ts";
import { Recording } from "./recording.ts";
import type { Tape } from "./recording.ts";
import type { Rows } from "./row.ts";
import { Samples } from "./samples.ts";

export const EVENTS = ["silent loss", "first takeover", "clean stop", "preempt back", "link down"] as const;
/** "first takeover" is a silent loss that meets a backup which never was master. */
export type EventName = (typeof EVENTS)[number];

const VRID = 1;
const ADDRESS = addressOf(VRID);
/** Time for the losing side to step down and for the client to be answered again. */
const CALM_MS = 150;
/** Answers before an event, so that an outage has a beginning. */
const LEAD_MS = 60;

/** How long a backup is left alone before its first takeover. */
const FRESH_MS = 1500;

/** A stretch of time in which one thing happened. */
interface Scene {
  readonly event: EventName;
  readonly from: number;
  to: number;
}

/** RFC 9568 6.1, milliseconds. */
export const skew = (priority: number, interval: number): number => ((256 - priority) / 256) * interval;
export const masterDown = (priority: number, interval: number): number =>
  3 * interval + skew(priority, interval);

/** One pair that lives through trial after trial. */
class Stage {
  readonly bout: Bout;
  readonly scenes: Scene[] = [];
  /** SIGTERM to the end of the process, milliseconds. */
  readonly stops = new Samples();
  readonly #recording: Recording;

  private constructor(bout: Bout, recording: Recording) {
    this.bout = bout;
    this.#recording = recording;
  }

  static async open(kind: DaemonKind, terms: Terms): Promise<Stage> {
    const bout = await Bout.create(kind, terms);
    try {
      const recording = await Recording.start(bout.lab.client, "proto 112 or arp or icmp");
      bout.lab.atClose(() => recording.close());
      await bout.begin();
      await pass(2 * terms.interval + CALM_MS);
      return new Stage(bout, recording);
    } catch (cause) {
      await bout.close();
      throw cause;
    }
  }

  /** One event and the way back to the first node as master. `phase`: 0 to 1, where in an interval it happens. */
  async trial(event: EventName, phase: number): Promise<void> {
    const { bout } = this;
    const { interval } = bout.terms;
    const [first, second] = bout.sides;
    if (event === "first takeover") {
      await second.daemon.stop();
      await bout.start(1);
      await pass(FRESH_MS + 2 * interval);
    }
    const pinger = await bout.ping(VRID);
    await pass(LEAD_MS + phase * interval);
    switch (event) {
      case "silent loss":
      case "first takeover":
        await this.#scene(event, async () => {
          const at = await bout.lab.cut(bout.node(0));
          await bout.settled(1, false);
          return at;
        });
        await pinger.end("SIGKILL");
        await bout.lab.heal(bout.node(0));
        await bout.settled(0);
        break;
      case "clean stop":
        await this.#scene(event, async () => {
          const at = now();
          const stopping = first.daemon.stop();
          await bout.settled(1, false);
          this.stops.add(await stopping);
          return at;
        });
        await pinger.end("SIGKILL");
        await bout.start(0);
        await bout.settled(0);
        await bout.acquainted();
        break;
      case "preempt back":
        await first.daemon.stop();
        await bout.settled(1, false);
        await pass(LEAD_MS);
        await this.#scene(event, async () => {
          const at = await bout.start(0);
          await bout.settled(0);
          return at;
        });
        await pinger.end("SIGKILL");
        break;
      case "link down":
        await this.#scene(event, async () => {
          const at = await bout.lab.linkDown(bout.node(0));
          await bout.settled(1, false);
          return at;
        });
        await pinger.end("SIGKILL");
        await bout.lab.linkUp(bout.node(0));
        await bout.settled(0);
        break;
    }
    await pass(interval / 2);
  }

  /** Everything the client saw; nothing can be tried any more. */
  async finish(): Promise<Tape> {
    return await this.#recording.finish();
  }

  async #scene(event: EventName, act: () => Promise<number>): Promise<void> {
    const from = await act();
    this.scenes.push({ event, from, to: await pass(LEAD_MS + CALM_MS) });
  }
}

/** Milliseconds beyond the protocol's minimum. */
function lateness(tape: Tape, stage: Stage, { event, from, to }: Scene): number {
  const { bout } = stage;
  const { interval } = bout.terms;
  const [first, second] = [bout.node(0).address4, bout.node(1).address4];
  const took = (sender: string): number => tape.adverts(VRID, sender, from, to)[0]?.at ?? Number.NaN;
  switch (event) {
    case "silent loss":
    case "first takeover":
    case "link down": {
      const last = tape.adverts(VRID, first, 0, took(second)).at(-1)?.at ?? Number.NaN;
      return took(second) - last - masterDown(LOW, interval);
    }
    case "clean stop": {
      const released = tape.adverts(VRID, first, from, to).find(({ seen }) => seen.priority === 0);
      return took(second) - (released?.at ?? Number.NaN) - skew(LOW, interval);
    }
    case "preempt back":
      // From exec: the time to get ready is in it.
      return took(first) - from - masterDown(HIGH, interval);
  }
}

export interface FailoverPlan {
  readonly label: string;
  readonly terms: Terms;
  /** Trials of each event. */
  readonly trials: Partial<Record<EventName, number>>;
}

/** Runs the trials of one plan, each trial on every kind in turn. */
export async function failover(plan: FailoverPlan, kinds: readonly DaemonKind[], rows: Rows): Promise<void> {
  const stages: Stage[] = [];
  const name = (event: EventName): string => `${plan.label} ${event}`;
  try {
    for (const kind of kinds) stages.push(await Stage.open(kind, plan.terms));
    for (const event of EVENTS) {
      const trials = plan.trials[event] ?? 0;
      for (let trial = 0; trial < trials; trial++) {
        for (const stage of stages) await stage.trial(event, (trial + 0.5) / trials);
      }
    }
    for (const stage of stages) {
      const tape = await stage.finish();
      const { kind } = stage.bout;
      for (const scene of stage.scenes) {
        const { event, from, to } = scene;
        // Who hears of it besides is not bound to the protocol's minimum.
        if (plan.terms.besides === undefined)
          rows.add(`${name(event)}: lateness`, "ms", kind, lateness(tape, stage, scene));
        rows.add(`${name(event)}: client outage`, "ms", kind, tape.outage(ADDRESS, from, to));
      }
      rows.add(`${name("clean stop")}: SIGTERM to exit`, "ms", kind, ...stage.stops.values);
    }
  } finally {
    for (const stage of stages) await stage.bout.close();
  }
}
