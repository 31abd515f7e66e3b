/** A box with a router at a virtual MAC address, and a client that asks for it. */
import { ran } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";
import { devicesOf } from "./virtual-mac.ts";

export const VIP = "10.77.1.50";
export const MAC = "00:00:5e:00:01:33";

/** A router with VRID 51. */
export const router = (more = "", name = "lan", link = "eth1", addresses = `["${VIP}/24"]`): string => `
[vrrp.${name}]
interface = "${link}"
vrid = 51
advert_interval = "100ms"
addresses = ${addresses}
virtual_mac = true
${more}
`;

export class Scene {
  readonly site: Site;
  readonly box: Box;
  readonly client: Box;

  private constructor(site: Site) {
    this.site = site;
    this.box = site.box(0);
    this.client = site.box(1);
  }

  static async create(): Promise<Scene> {
    return new Scene(await Site.create(2, 2));
  }

  /** An agent that was started, `through` in front. */
  async started(text: string, through: readonly string[] = []): Promise<Agent> {
    const agent = await Agent.create(this.box.namespace, text);
    this.site.atClose(() => agent.close());
    await agent.start(through);
    return agent;
  }

  /** The same, once its router `lan` is master. */
  async master(text = router()): Promise<Agent> {
    const agent = await this.started(text);
    await agent.is("lan", "master");
    return agent;
  }

  /** Names of the macvlans in the box. */
  async names(): Promise<string[]> {
    return (await devicesOf(this.box.namespace)).map(({ ifname }) => ifname).sort();
  }

  /** Whether the client gets an answer. */
  async ping(address: string): Promise<boolean> {
    return (await ran(this.client.namespace.enter(["ping", "-c1", "-W1", address]))).code === 0;
  }

  /** What the client believes an address to be at after it has forgotten all and asked. */
  async neighbour(address: string): Promise<string | undefined> {
    await this.client.namespace.run(["ip", "neigh", "flush", "dev", "eth1"]);
    await this.ping(address);
    return /lladdr (\S+)/.exec(await this.client.namespace.run(["ip", "neigh", "show", address]))?.[1];
  }
}
