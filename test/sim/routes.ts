/** What holds for routes and rules that move with routers. */
import { forwardingText } from "../../src/agent/forwarding.ts";
import { forwardingKey } from "../../src/agent/routing.ts";
import type { Forwarding, ForwardingChange } from "../../src/wire/forwarding.ts";
import { RESTORED } from "./bounds.ts";
import type { Gates } from "./gates.ts";
import type { Node } from "./node.ts";
import type { RouterPlan } from "./plan.ts";
import type { Scene } from "./scene.ts";
import { violate } from "./scene.ts";

/** In the words of the plan. */
const wordsOf = (node: Node, entry: Forwarding): string =>
  forwardingText(entry, (index) => node.kernel.link(index)?.name ?? null);

const wordsWanted = ({ routes, rules }: RouterPlan): string[] => [
  ...routes.map(({ text }) => text),
  ...rules,
];

/** What an agent adds stands in its ledger before. */
export function vouched(
  scene: Scene,
  node: Node,
  { op, entry }: ForwardingChange,
  errno: string | null,
): void {
  const key = forwardingKey(entry);
  const { schedule, trace } = scene;
  trace.detail(schedule.now, node.number, () => `${op} ${wordsOf(node, entry)} ${errno ?? ""}`);
  if (op !== "add" || errno !== null) return;
  const known = [...node.ledger.values()].some(({ forwarding }) =>
    forwarding.some((each) => forwardingKey(each) === key),
  );
  if (!known)
    violate(scene, `${node.plan.name} added ${wordsOf(node, entry)}, which its ledger does not say`);
}

/** After every turn of a node: nothing of its agent's is there that no router which holds wants, and who took has all. */
export function judgeForwarding(scene: Scene, gates: Gates, node: Node, became: ReadonlySet<string>): void {
  const added = new Set(node.kernel.forwarding.added().map((entry) => wordsOf(node, entry)));
  const may = new Set<string>();
  for (const router of node.config.routers) {
    if (!gates.holds(node, router)) continue;
    for (const text of wordsWanted(router)) {
      may.add(text);
      if (became.has(router.name) && !added.has(text)) {
        violate(scene, `${node.plan.name} took ${router.name} without ${text}`);
      }
    }
  }
  for (const text of added) {
    if (!may.has(text)) violate(scene, `${node.plan.name} has ${text}, which it added, and may not`);
  }
}

/** What a router that holds wants is there, but for a moment after somebody took it away. */
export function judgeRoutes(scene: Scene, node: Node, router: RouterPlan, holds: boolean): void {
  const wanted = wordsWanted(router);
  if (wanted.length === 0) return;
  const added = new Set(node.kernel.forwarding.added().map((entry) => wordsOf(node, entry)));
  for (const text of wanted) {
    const missing = holds && !added.has(text);
    scene.watches.update(
      `route ${node.number} ${router.name} ${text}`,
      missing,
      RESTORED,
      scene.schedule.now,
      () => `${node.plan.name} is master of ${router.name} and ${text} is not there`,
    );
  }
}
