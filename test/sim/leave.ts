/** What an agent leaves on its node without any answer: on the disk, in a sysctl, in the log, with whoever asked. */
import type { Action, AddressKey } from "../../src/agent/boundary.ts";
import { forwardingKey } from "../../src/agent/routing.ts";
import { unreachable } from "../../src/base/assert.ts";
import type { Node } from "./node.ts";

/** Transitions that the disk of a node keeps. */
const HISTORY_MAX = 2000;

/** Whether the ledger confirms that an agent added this. */
export const vouchesFor = ({ ledger }: Node, { index, address, prefix }: AddressKey): boolean =>
  [...ledger.values()].some(({ added }) =>
    added.some(
      (one) => one.confirmed && one.index === index && one.address === address && one.prefix === prefix,
    ),
  );

/** The exit code of an agent whose groups may still run where it was: their stops have not ended well. */
const EXIT_STUCK = 5;
const stuck = ({ running, excused }: Node["services"]): boolean =>
  [...running].some((name) => excused.has(name));

/**
 * What is wrong with how an agent left, null for nothing. After a SIGKILL since the boot, `died`, nobody knows any more what
 * promote_secondaries was before.
 */
export function leftBehind(node: Node, code: number, died: boolean): string | null {
  const { kernel, services, hurried } = node;
  const left = [
    ...kernel.added().map(({ address }) => address),
    ...kernel.forwarding.added().map(forwardingKey),
  ];
  // Who is hurried knows of no stop that has not ended, and cannot say of what it was about that it does not run.
  const expected = stuck(services) || (hurried && services.running.size > 0) ? EXIT_STUCK : 0;
  if (code !== expected && !(hurried && code === EXIT_STUCK)) return `left with exit code ${code}`;
  if (left.length > 0) return `left ${left.join(", ")} behind`;
  return kernel.promote.size > 0 && !died ? "left promote_secondaries set" : null;
}

type Left = Extract<Action, { kind: "promote-secondaries" | "ledger" | "history" | "log" | "reply" }>;

export function leave(node: Node, action: Left): void {
  switch (action.kind) {
    case "promote-secondaries":
      if (action.enable) node.kernel.promote.add(action.index);
      else node.kernel.promote.delete(action.index);
      break;
    case "ledger":
      if (action.record === null) node.ledger.delete(action.router);
      else node.ledger.set(action.router, action.record);
      break;
    case "history":
      node.history.push(action.transition);
      // More than an agent asks for.
      if (node.history.length > HISTORY_MAX) node.history.splice(0, HISTORY_MAX / 2);
      break;
    case "log":
      node.observer.log(node, action);
      break;
    case "reply":
      node.orders.answered(action.connection, action.reply);
      break;
    default:
      unreachable(action);
  }
}
