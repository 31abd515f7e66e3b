/** The links and addresses of a node of cluster-wire.ts: `eth0` and `eth1`, 10.0.2.N and 10.0.3.N, and whatever its agent adds. */
import type { Action, KernelAddress, Link } from "../../src/agent/boundary.ts";
import { macFromBytes } from "../../src/base/address.ts";
import type { Ip } from "../../src/base/address.ts";

const INDEXES = [2, 3];
const PLAIN = { label: null, secondary: false, tentative: false, validLifetime: null };

export class WireKernel {
  readonly links: readonly Link[];
  readonly #number: number;
  readonly #addresses = new Map<string, KernelAddress>();

  constructor(number: number) {
    this.#number = number;
    const mac = macFromBytes(Uint8Array.of(2, 0, 0, 0, 0, number));
    const link = { ethernet: true, mac, mtu: 1500, up: true, carrier: true, forwarding6: false };
    this.links = INDEXES.map((index) => ({ ...link, index, name: `eth${index - 2}` }));
    this.boot();
  }

  get addresses(): KernelAddress[] {
    return [...this.#addresses.values()];
  }

  /** It has its own addresses and nothing else. */
  boot(): void {
    this.#addresses.clear();
    for (const index of INDEXES) {
      // An address that is written like one.
      const address = `10.0.${index}.${this.#number + 1}` as Ip;
      this.#addresses.set(`${index} ${address}`, { ...PLAIN, index, address, prefix: 24 });
    }
  }

  change(changes: Extract<Action, { kind: "addresses" }>["changes"]): void {
    for (const { op, key } of changes) {
      const name = `${key.index} ${key.address}`;
      if (op === "delete") this.#addresses.delete(name);
      else this.#addresses.set(name, { ...PLAIN, ...key });
    }
  }
}
