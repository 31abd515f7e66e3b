/** What a node tells of itself while it lives, for the checkers and the trace. */
import type { Action, AddressChange, Event } from "../../src/agent/boundary.ts";
import type { ForwardingChange } from "../../src/wire/forwarding.ts";
import type { Balances } from "./balances.ts";
import type { Node } from "./node.ts";
import type { SegmentName } from "./plan.ts";

/** An advert or announcement on its way out. */
export type Sent = Extract<Action, { kind: "frame" | "packet" }>;

export interface Observer {
  /** Is told of what kernels make of their tables of virtual services. */
  readonly balances: Balances;
  /** An event is about to be handled. */
  before(node: Node, event: Event): void;
  /** It was handled and its actions performed; not called when the process died in it. */
  after(node: Node): void;
  /** The events that performing gave were handled, too: the turn is over. */
  rest(node: Node): void;
  /** A frame or packet left the agent; `errno` when the kernel refused it. */
  sent(node: Node, segment: SegmentName, action: Sent, errno: string | null): void;
  /** The kernel's answer to one change of an agent. */
  addressed(node: Node, change: AddressChange, errno: string | null): void;
  /** An awaited hook begins, or is killed. */
  hook(node: Node, action: Extract<Action, { kind: "hook" | "hook-cancel" }>): void;
  /** The same for a route or rule. */
  forwarded(node: Node, change: ForwardingChange, errno: string | null): void;
  log(node: Node, action: Extract<Action, { kind: "log" }>): void;
  /** Started, died, froze, went on, left. */
  lived(node: Node, what: string): void;
  /** Links or addresses of its kernel changed. */
  kernelChanged(node: Node): void;
  /** Something that may never happen did. */
  complain(node: Node, text: string): void;
}
