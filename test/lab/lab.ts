/**
 * A lab: one bridge, N nodes and a client on it, each in a network namespace of its own. Faults are made on the bridge's side of
 * a port, so a node that is cut off sees its carrier stay: silent death, as a pulled plug behind a switch.
 */
import { Namespace } from "./namespace.ts";
import { now } from "./process.ts";

/** The interface of every station. */
export const INTERFACE = "eth0";
/** The bridge, in a namespace of its own. */
export const BRIDGE = "br0";

/** Kernel names of bridge port states, include/uapi/linux/if_bridge.h. */
const BR_STATE_DISABLED = 0;
const BR_STATE_FORWARDING = 3;

/** A node or the client: one interface on the bridge. */
export interface Station {
  readonly name: string;
  readonly namespace: Namespace;
  /** The bridge's end of its cable. */
  readonly port: string;
  readonly mac: string;
  /** Its own address, /24. */
  readonly address4: string;
  /** Its link-local address, and one of a /64 of the lab. */
  readonly linkLocal: string;
  readonly address6: string;
}

export class Lab {
  readonly bridge: Namespace;
  readonly nodes: readonly Station[];
  readonly client: Station;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(bridge: Namespace, nodes: readonly Station[], client: Station) {
    this.bridge = bridge;
    this.nodes = nodes;
    this.client = client;
  }

  /** Nodes get 10.77.0.1, .2 …, and the client 10.77.0.100; the same numbers in IPv6. */
  static async create(nodes = 2): Promise<Lab> {
    const made = await Promise.all(Array.from({ length: nodes + 2 }, () => Namespace.create()));
    const [bridge, clientSpace, ...spaces] = made;
    if (bridge === undefined || clientSpace === undefined) throw new Error("no namespaces");
    const client = station("client", clientSpace, 100);
    const stations = spaces.map((space, index) => station(`node${index + 1}`, space, index + 1));
    const lab = new Lab(bridge, stations, client);
    try {
      await lab.#wire();
    } catch (cause) {
      await lab.close();
      throw cause;
    }
    return lab;
  }

  /** Node `index`, from 0. */
  node(index: number): Station {
    const found = this.nodes[index];
    if (found === undefined) throw new Error(`no node ${index}`);
    return found;
  }

  /** What must end before the namespaces go; the last one added ends first. */
  atClose(closer: () => Promise<unknown>): void {
    this.#closers.push(closer);
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).reverse()) {
      await closer().catch((cause: unknown) => console.error(`lab: ${String(cause)}`));
    }
    await Promise.all(
      [this.bridge, this.client.namespace, ...this.nodes.map((node) => node.namespace)].map((space) =>
        space.close(),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Its port forwards nothing any more, either way; carrier stays. Gives the time just before. */
  async cut(node: Station): Promise<number> {
    const before = now();
    await this.#portState(node, BR_STATE_DISABLED);
    return before;
  }

  /** Its port forwards again. Gives the time just before. */
  async heal(node: Station): Promise<number> {
    const before = now();
    await this.#portState(node, BR_STATE_FORWARDING);
    return before;
  }

  /** Loses `percent` of the frames from one station to another, 100 for a one-way cut; replaces an earlier loss between them. */
  async lose(from: Station, to: Station, percent: number): Promise<void> {
    const chain = `${from.name}_${to.name}`;
    const share = percent >= 100 ? "" : `numgen random mod 1000 < ${Math.round(percent * 10)}`;
    await this.bridge.run(
      ["nft", "-f", "-"],
      `add table bridge lab
       add chain bridge lab ${chain} { type filter hook forward priority 0; policy accept; }
       flush chain bridge lab ${chain}
       ${percent > 0 ? `add rule bridge lab ${chain} iifname ${from.port} oifname ${to.port} ${share} drop` : ""}\n`,
    );
  }

  /** `ip link set eth0 down` inside the node; the peer's carrier falls as well. Gives the time just before. */
  async linkDown(node: Station): Promise<number> {
    const before = now();
    await node.namespace.ip(`link set ${INTERFACE} down`);
    return before;
  }

  /** Up again, with the link-local address that the kernel dropped. */
  async linkUp(node: Station): Promise<number> {
    const before = now();
    await node.namespace.ip(
      `link set ${INTERFACE} up`,
      `addr replace ${node.linkLocal}/64 dev ${INTERFACE} nodad`,
      `addr replace ${node.address6}/64 dev ${INTERFACE} nodad`,
    );
    return before;
  }

  /** By bridge(8): `ip link set … type bridge_slave state` is taken without an error and changes nothing. */
  async #portState(node: Station, state: number): Promise<void> {
    await this.bridge.run(["bridge", "link", "set", "dev", node.port, "state", String(state)]);
  }

  async #wire(): Promise<void> {
    const stations = [this.client, ...this.nodes];
    await this.bridge.ip(
      `link add ${BRIDGE} type bridge forward_delay 0 mcast_snooping 0`,
      `link set ${BRIDGE} addrgenmode none up`,
      ...stations.flatMap((one) => [
        `link add ${one.port} type veth peer name ${INTERFACE} address ${one.mac} netns ${one.namespace.pid}`,
        `link set ${one.port} master ${BRIDGE} addrgenmode none up`,
      ]),
    );
    await Promise.all(
      stations.map((one) =>
        // Link-local addresses by hand and without duplicate address detection: usable at once.
        one.namespace.ip(
          "link set lo up",
          `link set ${INTERFACE} addrgenmode none`,
          `addr add ${one.address4}/24 dev ${INTERFACE}`,
          `link set ${INTERFACE} up`,
          `addr add ${one.linkLocal}/64 dev ${INTERFACE} nodad`,
          `addr add ${one.address6}/64 dev ${INTERFACE} nodad`,
        ),
      ),
    );
  }
}

function station(name: string, namespace: Namespace, number: number): Station {
  const hex = number.toString(16);
  return {
    name,
    namespace,
    port: `p-${name}`,
    mac: `02:00:00:00:00:${hex.padStart(2, "0")}`,
    address4: `10.77.0.${number}`,
    linkLocal: `fe80::${hex}`,
    address6: `fd77::${hex}`,
  };
}
