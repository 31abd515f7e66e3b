/**
 * ipfail from outside: of two nodes that hear each other the one that sees ping nodes gets everything from the one that sees none, and keeps it
 * for a while when that sees them again.
 */
import { type NodeView, togetherFor, type View } from "./view.ts";

/** Milliseconds. */
export interface SightTerms {
  /** From what makes a node blind, or makes them meet, until it has nothing any more. */
  readonly within: number;
  /** A node that sees again gets nothing back before. */
  readonly stays: number;
}

/** Until a node gives up, and until what was under way before that is over and it tries again, milliseconds. */
const GIVES_UP = 2000;
const TRIES_AGAIN = 1000;

/**
 * How long a node may have something that sees fewer: both have agreed on what was doubled, one more move is under way, and then everything moves.
 * Milliseconds; of scripts the longest.
 */
export const sightedWithin = (
  keepalive: number,
  longest: { readonly start: number; readonly stop: number; readonly size: number },
): number =>
  togetherFor(keepalive, longest) +
  GIVES_UP +
  TRIES_AGAIN +
  2 * longest.size * (2 * longest.start + longest.stop);

const NEVER = Number.POSITIVE_INFINITY;

const count = (node: NodeView): number => [...node.resources.values()].reduce((sum, each) => sum + each, 0);

export class Sights {
  readonly #terms: SightTerms;
  /** Was without ping nodes at some time: how many it has told of is not known from outside. */
  readonly #wasBlind: [boolean, boolean] = [false, false];
  /** Since when it is without them. */
  readonly #blindAt: [number, number] = [NEVER, NEVER];
  /** When it saw one again, all of its groups having gone. */
  readonly #seesAt: [number, number] = [NEVER, NEVER];
  #meetAt = NEVER;

  constructor(terms: SightTerms) {
    this.#terms = terms;
  }

  /** `barred`: a group may stay where it is, as only an operator may move it. */
  look({ now, nodes, connected, orderedAt, sizes }: View, barred: boolean): void {
    const all = [...sizes.values()].reduce((sum, each) => sum + each, 0);
    const meet =
      connected &&
      nodes.every(
        ({ powered, running, leaving, left, alone }) => powered && running && !leaving && !left && !alone,
      );
    this.#meetAt = meet ? Math.min(this.#meetAt, now) : NEVER;
    for (const [at, node] of nodes.entries()) {
      // Another life knows nothing of what this one saw.
      const blind = node.sees === false && node.running;
      if (!node.running) this.#blindAt[at] = NEVER;
      if (node.sees === false) this.#wasBlind[at] = true;
      else if (this.#blindAt[at] !== NEVER) {
        const gone = count(node) === 0 && nodes.some((each) => count(each) === all);
        this.#seesAt[at] = meet && gone ? now : NEVER;
      }
      this.#blindAt[at] = blind ? Math.min(this.#blindAt[at] ?? NEVER, now) : NEVER;
      if (blind || !meet) this.#seesAt[at] = NEVER;
    }
    if (!meet || barred || nodes.some(({ excused }) => excused.size > 0)) return;
    for (const at of [0, 1] as const) this.#judge(now, nodes, orderedAt, at);
  }

  #judge(now: number, nodes: View["nodes"], orderedAt: number, at: 0 | 1): void {
    const other = at === 0 ? 1 : 0;
    const node = nodes[at];
    if (this.#wasBlind[other] || nodes[other].sees !== true || count(node) === 0) return;
    const { within, stays } = this.#terms;
    const from = Math.max(this.#blindAt[at], this.#meetAt, orderedAt);
    if (now - from > within) {
      throw new Error(
        `node ${at} has groups, sees no ping node for ${now - from} ms, and the other one does`,
      );
    }
    const seen = now - this.#seesAt[at];
    // What an operator moves may be under way.
    if (seen >= 0 && seen < stays && orderedAt + within < this.#seesAt[at]) {
      throw new Error(`node ${at} sees a ping node again for ${seen} ms, and has groups again`);
    }
  }
}
