/** Three boxes on a LAN: agents with hooks on the first two, a witness of the wire on the third. */
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

export const VIP = "10.77.1.50";

/** One router with these hooks. */
export const router = (hooks: string, more = 'advert_interval = "100ms"', priority = 150): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
addresses = ["${VIP}/24"]
hooks = { ${hooks} }
${more}
`;

export class Stage {
  readonly site: Site;
  readonly scripts: Scripts;
  readonly wire: Capture;

  private constructor(site: Site, scripts: Scripts, wire: Capture) {
    this.site = site;
    this.scripts = scripts;
    this.wire = wire;
  }

  static async create(): Promise<Stage> {
    const [site, scripts] = await Promise.all([Site.create(3), Scripts.create()]);
    site.atClose(() => scripts.close());
    const wire = await Capture.start(site.box(2).namespace, ["eth1"]);
    site.atClose(() => wire.close());
    return new Stage(site, scripts, wire);
  }

  async started(text: string, box = 0, agentLines = ""): Promise<Agent> {
    const agent = await Agent.create(this.site.box(box).namespace, { agent: agentLines, text });
    this.site.atClose(() => agent.close());
    await agent.start();
    return agent;
  }

  /** A script that writes when it began and ended, and whether the address was there; `body` is in between. Gives its path. */
  witness(name: string, body = ""): Promise<string> {
    return this.scripts.write(
      name,
      `tell() { echo "$1 $(date +%s%3N) $(ip -4 -o addr show eth1 | grep -c '${VIP}/')" >> $D/${name}.log; }
tell begin; ${body}
tell end`,
    );
  }

  /** When a witness began or ended, and whether the address was there. */
  saw(name: string, what: "begin" | "end"): { readonly at: number; readonly held: boolean } {
    const line = this.scripts.lines(`${name}.log`).find((each) => each.startsWith(what));
    if (line === undefined) throw new Error(`${name} did not ${what}`);
    const [, at, count] = line.split(" ");
    return { at: Number(at), held: count === "1" };
  }

  ended(name: string): Promise<number> {
    return until(`${name} ended`, 8000, () => this.scripts.lines(`${name}.log`).length === 2);
  }

  async holds(box = 0): Promise<boolean> {
    return (await addressesOf(this.site.box(box))).includes(VIP);
  }

  /** Waits until a box has the address. */
  held(box = 0): Promise<number> {
    return until(`box ${box} holds`, 10_000, () => this.holds(box));
  }

  /** Priorities of the adverts of box 0 in a span. */
  priorities(from: number, to = Infinity): number[] {
    const frames = this.wire.adverts(from, this.site.box(0).mac);
    return frames.flatMap(({ at, seen }) => (at <= to ? [seen.priority] : []));
  }

  close(): Promise<void> {
    return this.site.close();
  }
}
