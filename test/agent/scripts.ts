/** Awaited hooks as a box has them: which were started, and how a test lets them end. */
import type { Action } from "../../src/agent/boundary.ts";
import type { Box } from "./box.ts";

type Hook = Extract<Action, { kind: "hook" }>;

/** A hook of each kind. */
export const HOOKS = {
  before_take: ["/bin/prepare"],
  after_take: ["/bin/settle"],
  before_release: ["/bin/flush"],
} as const;

export const started = (box: Box): Hook[] => box.actions.filter((action) => action.kind === "hook");

/** The same as words, `before_take VI_1`. */
export const names = (box: Box): string[] => started(box).map(({ which, router }) => `${which} ${router}`);

/** Ids of those that were killed. */
export const killed = (box: Box): number[] =>
  box.actions.flatMap((action) => (action.kind === "hook-cancel" ? [action.id] : []));

/** The one started last for a router. */
export function latest(box: Box, router = "VI_1"): Hook {
  const hook = started(box).findLast((each) => each.router === router);
  if (hook === undefined) throw new Error(`no hook of ${router}`);
  return hook;
}

/** Lets a hook end; gives what the agent does then. */
export const end = (box: Box, { id, router }: Hook, failure: string | null = null): Action[] =>
  box.event({ kind: "hook-ended", id, router, failure, output: failure === null ? "" : "last words" });
