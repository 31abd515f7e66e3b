/** The receiving sockets of a node: what they take, and when the kernel closes them. */
import type { Event } from "../../src/agent/boundary.ts";
import type { Listener } from "../../src/agent/listen.ts";
import { multicastMac } from "../../src/base/address.ts";
import type { Frame } from "./network.ts";
import type { Node } from "./node.ts";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "./packets.ts";

export class Ears {
  readonly #node: Node;
  #listeners: Listener[] = [];

  constructor(node: Node) {
    this.#node = node;
  }

  /** The event that a frame is; null where no socket takes it. */
  hear(frame: Frame, index: number): Event | null {
    const family = frame.ethertype === ETHERTYPE_IPV4 ? 4 : frame.ethertype === ETHERTYPE_IPV6 ? 6 : null;
    const listener = this.#listeners.find((one) => one.index === index && one.family === family);
    if (listener === undefined || family === null) return null;
    const unicast = frame.destination === this.#node.kernel.link(index)?.mac;
    if (!unicast && !listener.groups.some((group) => multicastMac(group) === frame.destination)) return null;
    return { kind: "frame", index, family, bytes: frame.bytes };
  }

  /** Link down or gone: the kernel closes the sockets bound to it. */
  close(index: number): Event[] {
    const closed = this.#listeners.filter((one) => one.index === index);
    this.#listeners = this.#listeners.filter((one) => one.index !== index);
    return closed.map(({ family }) => ({ kind: "listener-failed", index, family, errno: "ENETDOWN" }));
  }

  /** Opens sockets; tells of those that could not be. */
  listen(listeners: readonly Listener[]): Event[] {
    const failed: Event[] = [];
    this.#listeners = listeners.filter(({ index, family }) => {
      const link = this.#node.kernel.link(index);
      if (link?.up === true) return true;
      failed.push({ kind: "listener-failed", index, family, errno: link === null ? "ENODEV" : "ENETDOWN" });
      return false;
    });
    return failed;
  }
}
