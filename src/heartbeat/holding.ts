/** Which classes of groups a node holds: `local`, those that prefer it, and `foreign`, all others. What is local to one is foreign to the other. */
import type { Hold } from "./content.ts";

export interface Holding {
  readonly local: boolean;
  readonly foreign: boolean;
}

export const NOTHING: Holding = { local: false, foreign: false };
export const EVERYTHING: Holding = { local: true, foreign: true };

/** The wire's word for it, and back. */
export const wordOf = ({ local, foreign }: Holding): Hold =>
  local ? (foreign ? "all" : "local") : foreign ? "foreign" : "none";
export const holdingOf = (word: Hold): Holding => ({
  local: word === "local" || word === "all",
  foreign: word === "foreign" || word === "all",
});

/** The same groups in the other node's view. */
export const mirrored = ({ local, foreign }: Holding): Holding => ({ local: foreign, foreign: local });

export const union = (a: Holding, b: Holding): Holding => ({
  local: a.local || b.local,
  foreign: a.foreign || b.foreign,
});
export const without = (a: Holding, b: Holding): Holding => ({
  local: a.local && !b.local,
  foreign: a.foreign && !b.foreign,
});
export const overlap = (a: Holding, b: Holding): Holding => ({
  local: a.local && b.local,
  foreign: a.foreign && b.foreign,
});
export const isNothing = ({ local, foreign }: Holding): boolean => !local && !foreign;
