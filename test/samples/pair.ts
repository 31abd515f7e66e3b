/**
 * Two nodes started from a sample of conf/samples as it stands: each in a machine of its own, with the file at /etc/haagent.toml. The
 * second node's differs as its lines say in their `# second node: VALUE`.
 */
import { readFileSync } from "node:fs";
import type { Box } from "../features/site.ts";
import { Site } from "../features/site.ts";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import { Machine } from "../services/machine.ts";
import { BINARY } from "../services/promises.ts";

/** An election at one-second adverts, checks and a busy machine. */
export const WAIT_MS = 30_000;
export const TEST_MS = 120_000;

/** The text of a sample for the first or the second node. */
export function sample(name: string, node: 0 | 1): string {
  const text = readFileSync(new URL(`../../conf/samples/${name}`, import.meta.url), "utf8");
  return node === 0 ? text : text.replace(/^(\s*\w+ = ).* # second node: (.*)$/gm, "$1$2");
}

/** A box of the site with its machine. */
export interface Node {
  readonly box: Box;
  readonly machine: Machine;
}

export class SamplePair {
  readonly site: Site;
  readonly nodes: readonly [Node, Node];

  private constructor(site: Site, nodes: readonly [Node, Node]) {
    this.site = site;
    this.nodes = nodes;
  }

  /** Nodes on `lans` networks (eth1, eth2 …), before haagent. A further box is there for a client. */
  static async create(name: string, lans = 1): Promise<SamplePair> {
    const site = await Site.create(3, lans);
    const node = async (at: 0 | 1): Promise<Node> => {
      const machine = await Machine.boot(site.box(at), {
        files: { "/etc/haagent.toml": sample(name, at) },
        seen: { "/usr/sbin/haagent": BINARY },
      });
      site.atClose(() => machine.close());
      return { box: site.box(at), machine };
    };
    try {
      return new SamplePair(site, [await node(0), await node(1)]);
    } catch (cause) {
      await site.close();
      throw cause;
    }
  }

  /** Starts haagent on a node. */
  async start(at: 0 | 1): Promise<void> {
    const agent = this.nodes[at].machine.spawn("haagent");
    await agent.says("agent.ready", WAIT_MS);
  }

  /** Waits until exactly the nodes named have `address`. */
  async holds(address: string, ...wanted: readonly (0 | 1)[]): Promise<void> {
    await until(`${address} is on ${wanted.join()}`, WAIT_MS, async () => {
      const lists = await Promise.all(this.nodes.map(({ box }) => addressesOf(box)));
      return lists.every((list, at) => list.includes(address) === wanted.some((each) => each === at));
    });
  }

  /** The client's `ping` of `address`, from its own `from` on LAN 1, answered. */
  async answers(address: string, from: string): Promise<void> {
    const client = this.site.box(2);
    const six = address.includes(":") ? ["-6"] : [];
    const scope = address.startsWith("fe80:") ? "%eth1" : "";
    await client.namespace.ip(`addr replace ${from} dev eth1${six.length > 0 ? " nodad" : ""}`);
    await until(`${address} answers`, WAIT_MS, async () => {
      try {
        await client.namespace.run(["ping", ...six, "-c", "1", "-W", "1", `${address}${scope}`]);
        return true;
      } catch {
        return false;
      }
    });
  }

  /** SIGKILL to the whole node, and no cable in it any more. */
  async lose(at: 0 | 1): Promise<void> {
    const { box, machine } = this.nodes[at];
    await this.site.forward(box, 1, false);
    await machine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site.close();
  }
}
