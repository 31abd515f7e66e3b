/** What holds for routes and rules that move with routers. */
import { forwardingKey } from "../../src/agent/routing.ts";
import type { ForwardingChange } from "../../src/wire/forwarding.ts";
import type { Node } from "./node.ts";
import type { Scene } from "./scene.ts";
import { violate } from "./scene.ts";

/** What an agent adds stands in its ledger before. */
export function vouched(
  scene: Scene,
  node: Node,
  { op, entry }: ForwardingChange,
  errno: string | null,
): void {
  const key = forwardingKey(entry);
  scene.trace.detail(scene.schedule.now, node.number, () => `${op} ${entry.kind} ${key} ${errno ?? ""}`);
  if (op !== "add" || errno !== null) return;
  const known = [...node.ledger.values()].some(({ forwarding }) =>
    forwarding.some((each) => forwardingKey(each) === key),
  );
  if (!known) violate(scene, `${node.plan.name} added ${entry.kind} ${key}, which its ledger does not say`);
}
