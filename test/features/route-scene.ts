/** A box with two interfaces, and an agent on it that moves routes and rules. */
import { until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { ourRoutes } from "./routing.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

export const VIP = "10.77.1.50";
export const GATE = "10.77.2.9";
/** The route that most tests are about. */
export const DEFAULT = `default via ${GATE} dev eth2`;
export const PATIENCE = 8000;

/** A router of IPv4 with these keys. */
export const router = (more: string, name = "lan", vrid = 51, address = `${VIP}/24`): string => `
[vrrp.${name}]
interface = "eth1"
vrid = ${vrid}
advert_interval = "100ms"
addresses = ["${address}"]
${more}
`;

const list = (texts: readonly string[]): string => `[${texts.map((text) => `"${text}"`).join(", ")}]`;
export const routes = (...texts: readonly string[]): string => `routes = ${list(texts)}\n`;
export const rulesOf = (...texts: readonly string[]): string => `rules = ${list(texts)}\n`;

export class RouteScene {
  readonly site: Site;
  readonly box: Box;

  private constructor(site: Site) {
    this.site = site;
    this.box = site.box(0);
  }

  static async create(): Promise<RouteScene> {
    return new RouteScene(await Site.create(2, 2));
  }

  async started(text: string): Promise<Agent> {
    const agent = await Agent.create(this.box.namespace, text);
    this.site.atClose(() => agent.close());
    await agent.start();
    return agent;
  }

  /** The same, and its router `lan` is master. */
  async master(text: string): Promise<Agent> {
    const agent = await this.started(text);
    await agent.is("lan", "master");
    return agent;
  }

  /** Routes that carry the agent's protocol number. */
  ours(family: 4 | 6 = 4, table = 254): Promise<string[]> {
    return ourRoutes(this.box.namespace, family, table);
  }

  async has(route: string): Promise<boolean> {
    return (await this.ours()).includes(route);
  }

  gets(route: string): Promise<number> {
    return until(`has ${route}`, PATIENCE, () => this.has(route));
  }

  loses(route: string): Promise<number> {
    return until(`has lost ${route}`, PATIENCE, async () => !(await this.has(route)));
  }

  close(): Promise<void> {
    return this.site.close();
  }
}
