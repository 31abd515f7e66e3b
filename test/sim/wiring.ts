/** The network cards of a node, and the addresses that its administrator gave to each. */
import type { Mac } from "../../src/base/address.ts";
import type { Node } from "./node.ts";
import { INTERFACE_OF, SEGMENTS, type SegmentName } from "./plan.ts";

export class Wiring {
  readonly #node: Node;
  #nextIndex = 2;

  constructor(node: Node) {
    this.#node = node;
    for (const segment of SEGMENTS) this.add(segment);
  }

  /** After a boot the kernel counts anew. */
  renew(): void {
    this.#nextIndex = 2;
    for (const segment of SEGMENTS) this.add(segment);
  }

  /** A network card with its own addresses appears. */
  add(segment: SegmentName): void {
    const { kernel, number, excuses } = this.#node;
    const name = INTERFACE_OF[segment];
    if (kernel.links.has(name)) return;
    kernel.addLink({
      index: this.#nextIndex++,
      name,
      ethernet: true,
      mac: `02:00:00:00:${segment === "lan" ? "01" : "02"}:0${number + 1}` as Mac,
      mtu: 1500,
      up: true,
      carrier: true,
      forwarding6: true,
    });
    this.giveOwn(segment);
    excuses.deaf();
  }

  /** The administrator's own addresses of an interface, as far as they are not there. */
  giveOwn(segment: SegmentName): void {
    const { kernel, plan } = this.#node;
    for (const { address, prefix } of plan.own[segment]) {
      kernel.adminAdd(INTERFACE_OF[segment], address, prefix);
    }
  }

  set(segment: SegmentName, up: boolean, carrier: boolean): void {
    const { kernel, process, excuses } = this.#node;
    const link = kernel.links.get(INTERFACE_OF[segment]);
    if (link === undefined) return;
    kernel.setLink(link.name, up, carrier);
    if (!up) process?.closeListeners(link.index);
    // What netifd or ifupdown do when an interface comes up again: IPv6 lost its addresses.
    if (up) this.giveOwn(segment);
    if (up) excuses.deaf();
  }

  remove(segment: SegmentName): void {
    const { kernel, process } = this.#node;
    const link = kernel.links.get(INTERFACE_OF[segment]);
    if (link === undefined) return;
    process?.closeListeners(link.index);
    kernel.removeLink(link.name);
  }
}
