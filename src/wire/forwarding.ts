/** Routes and rules together: what decides where packets go, as rtnetlink(7) messages. */
import type { Family } from "../base/address.ts";
import type { KernelRoute } from "./route.ts";
import { decodeRoute, encodeRouteChange, encodeRouteDump, PROTOCOL_HAAGENT, RTM_ROUTE } from "./route.ts";
import type { KernelRule } from "./rule.ts";
import { decodeRule, encodeRuleChange, encodeRuleDump, RTM_RULE } from "./rule.ts";

/** What decides where packets go: a route, or a policy rule. */
export type Forwarding = KernelRoute | KernelRule;

/** One step of a batch: `add` fails with EEXIST when somebody has it; `delete` takes nothing but what carries our protocol number. */
export interface ForwardingChange {
  readonly op: "add" | "delete";
  readonly entry: Forwarding;
}

/** How the kernel answered one change; `errno` is a name (`EEXIST`) or null when it was done. */
export interface ForwardingResult {
  readonly change: ForwardingChange;
  readonly errno: string | null;
}

/** A route or rule as the kernel tells it. */
export interface ForwardingMessage {
  /** `forwarding-gone`: it was removed. */
  readonly kind: "forwarding" | "forwarding-gone";
  readonly entry: Forwarding;
  /** An agent's, by its protocol number. */
  readonly ours: boolean;
}

/** The message of that type; null for another one, or of what is not ours to make. */
export function decodeForwarding(type: number, body: Uint8Array): ForwardingMessage | null {
  const kind = type === RTM_ROUTE.new || type === RTM_RULE.new ? "forwarding" : "forwarding-gone";
  switch (type) {
    case RTM_ROUTE.new:
    case RTM_ROUTE.delete: {
      const found = decodeRoute(body);
      return found && { kind, entry: found.route, ours: found.protocol === PROTOCOL_HAAGENT };
    }
    case RTM_RULE.new:
    case RTM_RULE.delete: {
      const found = decodeRule(body);
      return found && { kind, entry: found.rule, ours: found.protocol === PROTOCOL_HAAGENT };
    }
    default:
      return null;
  }
}

/** A request to add or remove one, acknowledged. */
export const encodeForwardingChange = (
  op: "add" | "delete",
  entry: Forwarding,
  sequence: number,
): Uint8Array =>
  entry.kind === "route" ? encodeRouteChange(op, entry, sequence) : encodeRuleChange(op, entry, sequence);

/** What to ask to be told all of ours. */
export const FORWARDING_DUMPS: readonly ((sequence: number) => Uint8Array)[] = [
  encodeRouteDump,
  encodeRuleDump,
].flatMap((encode) =>
  ([4, 6] as const).map((family: Family) => (sequence: number) => encode(family, sequence)),
);
