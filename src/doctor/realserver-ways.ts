/** What keeps connections from a real server, or its answers from the clients: ends of tunnels, packet filters, the default route. */
import type { Ip } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import type { Dropped, Filter } from "./filters.ts";
import { accepting, everywhere, readFilters, said } from "./filters.ts";
import { TCP } from "./ruleset.ts";
import { entrances, TUNNELS } from "./ways.ts";

/** rp_filter: who sends is reached by the interface that a packet comes in by. */
const STRICT = 1;
const ANY: readonly string[] = ["0.0.0.0", "::"];
/** Ports of one address that are looked at: a filter may have many rules. */
const PORTS_MAX = 100;

/** All findings about the ways to and from the addresses of `[realserver]`. */
export function wayFindings(facts: Facts, realserver: readonly Ip[]): readonly Finding[] {
  if (realserver.length === 0) return [];
  const filters = readFilters(facts);
  return [
    ...tunnels(facts),
    ...realserver.flatMap((address) => filtered(facts, filters, address)),
    ...realserver.flatMap((address) => returns(facts, address)),
  ];
}

function tunnels({ settings, links, received }: Facts): Finding[] {
  const value = (name: string): number => Number(settings.get(`net/ipv4/conf/${name}/rp_filter`)?.value ?? 0);
  return links
    .filter(({ name }) => TUNNELS.includes(name))
    .flatMap(({ name, up }): Finding[] => {
      const about = { part: "realserver", id: "realserver_tunnel", subject: name } as const;
      const found: Finding[] = [];
      // An inner packet comes from a client that another interface leads to.
      if (Math.max(value("all"), value(name)) === STRICT) {
        const text = `rp_filter is strict on ${name}: what comes out of the tunnel is dropped, as its clients are reached by another interface`;
        const cure = `sysctl -w net.ipv4.conf.${name}.rp_filter=2`;
        found.push({ ...about, severity: "degraded", text, cure });
      }
      if (!up) {
        const text = `${name} is down: if the director forwards by "tun", nothing that it sends here arrives`;
        found.push({ ...about, severity: "note", text, cure: `ip link set ${name} up` });
      }
      const { errors, dropped: lost } = received.get(name) ?? { errors: 0, dropped: 0 };
      if (errors + lost > 0) {
        const text = `${name} has received ${errors} packets with errors, and dropped ${lost}`;
        const cure = `see whether that goes on (ip -s -s link show ${name}), and what the director sends`;
        found.push({ ...about, severity: "note", text, cure });
      }
      return found;
    });
}

/** Ports that are listened on and that no connection gets to. Which of them is the service's is known of those alone that are at its address. */
function filtered(facts: Facts, filters: readonly Filter[], address: Ip): Finding[] {
  const family = familyOf(address);
  const ends = facts.links.filter(({ name, up }) => up && TUNNELS.includes(name));
  const names = [...entrances(facts, address), ...ends].map(({ name }) => name);
  const probe = { family, direction: "in", protocol: TCP, source: null, destination: address } as const;
  const opening = { ...probe, flags: ["syn"], state: "new" } as const;
  const drop = (port: number): Dropped | null => everywhere(filters, names, { ...opening, port });
  const about = { part: "realserver", id: "realserver_filter", subject: `${address}` } as const;
  const heard = (at: readonly string[]): number[] =>
    facts.listeners.filter((each) => at.includes(each.address)).map(({ port }) => port);
  const told = (ports: ReadonlySet<number>, severity: Finding["severity"], doubt: string): Finding[] => {
    const found = [...ports].slice(0, PORTS_MAX).flatMap((port) => {
      const by = drop(port);
      return by === null ? [] : [{ port, by }];
    });
    const [first] = found;
    if (first === undefined) return [];
    const listed = found.map(({ port }) => port).join(", ");
    const text = `what comes for ${address} at port ${listed} is dropped (${said(first.by)}), and somebody listens there${doubt}`;
    const service = { family, destination: address, protocol: "tcp", port: first.port } as const;
    return [{ ...about, severity, text, cure: accepting(first.by, service, null) }];
  };
  const own = new Set(heard([address]));
  const all = new Set(heard(family === 4 ? ANY : ["::"])).difference(own);
  return [...told(own, "fault", ""), ...told(all, "note", ": if it is the service, nobody reaches it")];
}

/** What answers a client must not go to the director, and not to ourselves. */
function returns({ routes }: Facts, address: Ip): Finding[] {
  return routes
    .filter(({ prefix, via }) => prefix === 0 && via === address)
    .map((route) => ({
      ...{ part: "realserver", id: "realserver_route", severity: "fault", subject: `${address}` },
      text: `the default route leads to ${address}, which is the director's, and on this host its own: answers do not reach the clients`,
      cure: `ip route replace default via ROUTER dev ${route.interface}, with the address of the router that leads to the clients`,
    }));
}
