/** What a director does worse than it could: settings of the kernel, flows of UDP, neighbours that are silent, services that nobody looks after. */
import type { Config } from "../config/model.ts";
import type { ServiceConfig } from "../config/service-model.ts";
import type { ServiceId } from "../wire/ipvs.ts";
import { serviceKey } from "../wire/ipvs.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

const FTP = 21;
/** A table of connections is nearly full from this share on. */
const NEARLY_FULL = 0.9;
/** Schedulers by which every director sends a client to the same server. */
const HASHES: readonly string[] = ["sh", "mh"];

/** All of them; for a configuration that has services. */
export function directorTrouble(facts: Facts, { services }: Config): readonly Finding[] {
  return [
    ...services.flatMap((service) => flows(service)),
    ...services.flatMap((service) => neighbours(facts, service)),
    ...services.flatMap((service) => ftp(facts, service)),
    ...kernelSettings(facts, services),
    ...services.flatMap((service) => failover(facts, service)),
    ...tracked(facts),
    ...unsupervised(facts, services),
  ];
}

const about = (severity: Finding["severity"], subject: string) =>
  ({ part: "director", severity, subject }) as const;

const sends = ({ servers }: ServiceConfig, forward: string): boolean =>
  servers.some(({ destination }) => destination.forward === forward);

/** Nothing says that a flow of UDP has ended: one that goes on stays with its server, alive or not. */
function flows({ name, service: { id, onePacket }, quiescent }: ServiceConfig): Finding[] {
  if (id.kind === "fwmark" || id.protocol !== "udp" || onePacket || !quiescent) return [];
  const text =
    "a flow of UDP stays with its server at weight 0, even a dead one, until it was silent for minutes";
  const cure =
    'quiescent = false with net.ipv4.vs.expire_nodest_conn = 1, or one_packet = true; ipvs_timeouts = { udp = "30s" } shortens it';
  return [{ ...about("degraded", name), id: "ipvs_flow", text, cure }];
}

function neighbours({ silent }: Facts, { name, servers }: ServiceConfig): Finding[] {
  return servers
    .filter(({ destination: { forward, address } }) => forward === "dr" && silent.has(address))
    .map((server) => ({
      ...about("degraded", name),
      id: "ipvs_neighbour",
      text: `${server.name} does not answer ARP: nothing can be sent to it`,
      cure: "see whether it is up, and on this link",
    }));
}

/** Its second connection is agreed upon within the first. */
function ftp(facts: Facts, service: ServiceConfig): Finding[] {
  const { id } = service.service;
  if (facts.ftp || id.kind === "fwmark" || id.port !== FTP || !sends(service, "nat")) return [];
  return [
    {
      ...about("degraded", service.name),
      id: "ipvs_ftp",
      text: "FTP behind nat needs a module that is not loaded: logins work, and transfers do not",
      cure: "modprobe ip_vs_ftp, and write it into /etc/modules-load.d; sysctl -w net.ipv4.vs.conntrack=1",
    },
  ];
}

/** Settings of all services (the kernel's ipvs-sysctl). */
function kernelSettings({ settings }: Facts, services: readonly ServiceConfig[]): Finding[] {
  const value = (key: string): string | undefined => settings.get(`net/ipv4/vs/${key}`)?.value;
  const found: Finding[] = [];
  if (value("conn_reuse_mode") === "0") {
    found.push({
      ...about("degraded", "conn_reuse_mode"),
      id: "ipvs_reuse",
      text: "net.ipv4.vs.conn_reuse_mode is 0: a client that uses a port again gets its old server, drained or not",
      cure: "sysctl -w net.ipv4.vs.conn_reuse_mode=1, and write it into /etc/sysctl.d",
    });
  }
  if (value("conntrack") === "1" && !services.some((service) => sends(service, "nat"))) {
    found.push({
      ...about("note", "conntrack"),
      id: "ipvs_conntrack",
      text: "net.ipv4.vs.conntrack is 1: every connection is in the packet filter's table as well, which only nat can need",
      cure: "sysctl -w net.ipv4.vs.conntrack=0",
    });
  }
  return found;
}

/** With a hash the next director would choose the same server, if it took packets of a connection that it has not seen begin. */
function failover({ settings }: Facts, service: ServiceConfig): Finding[] {
  const { scheduler, id } = service.service;
  const strict = settings.get("net/ipv4/vs/sloppy_tcp")?.value === "0";
  if (!strict || service.activeWhen === null || !HASHES.includes(scheduler)) return [];
  if (sends(service, "nat") || (id.kind === "address" && id.protocol !== "tcp")) return [];
  return [
    {
      ...about("note", service.name),
      id: "ipvs_sloppy",
      text: `connections end with their director, although scheduler "${scheduler}" has the next one send them to the same server`,
      cure: "sysctl -w net.ipv4.vs.sloppy_tcp=1 on both, and write it into /etc/sysctl.d",
    },
  ];
}

/** Who is in no table of connections any more is dropped, services or not. */
function tracked({ settings }: Facts): Finding[] {
  const [count, most] = ["count", "max"].map((key) =>
    Number(settings.get(`net/netfilter/nf_conntrack_${key}`)?.value ?? 0),
  );
  if (count === undefined || most === undefined || most === 0 || count < most * NEARLY_FULL) return [];
  return [
    {
      ...about("degraded", "nf_conntrack"),
      id: "conntrack_full",
      text: `the packet filter's table of connections is nearly full (${count} of ${most}): new ones will be dropped`,
      cure: "sysctl -w net.netfilter.nf_conntrack_max=…, or notrack for the services",
    },
  ];
}

/** A mark is printed without its family. */
const printed = (id: ServiceId): string => (id.kind === "fwmark" ? `fwmark ${id.mark}` : serviceKey(id));

/** What is in the kernel while no agent runs, and what is nobody's we know. */
function unsupervised({ directed, agent }: Facts, services: readonly ServiceConfig[]): Finding[] {
  const known = new Map(services.map(({ name, service }) => [printed(service.id), name]));
  return directed.flatMap((each): Finding[] => {
    const name = known.get(each);
    if (name === undefined) {
      const text = `the kernel has the service ${each}, which the configuration does not name: haagent leaves it alone`;
      const cure = "ipvsadm -D, if it is nobody's any more";
      return [{ ...about("note", each), id: "ipvs_foreign", text, cure }];
    }
    if (agent !== null) return [];
    const text = `the kernel has ${each}, and no agent runs: nobody takes a server out that fails, or has weights put right`;
    return [
      {
        ...about("degraded", name),
        id: "ipvs_left",
        text,
        cure: "start the agent, or haagent release",
      },
    ];
  });
}
