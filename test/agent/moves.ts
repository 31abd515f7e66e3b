/** Routes and rules of a box in words: what was asked of its kernel, and what that has. */
import { forwardingText } from "../../src/agent/forwarding.ts";
import type { Action } from "../../src/agent/boundary.ts";
import type { Forwarding } from "../../src/wire/forwarding.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import type { Table } from "./text.ts";
import { router, VIP } from "./text.ts";

/** Routes and a rule in the words of ip(8), as they come back. */
export const DEFAULT = "default via 198.51.100.1 dev eth2";
export const RULE = "from 192.0.2.0/24 table 100";
export const SOURCED = `10.9.0.0/24 dev eth2 src ${VIP}`;
/** Keys of a router. */
export const MOVES = { routes: [DEFAULT], rules: [RULE] };

/** A route or rule in those words. */
export const text = (entry: Forwarding): string =>
  forwardingText(entry, (index) => (index === 2 ? "eth1" : index === 3 ? "eth2" : null));
/** What agents put into the kernel, in words. */
export const has = (box: Box): string[] => box.kernel.forwarding.added().map(text).sort();
/** Every change asked of the kernel, in words. */
export const moved = (actions: readonly Action[]): string[] =>
  actions.flatMap((action) =>
    action.kind === "forwarding" ? action.changes.map(({ op, entry }) => `${op} ${text(entry)}`) : [],
  );
/** Kinds of what was done to addresses, routes, rules and the ledger. */
export const order = (actions: readonly Action[]): string[] =>
  actions.flatMap((action) => {
    if (action.kind === "forwarding" || action.kind === "addresses") {
      const ops = "changes" in action ? action.changes.map(({ op }) => op) : [];
      return [`${action.kind} ${[...new Set(ops)].join()}`];
    }
    return action.kind === "ledger" ? ["ledger"] : [];
  });
/** The entry of the kernel with those words. */
export function entry(box: Box, words: string): Forwarding {
  const found = box.kernel.forwarding.added().find((each) => text(each) === words);
  if (found === undefined) throw new Error(`no ${words} in the kernel`);
  return found;
}
/** SIGTERM. */
export const stop = (box: Box): Action[] => box.event({ kind: "signal", signal: "SIGTERM" });
/** A box with this table, not started. */
export function stands(values: Table): { lab: Lab; box: Box } {
  const lab = new Lab();
  return { lab, box: lab.box(router(values)) };
}
