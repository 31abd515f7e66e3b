/** Two masters whose passwords differ never yield to each other: both must say so, naming the other (`vrrp.contested`). */
import type { Node } from "./node.ts";
import type { Part, Scene } from "./scene.ts";
import { isMaster, partsOf } from "./scene.ts";
import { compatible, hears } from "./truth.ts";

/** An alarm is repeated once a minute at most, so an older one may stand for a new contest. */
const PERIOD = 60_000;
/** What the two exchange in the meantime, on top of two intervals. */
const SLACK = 50;

/** A contest that cannot end, as one side hears it. */
interface Hopeless {
  readonly since: number;
  /** When it was interrupted; null while it goes on. */
  readonly until: number | null;
}

export class Alarms {
  readonly #scene: Scene;
  /** World time of the last alarm, by node and router. */
  readonly #givenAt = new Map<string, number>();
  /** By node and router. */
  readonly #contests = new Map<string, Hopeless>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  given(node: Node, router: string): void {
    this.#givenAt.set(`${node.number} ${router}`, this.#scene.schedule.now);
  }

  judge(): void {
    for (const [virtualRouter, { interval }] of this.#scene.bounds) {
      const parts = partsOf(this.#scene, virtualRouter);
      for (const hearer of parts) this.#judge(hearer, parts, interval);
    }
  }

  /** One contest goes on whoever the other master is at the moment. */
  #judge(hearer: Part, parts: readonly Part[], interval: number): void {
    const { watches, schedule, network } = this.#scene;
    const key = `${hearer.node.number} ${hearer.router.name}`;
    const { segment } = hearer.router;
    const both =
      isMaster(this.#scene, hearer.node, hearer.router) &&
      parts.some(
        (speaker) =>
          !compatible(hearer.router, speaker.router) &&
          isMaster(this.#scene, speaker.node, speaker.router) &&
          hears(network, hearer.node, speaker.node, segment),
      );
    // Silence of some intervals does not end a contest, for the agent neither: a peer that rejects us may speak only now and then.
    const since = this.#since(key, both, 12 * interval + 1000);
    const given = this.#givenAt.get(key) ?? Number.NEGATIVE_INFINITY;
    // What is lost or damaged says nothing, and two intervals are two adverts.
    const { loss, corrupt } = network.weather(segment);
    const owed = both && loss === 0 && corrupt === 0 && given < since - PERIOD;
    watches.update(`alarm ${key}`, owed, 2 * interval + SLACK, schedule.now, () => {
      return `${hearer.node.plan.name} hears another master and gives no alarm`;
    });
  }

  /** When the contest began that goes on or was interrupted for at most `gap` ms. */
  #since(key: string, both: boolean, gap: number): number {
    const { now } = this.#scene.schedule;
    const known = this.#contests.get(key);
    const goesOn = known !== undefined && (known.until === null || now - known.until <= gap);
    const since = goesOn ? known.since : now;
    if (both) this.#contests.set(key, { since, until: null });
    else if (goesOn) this.#contests.set(key, { since, until: known.until ?? now });
    else this.#contests.delete(key);
    return since;
  }
}
