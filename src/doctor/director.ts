/** What keeps a director from directing: no IPVS, no way to a real server, settings that lose connections when a server goes. */
import type { Ip } from "../base/address.ts";
import { familyOf, ipBytes } from "../base/address.ts";
import { IPVS_CURE, withoutIpvs, withoutScheduler } from "../config/kernel-modules.ts";
import type { Config } from "../config/model.ts";
import type { ServiceConfig } from "../config/service-model.ts";
import { directorTrouble } from "./director-trouble.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** All findings about virtual services. */
export function directorFindings(facts: Facts, config: Config): readonly Finding[] {
  const { services } = config;
  if (services.length === 0) return [];
  return [
    ...modules(facts, services),
    ...forwarding(facts, services),
    ...services.flatMap((service) => unreachable(facts, service)),
    ...services.flatMap((service) => expiry(facts, service)),
    ...directorTrouble(facts, config),
  ];
}

function modules({ ipvs }: Facts, services: readonly ServiceConfig[]): Finding[] {
  const about = { part: "director", severity: "fault" } as const;
  if (withoutIpvs(ipvs)) {
    const text = "this kernel has no IPVS: no service can be directed";
    return [{ ...about, id: "ipvs", subject: "ip_vs", text, cure: IPVS_CURE }];
  }
  const wanted = new Set(services.map(({ service }) => service.scheduler));
  return [...wanted]
    .filter((scheduler) => withoutScheduler(ipvs, scheduler))
    .map((scheduler) => ({
      ...{ ...about, id: "ipvs_scheduler", subject: scheduler },
      text: `this kernel has no module ip_vs_${scheduler}: services with scheduler = "${scheduler}" cannot be made`,
      cure: `install it, or choose another scheduler`,
    }));
}

/** A director that rewrites addresses is a router. */
function forwarding({ settings }: Facts, services: readonly ServiceConfig[]): Finding[] {
  return ([4, 6] as const).flatMap((family): Finding[] => {
    const key = family === 4 ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding";
    const nat = services.find(({ servers }) =>
      servers.some(
        ({ destination }) => destination.forward === "nat" && familyOf(destination.address) === family,
      ),
    );
    if (nat === undefined || settings.get(key)?.value !== "0") return [];
    return [
      {
        ...{ part: "director", id: "ipvs_forward", severity: "fault", subject: nat.name },
        text: `${key.replaceAll("/", ".")} is 0: what servers behind nat answer is not sent on to the clients`,
        cure: `sysctl -w ${key.replaceAll("/", ".")}=1, and write it into /etc/sysctl.d`,
      },
    ];
  });
}

/** Direct routing changes the link-layer address and nothing else: a server behind a router gets nothing. */
function unreachable(facts: Facts, { name, servers }: ServiceConfig): Finding[] {
  return servers
    .filter(({ destination }) => destination.forward === "dr" && !onLink(facts, destination.address))
    .map((server) => ({
      ...{ part: "director", id: "ipvs_route", severity: "fault", subject: name },
      text: `${server.name} is in no network of this host: forward = "dr" reaches servers on the same link only`,
      cure: 'give an interface an address of that network, or write forward = "tun" or "nat"',
    }));
}

const onLink = ({ addresses }: Facts, address: Ip): boolean =>
  addresses.some(
    (each) => familyOf(each.address) === familyOf(address) && within(each.address, each.prefix, address),
  );

function within(network: Ip, prefix: number, address: Ip): boolean {
  const [one, two] = [ipBytes(network), ipBytes(address)];
  return one.every((byte, at) => {
    const bits = Math.min(8, Math.max(0, prefix - 8 * at));
    return (byte ^ (two[at] ?? 0)) >> (8 - bits) === 0;
  });
}

/** What becomes of connections to a server that goes (the kernel's ipvs-sysctl). */
function expiry({ settings }: Facts, service: ServiceConfig): Finding[] {
  const off = (key: string): boolean => settings.get(`net/ipv4/vs/${key}`)?.value === "0";
  const about = { part: "director", severity: "degraded", subject: service.name } as const;
  const set = (key: string): string => `sysctl -w net.ipv4.vs.${key}=1, and write it into /etc/sysctl.d`;
  const findings: Finding[] = [];
  if (!service.quiescent && off("expire_nodest_conn")) {
    const text = "packets of connections to a server that was removed are thrown away until they time out";
    findings.push({ ...about, id: "ipvs_expire", text, cure: set("expire_nodest_conn") });
  }
  if (service.quiescent && service.service.persistence !== null && off("expire_quiescent_template")) {
    const text = "clients stay with a server of weight 0 for as long as persistence lasts";
    findings.push({ ...about, id: "ipvs_expire", text, cure: set("expire_quiescent_template") });
  }
  return findings;
}
