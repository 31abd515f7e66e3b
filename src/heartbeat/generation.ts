/**
 * The generation: the number of a node's life, higher than that of each life before. Peers drop everything of a lower one as a replay, so
 * a node that goes back in it is not heard again until its peers restart.
 */

/** 1 January 2020: a clock before it was never set. Unix time, seconds. */
const CLOCK_LEAST = 1_577_836_800;
/** The wire has room for more, the daemon's 32-bit builds do not. */
export const GENERATION_MAX = 0xffff_ffff;

/**
 * 1 January 2100: the highest generation that is believed. One comes from a clock, and from lives counted on, and no clock that was ever set says more;
 * a file that is damaged does, or a node that lies. A limit that our own clock gives would be none: routers boot without one.
 */
export const LIFE_MOST = 4_102_444_800;

export const isBelievable = (generation: number): boolean => generation > 0 && generation <= LIFE_MOST;

/** Whether one life of a node began before another. What is not to be believed was before all that is: else one such word would be the last. */
export const isEarlierLife = (one: number, other: number): boolean =>
  isBelievable(one) === isBelievable(other) ? one < other : isBelievable(other);

/** Where a generation can be known from; null: not at all. */
export interface Known {
  /** Kept in state_dir: that of the last life. */
  readonly stored: number | null;
  /** The highest of our own that was heard from the links: our last life's, if another node or a loop still repeats it. */
  readonly heard: number | null;
  /** Unix time, seconds. Counts only when the clock was set since boot, and keeps a node without state_dir going forward. */
  readonly time: number | null;
}

/** A clock that has been set. */
const sane = (time: number | null): number =>
  time !== null && time >= CLOCK_LEAST && time < LIFE_MOST ? Math.floor(time) : 0;

const counted = (generation: number | null): number =>
  generation !== null && generation < LIFE_MOST && isBelievable(generation) ? generation : 0;

/**
 * The generation of a life that begins now, 1 to {@link LIFE_MOST}: one more than all that is known. To be stored, and synced, before the first
 * packet. One that is out of range is not known: it was not ours.
 */
export const nextGeneration = ({ stored, heard, time }: Known): number =>
  Math.max(counted(stored), counted(heard), sane(time)) + 1;

/** As the daemon keeps it in hb_generation: right-aligned in 15 columns. */
export const encodeGeneration = (generation: number): string => `${String(generation).padStart(15)}\n`;

/** The content of such a file; null when it holds no generation. */
export function decodeGeneration(text: string): number | null {
  const digits = /^ *([0-9]{1,10})\n?$/.exec(text)?.[1];
  const generation = digits === undefined ? 0 : Number(digits);
  return generation > 0 && generation <= GENERATION_MAX ? generation : null;
}
