/** The last transitions of routers, groups and virtual services with their causes, for `haagent why`. The edge keeps them in a file; decisions ask nothing of it. */
import type { Instant } from "../base/units.ts";
import { elapsed } from "../base/units.ts";
import type { Reply } from "./boundary.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { GroupState } from "./resource/resources.ts";
import type { Role, Router } from "./router.ts";
import type { LeaverWord, ServerWord, ServiceWord } from "./service/state.ts";
import type { Turn, World } from "./world.ts";

/** What something can be that has a history. */
type State = Role | GroupState | ServiceWord | ServerWord | LeaverWord;

/** A router went from one role to another, or a group of resources, a virtual service or one of its servers from one state to another. */
export interface Transition {
  readonly name: string;
  readonly from: State;
  readonly to: State;
  /** The cause, in words. */
  readonly reason: string;
  /** The effective priority after it; 0 for what has none. */
  readonly priority: number;
  /** CLOCK_BOOTTIME of the boot of that id. */
  readonly at: Instant;
  readonly bootId: string;
  /** Milliseconds since 1970 as the clock stood when it was written down; null for one that this process saw itself. */
  readonly wallClock: number | null;
}

/** Transitions kept of one router. */
export const TRANSITIONS_MAX = 200;
/** Routers remembered, those included that are configured no more; the one silent longest makes room. */
const NAMES_MAX = 1024;

export class History {
  readonly #byName = new Map<string, Transition[]>();

  add(transition: Transition): void {
    const { name } = transition;
    const known = this.#byName.get(name) ?? [];
    known.push(transition);
    if (known.length > TRANSITIONS_MAX) known.shift();
    this.#byName.delete(name);
    this.#byName.set(name, known);
    const oldest = this.#byName.keys().next();
    if (this.#byName.size > NAMES_MAX && oldest.done === false) this.#byName.delete(oldest.value);
  }

  /** What a file knows, oldest first. All that is known here is later than it, or is what this process wrote there meanwhile. */
  recall(written: readonly Transition[]): void {
    const since = [...this.#byName.values()].flat();
    // A file has whole milliseconds; nobody else wrote in this boot after this process began.
    const began = Math.round(Math.min(...since.map(({ at }) => at)));
    const own = ({ at, bootId }: Transition): boolean => bootId === since[0]?.bootId && at >= began;
    this.#byName.clear();
    for (const transition of [...written.filter((one) => !own(one)), ...since]) this.add(transition);
  }

  /** Those of one router, oldest first; null when nothing was ever heard of it. */
  of(name: string): readonly Transition[] | null {
    return this.#byName.get(name) ?? null;
  }
}

/** Keeps what a router just did, here and in the file. */
export function remember(world: World, turn: Turn, router: Router, from: Role): void {
  const { role: to, reason, priority, config } = router;
  const { now: at } = turn;
  const { bootId } = world;
  const transition = { name: config.name, from, to, reason, priority, at, bootId, wallClock: null };
  world.history.add(transition);
  turn.out.defer({ kind: "history", transition });
}

/** Keeps what groups of resources have done in this turn. */
export function rememberGroups(world: World, { resources }: Cluster, turn: Turn): void {
  if (resources === null || resources.changes.length === 0) return;
  const { now: at } = turn;
  const { bootId } = world;
  for (const { group: name, from, to, reason } of resources.changes) {
    const transition = { name, from, to, reason, priority: 0, at, bootId, wallClock: null };
    world.history.add(transition);
    turn.out.defer({ kind: "history", transition });
  }
  resources.changes = [];
}

/** Services have names of their own, which routers may have as well. */
const ofService = (name: string): string => `virtual_server ${name}`;

/** Keeps what became of a service or one of its servers, here alone: servers may come and go for ever, and files are on flash. */
export function rememberService(
  world: World,
  { now: at }: Turn,
  name: string,
  change: Pick<Transition, "from" | "to" | "reason">,
): void {
  const { bootId } = world;
  world.history.add({ ...change, name: ofService(name), priority: 0, at, bootId, wallClock: null });
}

/** The boot in an id that also names a network namespace (`BOOT net:[INODE]`): all of one boot have one clock. */
const bootOf = (bootId: string): string => bootId.split(" net:")[0] ?? bootId;

/** Where times are told from. */
export interface Moment {
  readonly bootId: string;
  readonly now: Instant;
  /** Milliseconds since 1970. */
  readonly wallClock: number;
}

/**
 * The answer to `why`. Times of this boot are worked out backwards from the clock as it stands now, which may have been set since; of
 * an earlier one there is only what was written down, by a clock that may have been wrong.
 */
export function whyReport(name: string, transitions: readonly Transition[], moment: Moment): object {
  const { now, wallClock } = moment;
  let boot = bootOf(moment.bootId);
  let boots = 0;
  const newestFirst = transitions.toReversed().map((transition) => {
    if (bootOf(transition.bootId) !== boot) boots += 1;
    boot = bootOf(transition.bootId);
    const { from, to, reason, priority } = transition;
    const time = boots === 0 ? wallClock - elapsed(transition.at, now) : transition.wallClock;
    const ago = time === null ? null : Math.round(wallClock - time);
    return {
      time: time === null ? null : new Date(time).toISOString(),
      ago_ms: ago === null || ago < 0 ? null : ago,
      from,
      to,
      reason,
      priority,
      boots_ago: boots,
    };
  });
  return { schema: 1, name, transitions: newestFirst.reverse() };
}

/** Of what there is nothing by a name. */
export const noSuch = ({ cluster }: World): string =>
  cluster?.resources ? "no virtual router or group of resources" : "no virtual router";

/** What is remembered of a router or group, also of one that is configured no more, or of a virtual service in the life of this agent. */
export function why(world: World, name: string, now: Instant, wallClock: number): Reply {
  const { routers, cluster, services, history } = world;
  const known =
    routers.has(name) || services.states.has(name) || cluster?.resources?.groups.has(name) === true;
  const transitions = history.of(name) ?? history.of(ofService(name)) ?? (known ? [] : null);
  if (transitions === null) {
    const further = services.states.size > 0 ? " or virtual server" : "";
    return { exit: 1, body: { error: `${noSuch(world)}${further} is called ${name}` } };
  }
  return { exit: 0, body: whyReport(name, transitions, { bootId: world.bootId, now, wallClock }) };
}
