/**
 * A scene of virtual services in the guest: box 0 and 1 are directors, 2 to 4 real servers that answer under their names `s1` to `s3`, box
 * 5 the client; one LAN. The service's address is 10.77.1.100 (fd77:1::100), for dr and tun also on lo of every real server.
 */
import type { Settings } from "../features/agent.ts";
import { Agent } from "../features/agent.ts";
import type { Box } from "../features/site.ts";
import { Site } from "../features/site.ts";
import { run, until } from "../lab/process.ts";
import { Backend, Caller, SERVICE, START_MS } from "./actors.ts";

export const VIP = SERVICE;
export const VIP6 = "fd77:1::100";

export interface ServerStatus {
  readonly address: string;
  readonly up: boolean | null;
  readonly state: string;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
  readonly held: boolean;
  readonly counters: { readonly connections: number; readonly in_bytes: number } | null;
  readonly last_error: string | null;
}

export interface ServiceStatus {
  readonly name: string;
  readonly quorum: boolean;
  readonly active: boolean;
  readonly failure: string | null;
  readonly fallback: (ServerStatus & { readonly in_use: boolean }) | null;
  readonly servers: readonly ServerStatus[];
  readonly leaving: readonly Pick<ServerStatus, "address" | "weight" | "active" | "inactive">[];
}

/** An agent's services. */
export async function servicesOf(agent: Agent): Promise<readonly ServiceStatus[]> {
  const status = await agent.status();
  // The contract fixes these keys.
  return (status as unknown as { services: readonly ServiceStatus[] }).services;
}

export class Scene {
  readonly site: Site;
  readonly backends: readonly Backend[];
  readonly caller: Caller;
  readonly #agents: Agent[] = [];

  private constructor(site: Site, backends: readonly Backend[], caller: Caller) {
    this.site = site;
    this.backends = backends;
    this.caller = caller;
  }

  static async create(): Promise<Scene> {
    await run([
      "modprobe",
      "-a",
      "ip_vs",
      "ip_vs_rr",
      "ip_vs_wrr",
      "ip_vs_wlc",
      "ip_vs_sh",
      "ipip",
      "xt_mark",
      "nf_tables",
    ]);
    const site = await Site.create(6);
    const servers = [2, 3, 4].map((at) => site.box(at));
    for (const { namespace } of servers) {
      await namespace.run([
        ...["sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2"],
        ...["net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0"],
      ]);
      await namespace.ip(`addr add ${VIP}/32 dev lo`, `addr add ${VIP6}/128 dev lo nodad`);
    }
    const backends = servers.map((box, at) => new Backend(`s${at + 1}`, box));
    const caller = new Caller(site.box(5));
    site.atClose(async () => {
      await Promise.all([...backends, caller].map((each) => each.end()));
    });
    await Promise.all([...backends, caller].map((each) => each.ready()));
    return new Scene(site, backends, caller);
  }

  backend(at: number): Backend {
    const found = this.backends[at];
    if (found === undefined) throw new Error(`no server ${at}`);
    return found;
  }

  director(at = 0): Box {
    return this.site.box(at);
  }

  /** The director has the service's address from the start, or no more. */
  async vip(held: boolean, at = 0): Promise<void> {
    const { namespace } = this.director(at);
    const verb = held ? "add" : "del";
    await namespace.ip(
      `addr ${verb} ${VIP}/32 dev eth1`,
      `addr ${verb} ${VIP6}/128 dev eth1 ${held ? "nodad preferred_lft 0" : ""}`,
    );
    if (held) await this.site.box(5).namespace.run(["ip", "neigh", "flush", "dev", "eth1"]);
  }

  /** The kernel's table of a director, as ipvsadm prints it to be read again. */
  async table(at = 0): Promise<string[]> {
    const text = await this.director(at).namespace.run(["ipvsadm", "-S", "-n"]);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  }

  /** An agent of the first director that runs until {@link clear}; `settings` are lines of its [agent]. */
  async started(text: string, settings = ""): Promise<Agent> {
    const agent = await this.agent({ agent: settings, text });
    await agent.start();
    return agent;
  }

  /** The same, once all three servers serve. */
  async serving(text: string, settings = ""): Promise<Agent> {
    const agent = await this.started(text, settings);
    await this.has(agent, "1,1,1");
    return agent;
  }

  /** Ends what was started, and empties the first director's table. */
  async clear(): Promise<void> {
    await Promise.all(this.#agents.splice(0).map((agent) => agent.close()));
    await this.director().namespace.run(["ipvsadm", "-C"]);
  }

  /** Waits until the kernel has these weights, in the order of the configuration. */
  has(agent: Agent, list: string): Promise<ServiceStatus> {
    return this.settles(agent, `weights ${list}`, (service) => weights(service).join() === list);
  }

  /** An agent of a director, not started; it is there until {@link clear}. */
  async agent(settings: Settings | string, at = 0): Promise<Agent> {
    const agent = await Agent.create(this.director(at).namespace, settings);
    this.#agents.push(agent);
    return agent;
  }

  /** Waits until an agent's service is as `wanted` says. */
  async settles(
    agent: Agent,
    what: string,
    wanted: (service: ServiceStatus) => boolean,
    name = "web",
  ): Promise<ServiceStatus> {
    let last: ServiceStatus | undefined;
    await until(
      () => `${what}: ${JSON.stringify(last)}; said: ${agent.lines.slice(-8).join("\n  ")}`,
      START_MS,
      async () => {
        last = (await servicesOf(agent)).find((service) => service.name === name);
        return last !== undefined && wanted(last);
      },
    );
    if (last === undefined) throw new Error("no service");
    return last;
  }

  async close(): Promise<void> {
    await Promise.all(this.#agents.splice(0).map((agent) => agent.close()));
    await this.site.close();
  }
}

/** The weights of a service's servers in the kernel, in the order of the configuration. */
export const weights = ({ servers }: ServiceStatus): number[] => servers.map(({ weight }) => weight);

/** A server's address. */
export const server = (at: number): string => `10.77.1.${at + 3}`;

/** A service called web with the three servers, probed every 300 ms. */
export const web = (more = "", check = 'type = "tcp"'): string => `
[virtual_server.web]
address = "${VIP}:80"
scheduler = "rr"
real_servers = [${[0, 1, 2].map((at) => `"${server(at)}:80"`).join(", ")}]
${more}
[virtual_server.web.check]
interval = "300ms"
timeout = "300ms"
${check}
`;

/** Does something while the kernel can load no module. */
export async function withoutModules(work: (mend: () => Promise<unknown>) => Promise<void>): Promise<void> {
  const loader = (await Bun.file("/proc/sys/kernel/modprobe").text()).trim();
  const mend = () => run(["sysctl", "-qw", `kernel.modprobe=${loader}`]);
  await run(["sysctl", "-qw", "kernel.modprobe=/bin/false"]);
  try {
    await work(mend);
  } finally {
    await mend();
  }
}
