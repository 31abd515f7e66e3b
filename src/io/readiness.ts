/** A process that does little for months, and then has to be quick: it stays small, and what a takeover needs stays at hand. */
import { forgetStart } from "./pages.ts";

/** By then the first dumps and roles are over, and then what a cluster negotiates when it begins, in milliseconds. */
const SETTLED = [10_000, 60_000] as const;

/** Rehearses a takeover; and again when what only the first seconds, and the first minute, needed has been given back. */
export function keepReady(rehearse: () => Iterator<unknown>): void {
  whenIdle(rehearse());
  for (const later of SETTLED) {
    setTimeout(() => {
      forgetStart();
      whenIdle(rehearse());
    }, later).unref();
  }
}

/** Between its steps the loop has its turn. */
function whenIdle(steps: Iterator<unknown>): void {
  setTimeout(() => {
    if (steps.next().done !== true) whenIdle(steps);
  }, 1);
}
