/**
 * What the packet filters of this host do to VRRP and to the messages by which switches learn who listens. haagent receives by packet
 * sockets, and sends multicast on Ethernet by them: both are beyond the filters (packet(7)). The kernel's own IGMP and MLD are not,
 * nor is what is sent by raw IP, and whoever else speaks VRRP here.
 */
import type { Family, Ip } from "../base/address.ts";
import { isMulticast } from "../base/address.ts";
import type { Config, RouterConfig } from "../config/model.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import type { Dropped, Filter } from "./filters.ts";
import { dropped, inserted, readFilters, said } from "./filters.ts";
import type { Probe } from "./ruleset.ts";

const VRRP = 112;
const AH = 51;
/** Messages about group members: IGMP (RFC 3376), MLD as ICMPv6 (RFC 3810). */
const MEMBERSHIP: Readonly<Record<Family, number>> = { 4: 2, 6: 58 };
/** Where queries come to and reports go to: all systems and IGMPv3 routers, all nodes and MLDv2 routers. */
const QUERIES: Readonly<Record<Family, Ip>> = { 4: "224.0.0.1" as Ip, 6: "ff02::1" as Ip };
const REPORTS: Readonly<Record<Family, Ip>> = { 4: "224.0.0.22" as Ip, 6: "ff02::16" as Ip };

/** All findings about packet filters. */
export function firewallFindings(facts: Facts, { routers }: Config): readonly Finding[] {
  const filters = readFilters(facts);
  const findings = routers.flatMap((router) => [
    ...adverts(facts, filters, router),
    ...membership(filters, router),
  ]);
  // Routers of one interface have the same trouble.
  const once = new Map(findings.map((finding) => [JSON.stringify(finding), finding]));
  return [...unread(facts, filters), ...once.values()];
}

function unread({ filters: printed }: Facts, filters: readonly Filter[]): Finding[] {
  if (filters.length > 0) return [];
  const why = printed.map(({ program, failure }) => `${program}: ${failure ?? "not understood"}`).join("; ");
  return [
    {
      part: "vrrp",
      id: "firewall_unread",
      severity: "note",
      subject: "packet filter",
      text: `its rules cannot be read (${why}), so nothing is known of them`,
      cure: "run the doctor as root; install nft or iptables if this host has rules at all",
    },
  ];
}

/** What is known of no packet of these. A group's packets are never answered, so to the kernel each begins a connection. */
const packet = (destination: Ip): Pick<Probe, "destination" | "port" | "flags" | "state"> => ({
  ...{ destination, port: null, flags: null },
  state: isMulticast(destination) ? "new" : null,
});

/** The rule that lets such packets through that chain. */
function accepting(
  by: Dropped,
  { direction, interface: link, protocol }: Pick<Probe, "direction" | "interface" | "protocol">,
): string {
  const incoming = direction === "in";
  return inserted(
    by,
    [`${incoming ? "iifname" : "oifname"} "${link}" meta l4proto ${protocol}`],
    [`${incoming ? "-i" : "-o"} ${link} -p ${protocol}`],
  );
}

function adverts(facts: Facts, filters: readonly Filter[], router: RouterConfig): Finding[] {
  const { interface: own, family, multicastGroup, unicastPeers, unicastSource } = router;
  const unicast = unicastPeers.length > 0;
  const ethernet = facts.links.find(({ name }) => name === own)?.ethernet ?? true;
  const probe = { family, interface: own, protocol: router.auth.type === "ah" ? AH : VRRP } as const;
  const about = { part: "vrrp", id: "firewall", subject: own } as const;
  const findings: Finding[] = [];
  const peers = unicast ? unicastPeers.map(({ address }) => address) : [null];
  const incoming = peers.map((source) =>
    dropped(filters, { ...probe, ...packet(unicastSource ?? multicastGroup), direction: "in", source }),
  );
  const inward = incoming.find((chain) => chain !== null) ?? null;
  if (inward !== null && (!unicast || unicastSource !== null)) {
    findings.push({
      ...about,
      severity: "note",
      text:
        `VRRP (protocol ${probe.protocol}) is dropped on its way in by ${own} (${said(inward)}): haagent hears it all the same, ` +
        "as its sockets come before the filter; keepalived in its place would not",
      cure: accepting(inward, { ...probe, direction: "in" }),
    });
  }
  if (!unicast && ethernet) return findings;
  const destinations = unicast ? unicastPeers.map(({ address }) => address) : [multicastGroup];
  const outward =
    destinations
      .map((destination) =>
        dropped(filters, { ...probe, ...packet(destination), direction: "out", source: unicastSource }),
      )
      .find((each) => each !== null) ?? null;
  if (outward !== null) {
    findings.push({
      ...about,
      severity: "fault",
      text: `VRRP (protocol ${probe.protocol}) is dropped on its way out by ${own} (${said(outward)}): the peers hear nothing and take over`,
      cure: accepting(outward, { ...probe, direction: "out" }),
    });
  }
  return findings;
}

function membership(filters: readonly Filter[], router: RouterConfig): Finding[] {
  const { interface: own, family, unicastPeers } = router;
  if (unicastPeers.length > 0) return [];
  const probe = { family, interface: own, protocol: MEMBERSHIP[family], source: null } as const;
  const name = family === 4 ? "IGMP" : "MLD";
  const ways = [
    ["in", QUERIES[family], "queries"],
    ["out", REPORTS[family], "reports"],
  ] as const;
  return ways.flatMap(([direction, destination, what]): Finding[] => {
    const drop = dropped(filters, { ...probe, ...packet(destination), direction });
    if (drop === null) return [];
    return [
      {
        part: "vrrp",
        id: "firewall_membership",
        severity: "degraded",
        subject: own,
        text: `${name} ${what} are dropped on ${own} (${said(drop)}): a switch that snoops may stop sending adverts here, and both nodes become master`,
        cure: accepting(drop, { ...probe, direction }),
      },
    ];
  });
}
