/**
 * What the packet filters of a director do to connections of its services. They see a client's packets before IPVS takes them, and by
 * `dr` and `tun` no answer. IPVS keeps what it sends on out of the kernel's table of connections, so that each packet looks like the
 * first of one, and a FIN or RST like none; with net.ipv4.vs.conntrack = 1 the table has a connection that nobody answers, and all that
 * follows its SYN is invalid.
 */
import { familyOf } from "../base/address.ts";
import type { Config } from "../config/model.ts";
import type { ServiceConfig } from "../config/service-model.ts";
import { PROTOCOLS } from "../wire/ipvs.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import type { Dropped, Filter, Packet } from "./filters.ts";
import { accepting, everywhere, readFilters, said } from "./filters.ts";
import { entrances } from "./ways.ts";

const TRACK = "sysctl -w net.ipv4.vs.conntrack=1, and write it into /etc/sysctl.d";

/** All findings about packet filters of services. */
export function directorFilterFindings(facts: Facts, { services }: Config): readonly Finding[] {
  if (services.length === 0) return [];
  const filters = readFilters(facts).map(({ program, chains }) => ({
    program,
    chains: chains.map((chain) => (chain.behindIpvs ? { ...chain, direction: null } : chain)),
  }));
  // What cures one service must not cut another one: those of which no answers are seen must not be tracked.
  const trackable = !services.some(blind);
  return services.flatMap((service) => filtered(facts, filters, service, trackable));
}

/** With nat the answers come back through the director, so that a connection which is tracked is seen whole. */
const blind = ({ servers }: ServiceConfig): boolean =>
  servers.some(({ destination }) => destination.forward !== "nat");

/**
 * A packet within a connection, and its end, as the table of connections sees them where it has seen nothing before (nf_conntrack_tcp_loose
 * takes the first for the middle of a connection), or only what the client sends.
 */
function seen({ settings }: Facts): {
  readonly tracked: boolean;
  readonly within: Packet;
  readonly end: Packet;
} {
  const tracked = settings.get("net/ipv4/vs/conntrack")?.value === "1";
  const strict = settings.get("net/netfilter/nf_conntrack_tcp_loose")?.value === "0";
  return {
    tracked,
    within: { flags: ["ack"], state: tracked || strict ? "invalid" : "new" },
    end: { flags: ["fin", "ack"], state: "invalid" },
  };
}

/** A drop, and the packet as it is there. */
interface Cut {
  readonly by: Dropped;
  readonly packet: Packet;
}

/** The interfaces by which a service's packets leave as they came; none where some leave for another address. */
function exitsOf(facts: Facts, { servers }: ServiceConfig): readonly string[] {
  if (servers.some(({ destination }) => destination.forward !== "dr")) return [];
  const links = servers.flatMap(({ destination }) => entrances(facts, destination.address));
  return [...new Set(links.map(({ name }) => name))];
}

function filtered(
  facts: Facts,
  filters: readonly Filter[],
  service: ServiceConfig,
  trackable: boolean,
): Finding[] {
  const { id } = service.service;
  // What a mark gathers is not known here.
  if (id.kind === "fwmark") return [];
  const { protocol, address, port } = id;
  const { tracked, within, end } = seen(facts);
  const about = { part: "director", subject: service.name } as const;
  const target = { family: familyOf(address), destination: address, port: port > 0 ? port : null };
  const probe = { ...target, protocol: PROTOCOLS[protocol], source: null } as const;
  const names = entrances(facts, address).map(({ name }) => name);
  const exits = exitsOf(facts, service);
  const drop = (packet: Packet): Cut | null => {
    const by = everywhere(filters, names, { ...probe, ...packet, direction: "in" });
    if (by !== null) return { by, packet };
    // What is sent on passes the chains of what this host sends, and is not tracked there unless IPVS is.
    const sent: Packet = tracked ? packet : { ...packet, state: "untracked" };
    const out = everywhere(filters, exits, { ...probe, ...sent, direction: "out" });
    return out === null ? null : { by: out, packet: sent };
  };
  const first: Packet = { flags: protocol === "tcp" ? ["syn"] : null, state: "new" };
  const refused = drop(first);
  if (refused !== null) {
    const text = `new connections to it are dropped (${said(refused.by)}): no client gets through`;
    const cure = accepting(refused.by, { ...target, protocol }, null);
    return [{ ...about, id: "ipvs_dropped", severity: "fault", text, cure }];
  }
  if (protocol !== "tcp") return [];
  if (tracked && !blind(service)) return [];
  const cure = ({ by, packet }: Cut): string =>
    trackable ? TRACK : accepting(by, { ...target, protocol }, packet);
  const why = blind(service) ? "a director sees no answers" : "IPVS does not have its connections tracked";
  const cut = drop(within);
  if (cut !== null) {
    const { state } = cut.packet;
    const what = state === "new" ? "new without SYN" : state;
    const text = `its connections hang once they are open (${said(cut.by)}): ${why}, and what clients send counts as ${what}`;
    return [{ ...about, id: "ipvs_invalid", severity: "fault", text, cure: cure(cut) }];
  }
  const open = drop(end);
  if (open === null) return [];
  const text = `ends of its connections are dropped (${said(open.by)}): ${why}, and a FIN or RST counts as invalid; servers keep what has ended until they time it out`;
  return [{ ...about, id: "ipvs_invalid", severity: "degraded", text, cure: cure(open) }];
}
