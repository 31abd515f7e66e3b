/** Situations that many tests begin with, and readings that many of them take. */
import type { Action, AddressChange } from "../../src/agent/boundary.ts";
import type { LedgerRecord } from "../../src/agent/ledger.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { router } from "./text.ts";

/** A box alone, five seconds after its start: master of everything it could take. */
export function master(text = router()): { lab: Lab; box: Box } {
  const lab = new Lab();
  const box = lab.box(text);
  box.start();
  lab.run(5000);
  return { lab, box };
}

/** A master that was killed a moment ago. */
export function killed(text = router()): { lab: Lab; box: Box } {
  const scene = master(text);
  scene.box.kill();
  scene.lab.run(100);
  return scene;
}

/** What the ledger says of a router. */
export function recordOf(box: Box, name = "VI_1"): LedgerRecord {
  const record = box.ledger.get(name);
  if (record === undefined) throw new Error(`no record of ${name}`);
  return record;
}

/** Every change of addresses asked for, in order. */
export const addressChanges = (actions: readonly Action[]): AddressChange[] =>
  actions.flatMap((action) => (action.kind === "addresses" ? action.changes : []));

/** The same in words: `add 192.0.2.1/24`. */
export const addressOps = (actions: readonly Action[]): string[] =>
  addressChanges(actions).map(({ op, key }) => `${op} ${key.address}/${key.prefix}`);

/** Asks for a reload as a client does; gives the reply. */
export function reply(lab: Lab, box: Box, text: string): { exit: number; body: unknown } {
  box.config = text;
  const before = box.actions.length;
  box.event({ kind: "request", connection: 3, request: { command: "reload" }, wallClock: 0 });
  lab.run(1);
  const found = box.actions
    .slice(before)
    .find((action) => action.kind === "reply" && action.connection === 3);
  if (found?.kind !== "reply") throw new Error("no reply");
  return found.reply;
}
