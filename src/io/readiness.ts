/** A process that does little for months, and then has to be quick: it stays small, and what a takeover needs stays at hand. */
import { forgetStart } from "./pages.ts";

/** Starting, the first dumps and the first roles are over by then, in milliseconds. */
const SETTLED = 10_000;

/** Rehearses a takeover; and once more later, when what only the first seconds needed has been given back. */
export function keepReady(rehearse: () => Iterator<unknown>): void {
  whenIdle(rehearse());
  setTimeout(() => {
    forgetStart();
    whenIdle(rehearse());
  }, SETTLED).unref();
}

/** Between its steps the loop has its turn. */
function whenIdle(steps: Iterator<unknown>): void {
  setTimeout(() => {
    if (steps.next().done !== true) whenIdle(steps);
  }, 1);
}
