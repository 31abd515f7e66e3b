/**
 * What must hold at every moment, whatever happens to links and nodes. Written before the machine that it judges, and without
 * looking into it: each checker sees only what runs where.
 */
import { Sights } from "./sights.ts";
import type { GroupView, NodeView, Terms, View } from "./view.ts";

/** Since when something is so; null while it is not. */
type Since = number | null;
const since = (before: Since, is: boolean, now: number): Since => (is ? (before ?? now) : null);

const isSince = (since: Since | undefined): since is number => typeof since === "number";

const count = (node: NodeView, { key }: GroupView): number => node.resources.get(key) ?? 0;
const isOnBoth = ({ nodes }: View, group: GroupView): boolean =>
  nodes.every((node) => node.powered && count(node, group) > 0);

/** Watches one run; `look` after every event throws what is broken, `end` what peace did not bring. */
export class Checkers {
  readonly #terms: Terms;
  readonly #sights: Sights | null;
  /** Both run, and each hears the other. */
  #meeting: Since = null;
  /** The same, and neither takes the other for dead: a move between them is a clean one. */
  #agreed: Since = null;
  readonly #both = new Map<string, Since>();
  /** Groups that were on both at some time. */
  readonly #clashed = new Set<string>();
  /** One took the other for dead without that being so. */
  #apart = false;
  /** Each node takes the other one for dead; and it has all that it needs to fence it: a healthy node on the right side of the cut. */
  readonly #deserted: [Since, Since] = [null, null];
  readonly #healthy: [Since, Since] = [null, null];
  /** No ping node answers it. */
  readonly #blind: [Since, Since] = [null, null];
  /** Each node's loneliness: the other one has no power, and nothing keeps it from believing so. */
  readonly #lonely: [Since, Since] = [null, null];

  constructor(terms: Terms) {
    this.#terms = terms;
    this.#sights = terms.sights === null ? null : new Sights(terms.sights);
  }

  get clashed(): ReadonlySet<string> {
    return this.#clashed;
  }

  look(view: View): void {
    const { now, nodes, connected } = view;
    const meeting = connected && nodes.every(({ powered, running, left }) => powered && running && !left);
    this.#meeting = since(this.#meeting, meeting, now);
    this.#agreed = since(this.#agreed, meeting && nodes.every(({ alone }) => !alone), now);
    if (nodes.every(({ powered }) => powered) && nodes.some(({ alone }) => alone)) this.#apart = true;
    for (const [at, node] of nodes.entries()) {
      const { powered, running, left, leaving, alone, sees } = node;
      const runs = powered && running && !left;
      this.#deserted[at] = since(this.#deserted[at] ?? null, runs && alone, now);
      this.#blind[at] = since(this.#blind[at] ?? null, sees === false, now);
      const fit = runs && alone && !leaving && sees === true;
      this.#healthy[at] = since(this.#healthy[at] ?? null, fit, now);
    }
    for (const group of view.groups) this.#group(view, group);
    this.#takeovers(view);
    this.#sights?.look(view, view.groups.some(this.#isBarred));
  }

  /**
   * A node begins to fence the other one. If it sees no ping node, it was to leave that to one that does, and that had all the time for it: the same
   * silence, and somewhat less of it, as it may have heard the other one for longer.
   */
  aims(view: View, at: 0 | 1): void {
    this.look(view);
    const other = 1 - at;
    const [blind, deserted, healthy] = [this.#blind[at], this.#deserted[at], this.#healthy[other]];
    const { sight } = this.#terms;
    if (sight === null || !isSince(blind) || !isSince(deserted) || !isSince(healthy)) return;
    // An answer of just before counts still.
    if (view.now - blind <= sight.fresh || healthy > deserted + sight.later) return;
    throw new Error(`node ${at} sees no ping node and fences node ${other}, which does, and is well`);
  }

  #group(view: View, group: GroupView): void {
    const { key } = group;
    const before = this.#both.get(key) ?? null;
    const both = since(before, isOnBoth(view, group), view.now);
    this.#both.set(key, both);
    if (both === null) return;
    this.#clashed.add(key);
    const { calm, fenced, bound } = this.#terms;
    if (calm) throw new Error(`${key} is started before its stop on the other node has ended, in peace`);
    if (fenced) throw new Error(`${key} is on both nodes, and a takeover is fenced`);
    if (before === null && this.#agreed !== null && view.now - this.#agreed > bound) {
      throw new Error(`${key} is started before its stop on the other node has ended`);
    }
    // Who waits for a script that hangs has not let go of anything else yet, as far as the other one is told.
    if (this.#meeting === null || view.nodes.some(({ excused }) => excused.size > 0)) return;
    const lasted = view.now - Math.max(both, this.#meeting);
    if (lasted > bound) throw new Error(`${key} is on both nodes for ${lasted} ms, and they hear each other`);
  }

  /** Whose peer has no power takes everything. */
  #takeovers(view: View): void {
    for (const [at, node] of view.nodes.entries()) {
      const other = view.nodes[1 - at];
      const lonely =
        node.powered &&
        node.running &&
        !node.leaving &&
        !node.left &&
        node.sees !== false &&
        other?.powered === false;
      const from = since(this.#lonely[at] ?? null, lonely, view.now);
      this.#lonely[at] = from;
      if (from === null || view.now - from <= this.#terms.takeover) continue;
      for (const group of view.groups) {
        if (node.excused.has(group.key) || this.#isBarred(group)) continue;
        if (count(node, group) === view.sizes.get(group.key)) continue;
        throw new Error(`${group.key} is nowhere, ${view.now - from} ms after the other node lost power`);
      }
    }
  }

  /** Both may have written to one disk, or one cannot know that they have not: only an operator may start again what is on it. */
  #isBarred = (group: GroupView): boolean => group.shared && this.#apart;

  /** After peace has lasted. */
  end(view: View): void {
    for (const group of view.groups) {
      const places = view.nodes.map((node) => count(node, group));
      const [first = 0, second = 0] = places;
      if (first > 0 && second > 0) throw new Error(`after peace ${group.key} is on both nodes`);
      if (this.#isBarred(group)) continue;
      const where = first > 0 ? 0 : 1;
      if (places[where] !== view.sizes.get(group.key)) {
        throw new Error(`after peace ${group.key} is on no node as a whole: ${places.join(", ")}`);
      }
      if (this.#terms.failback !== false && this.#returns(view) && where !== group.preferred) {
        throw new Error(`after peace ${group.key} is not on the node that prefers it`);
      }
    }
  }

  /** Whether everything is owed to its preferred node: a class with a group that may not move does not. */
  #returns = ({ groups }: View): boolean => !groups.some(this.#isBarred);
}
