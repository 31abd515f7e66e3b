/** A host for the doctor: two boxes on two LANs, an agent's configuration in the first, and what can be done to it. */
import { expect } from "bun:test";
import { HAAGENT } from "../lab/haagent.ts";
import type { Ran } from "../lab/process.ts";
import { ran } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Scripts } from "./scripts.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

export const VIP = "10.77.1.50";

export interface Finding {
  readonly part: string;
  readonly id: string;
  readonly severity: string;
  readonly subject: string;
  readonly text: string;
  readonly cure: string;
}

/** What the doctor said. */
export interface Visit {
  readonly exit: number;
  readonly health: string;
  readonly findings: readonly Finding[];
}

/** A good configuration; lines of [vrrp.lan] besides the least. */
export const router = (more = "", addresses = `"${VIP}/24"`): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = 150
advert_interval = "100ms"
addresses = [${addresses}]
${more}
`;

/** `severity id subject` of each. */
export const heads = ({ findings }: Visit): string[] =>
  findings.map(({ severity, id, subject }) => `${severity} ${id} ${subject}`);

/** The one finding that there is. */
export function only(visited: Visit): Finding {
  expect(heads(visited)).toHaveLength(1);
  const [finding] = visited.findings;
  if (finding === undefined) throw new Error("nothing found");
  expect(finding.cure).not.toBe("");
  return finding;
}

function read({ code, stdout, stderr }: Ran): Visit {
  if (stdout === "") throw new Error(`exit ${code}: ${stderr}`);
  // The keys that the README lists; a test that reads another value there fails.
  const { schema, health, findings } = JSON.parse(stdout) as Visit & { readonly schema: number };
  expect(schema).toBe(1);
  return { exit: code, health, findings };
}

export class Patient {
  readonly site: Site;
  readonly box: Box;
  readonly scripts: Scripts;
  readonly agent: Agent;

  private constructor(site: Site, scripts: Scripts, agent: Agent) {
    this.site = site;
    this.box = site.box(0);
    this.scripts = scripts;
    this.agent = agent;
  }

  static async create(): Promise<Patient> {
    const site = await Site.create(2, 2);
    const scripts = await Scripts.create();
    site.atClose(() => scripts.close());
    const agent = await Agent.create(site.box(0).namespace, router());
    site.atClose(() => agent.close());
    const patient = new Patient(site, scripts, agent);
    // A namespace may begin with the settings of its host.
    const off = ["rp_filter", "arp_ignore", "arp_announce", "arp_filter", "promote_secondaries"];
    await patient.set(...off.flatMap((key) => ["all", "eth1", "eth2"].map((name) => `${name}.${key}=0`)));
    return patient;
  }

  /** After a test: no agent, no address of its, the good configuration. */
  async restore(): Promise<void> {
    if (this.agent.running) await this.agent.stop();
    await this.agent.write(router());
  }

  /** sysctl(8) of net.ipv4.conf in the box. */
  set(...values: readonly string[]): Promise<string> {
    return this.box.namespace.run(["sysctl", "-qw", ...values.map((value) => `net.ipv4.conf.${value}`)]);
  }

  /** All that the doctor finds, `through` in front of it. */
  async examined(through: readonly string[] = []): Promise<Visit> {
    const argv = [...through, HAAGENT, "doctor", "--json", "--config", this.agent.path];
    return read(await ran(this.box.namespace.enter(argv)));
  }

  /** The same without what is true of nearly every host, or of this machine. */
  async visit(through: readonly string[] = []): Promise<Visit> {
    const { findings, ...rest } = await this.examined(through);
    const told = findings.filter(({ id }) => id !== "ip_nonlocal_bind" && id !== "clocksource");
    return { ...rest, findings: told };
  }

  /** Does something to the box, looks, and undoes it. */
  async amid(
    doing: () => Promise<unknown>,
    undoing: () => Promise<unknown>,
    through: readonly string[] = [],
  ): Promise<Visit> {
    await doing();
    try {
      return await this.visit(through);
    } finally {
      await undoing();
    }
  }
}
