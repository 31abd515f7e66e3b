/**
 * How long what must not last may last, and why. In every formula, for one virtual router:
 *
 *   I   the longest advert interval that any of its routers has, before or after a reload
 *   S   the longest skew, at priority 1: 255 / 256 of the interval, or of 1 s in version 2
 *   L   the longest time a packet was ever under way, reordered ones included
 *   T   the lateness of a process: the loop wakes at most LATE_MAX after a packet or a deadline
 *   V   valid_lft: max(2 s, 2 I in whole seconds)
 *   E   how much later the kernel removes an expired address, EXPIRY_LAG_MAX
 *   C   how long a check takes to be believed, (max(rise, fall) + 1) intervals and a probe, or a link with a delay
 *
 * Two masters (checker 1): 1.2 I + 3 (L + 2 T). A master sends every I, T late; L later the packet is there, T later it is read.
 * So within I + L + 2 T of the moment packets flow both ways each has heard the other, and whoever is worse at that moment yields.
 * When their order turns over in between (a check fails), the one that changed says so at once and the other one asserts itself,
 * by then at most I / 10 after its last assertion: one more exchange each way.
 *
 * With sticky ties 3.5 I more: whoever has been master for long on the lower address waits 2.5 I whether the other is a newcomer that
 * yields, and then for its next advert. With authentication headers I more: the count of one may be behind, so that its adverts are
 * dropped until it has heard the other.
 * Of two with 254 by a takeover the one told last is deaf to the other for up to 1.5 I (agent/operator.ts).
 *
 * No master (checker 2): 3 I + S + L + 2 T + C. A router that hears no master waits out the down timer, from the interval of the
 * last master that it heard, at most L after that one fell silent. A member of a sync group waits for the slowest member.
 *
 * A guard adds an interval, never more: as long as it may hold a router back, nothing is counted.
 *
 * Two holders of an address in the kernels (checkers 1 and 3): two running agents as above, for addresses and mastership change in one
 * turn. A dead or stopped agent holds for V + E at most: nobody re-arms what it left, and it re-armed no longer than V.
 *
 * Announcement after a contest (checker 4): I + 100 ms + 2 (L + 2 T), the promise for a healed partition. A master
 * that is contested again and again tells its addresses every 100 ms only.
 *
 * A master without its addresses (checker 16): 2 H, H being the longest timeout of its hooks and those of its sync group, as the
 * before_release of an earlier mastership may be waited for first.
 *
 * Settled (checker 5): what an old lifetime, a check, preempt_delay, hooks and two full elections take, and the seconds for
 * which the agent stays in fault after a hook failed, or an address could not be added or was taken away again and again.
 */
import { EXPIRY_LAG_MAX } from "./kernel.ts";
import { TROUBLE } from "./excuses.ts";
import type { ConfigPlan, NodePlan, RouterPlan } from "./plan.ts";
import { virtualRouterOf } from "./plan.ts";
import { LATE_MAX } from "./process.ts";

/** What a process adds between a packet or a deadline and what it does about it, with room for rounding. */
const T = LATE_MAX + 0.5;
/** The same for those who measure a silence. */
export const LATENESS = 2 * T;
/** From a change of role or a restart to the first frame that tells an address: nothing paces the first one. */
export const FIRST_ANNOUNCEMENT = 100;
/** From an address taken away by hand to its return. */
export const RESTORED = 50;

/** The longest interval of the routers, milliseconds. */
const intervalOf = (routers: readonly RouterPlan[]): number =>
  Math.max(...routers.map(({ interval }) => interval));

/** At priority 1, which tracking can make of any other. */
const skewOf = (router: RouterPlan, interval: number): number =>
  (255 / 256) * (router.version === 2 ? 1000 : router.version === 3 ? interval : Math.max(1000, interval));

const believedAfter = ({ checks, routers }: ConfigPlan): number =>
  Math.max(
    0,
    ...checks.map(({ rise, fall, interval }) => (Math.max(rise, fall) + 1) * interval + 50),
    ...routers.flatMap(({ tracks }) => tracks.map(({ upDelay, downDelay }) => Math.max(upDelay, downDelay))),
  );

/** How long addresses of so many seconds' lifetime stand when nobody re-arms them. */
export const standsFor = (lifetime: number): number => lifetime * 1000 + EXPIRY_LAG_MAX + 1;

/** The bounds of one virtual router, all in milliseconds; those that a late packet stretches are functions of L. */
export class Bounds {
  readonly interval: number;
  readonly #skew: number;
  readonly #checks: number;
  readonly #sticky: boolean;
  readonly #header: boolean;
  readonly #hooks: number;
  readonly #guarded: boolean;

  /** `routers` are all that any node has for it, now or later; `nodes` bring the checks. */
  constructor(routers: readonly RouterPlan[], nodes: readonly NodePlan[]) {
    this.interval = intervalOf(routers);
    this.#sticky = routers.some(({ tie }) => tie === "sticky");
    this.#guarded = routers.some(({ guard }) => guard !== null);
    this.#header = routers.some(({ header }) => header);
    const hooks = routers.flatMap((router) => router.hooks ?? []);
    this.#hooks = Math.max(0, ...hooks.map(({ timeout, retry }) => 4 * timeout + retry));
    this.#skew = Math.max(...routers.map((router) => skewOf(router, this.interval)));
    this.#checks = Math.max(
      ...nodes.flatMap(({ config, later }) => [believedAfter(config), believedAfter(later)]),
    );
  }

  /** `rivals`: one was just told to take over from the other, and both have 254. */
  twoMasters(delay: number, rivals: boolean): number {
    const intervals = 1.2 + (this.#sticky ? 3.5 : 0) + (this.#header ? 1 : 0) + (rivals ? 1.5 : 0);
    return intervals * this.interval + 3 * (delay + 2 * T);
  }

  noMaster(delay: number): number {
    return (this.#guarded ? 4 : 3) * this.interval + this.#skew + delay + 2 * T + this.#checks;
  }

  /** An owner waits for nobody, but a check that failed has to be believed again. */
  get owner(): number {
    return 150 + this.#checks;
  }

  /** valid_lft in whole seconds. */
  get lifetime(): number {
    return Math.max(2, Math.ceil((2 * this.interval) / 1000));
  }

  /** How long the addresses of a dead or stopped agent stand. */
  get leftBehind(): number {
    return standsFor(this.lifetime);
  }

  announced(delay: number): number {
    return this.interval + 100 + 2 * (delay + 2 * T);
  }

  /** The longest silence of a master: an interval, late. */
  hole(interval: number): number {
    return interval + 2 * T;
  }

  settled(preemptDelay: number, delay: number): number {
    return this.leftBehind + preemptDelay + 2 * this.noMaster(delay) + TROUBLE + this.#hooks;
  }
}

/** Adverts of one router to one destination that an interval can hold: the regular one, an assertion every tenth, six for changes. */
export const advertsPerInterval = (interval: number): number => 1 + interval / Math.max(5, interval / 10) + 6;

/** How long a master may hold nothing, these being its sync group. */
export const takingMax = (members: readonly RouterPlan[]): number =>
  2 * Math.max(...members.map(({ hooks }) => hooks?.timeout ?? 0)) + LATENESS;

/** Bounds by virtual router. */
export function boundsOf(nodes: readonly NodePlan[]): Map<string, Bounds> {
  const routers = new Map<string, RouterPlan[]>();
  for (const { config, later } of nodes) {
    for (const router of [...config.routers, ...later.routers]) {
      const key = virtualRouterOf(router);
      routers.set(key, [...(routers.get(key) ?? []), router]);
    }
  }
  return new Map([...routers].map(([key, all]) => [key, new Bounds(all, nodes)]));
}
