/**
 * What src/io does for virtual MAC addresses and for masters that do not accept, on a kernel stand-in and for one life of an agent:
 * devices are made and set up at once, taken down and removed a little later by a thread of their own.
 */
import type { Action, Event, Link } from "../../src/agent/boundary.ts";
import type { VirtualMac, VirtualMacResult } from "../../src/agent/virtual-mac.ts";
import type { Node } from "./node.ts";

type Refused = Extract<Action, { kind: "refuse" }>["refused"];

/** Between two orders to the thread, and how long it takes over one, milliseconds. */
const PAUSE = 50;
const THREAD_MAX = 30;

export class Devices {
  /** What the packet filter refuses; it goes with the process. */
  refused: Refused = null;
  readonly #node: Node;
  readonly #runs: () => boolean;
  #wanted: ReadonlyMap<string, VirtualMac> = new Map();
  readonly #done = new Map<string, string>();
  #tidying = false;

  /** `runs`: the process lives and is not frozen. */
  constructor(node: Node, runs: () => boolean) {
    this.#node = node;
    this.#runs = runs;
  }

  /** Does such an action; the answer. */
  perform(action: Extract<Action, { kind: "virtual-macs" | "refuse" }>): Event {
    if (action.kind === "virtual-macs") return { kind: "virtual-macs", results: this.#set(action.devices) };
    this.refused = action.refused;
    return { kind: "refused", failure: null };
  }

  #set(devices: readonly VirtualMac[]): VirtualMacResult[] {
    this.#wanted = new Map(devices.map((device) => [device.name, device]));
    const told = devices.flatMap((device): VirtualMacResult[] => {
      const { name } = device;
      const text = JSON.stringify(device);
      if (this.#done.get(name) === text) return [];
      const made = this.#ensure(device);
      if (typeof made === "string") this.#done.delete(name);
      else this.#done.set(name, text);
      return [
        typeof made === "string" ? { name, link: null, failure: made } : { name, link: made, failure: null },
      ];
    });
    this.tidy();
    return told;
  }

  #ensure({ name, base, mac, up }: VirtualMac): Link | string {
    const { kernel, excuses } = this.#node;
    if (kernel.bases.get(name) !== base) kernel.removeLink(name);
    if (!kernel.links.has(name)) {
      const errno = kernel.makeDevice(name, base, mac);
      if (errno !== null) excuses.refused();
      if (errno !== null) return errno;
    }
    const { up: before } = kernel.links.get(name) ?? { up: false };
    if (up && !before) kernel.setLink(name, true, true);
    return kernel.links.get(name) ?? "it is gone again";
  }

  /** Has the thread take down or remove what is not wanted so, one after the other. */
  tidy(): void {
    if (this.#tidying || this.#next() === null) return;
    this.#tidying = true;
    const { schedule, chance } = this.#node;
    // Ordered now and done a little later, whatever is wanted by then.
    const order = this.#next();
    schedule.after(chance.between(0.1, THREAD_MAX), () => {
      if (this.#runs() && order !== null) this.#obey(order);
      schedule.after(PAUSE, () => {
        this.#tidying = false;
        if (this.#node.process?.devices === this) this.tidy();
      });
    });
  }

  #next(): { readonly index: number; readonly remove: boolean } | null {
    const { kernel } = this.#node;
    for (const name of kernel.bases.keys()) {
      const link = kernel.links.get(name);
      const wanted = this.#wanted.get(name);
      if (wanted === undefined) this.#done.delete(name);
      if (link !== undefined && (wanted === undefined || (link.up && !wanted.up))) {
        return { index: link.index, remove: wanted === undefined };
      }
    }
    return null;
  }

  #obey({ index, remove }: { readonly index: number; readonly remove: boolean }): void {
    const { kernel } = this.#node;
    const link = kernel.link(index);
    if (link === null) return;
    if (remove) kernel.removeLink(link.name);
    else kernel.setLink(link.name, false, false);
  }

  /** At the end of the agent. */
  removeAll(): void {
    const { kernel } = this.#node;
    for (const name of [...kernel.bases.keys()]) kernel.removeLink(name);
  }
}
