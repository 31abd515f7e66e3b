/** The interfaces of the configuration: there and up, wide enough for an advert, and with settings that let addresses move. */
import type { Link } from "../agent/boundary.ts";
import { advertLength } from "../agent/send.ts";
import type { Ip } from "../base/address.ts";
import { ipBytes } from "../base/address.ts";
import type { AddressConfig, Config, RouterConfig } from "../config/model.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

const carried = ({ addresses, excludedAddresses }: RouterConfig): readonly AddressConfig[] => [
  ...addresses,
  ...excludedAddresses,
];

/** All findings about interfaces. */
export function linkFindings(facts: Facts, { routers }: Config): readonly Finding[] {
  const names = new Set(
    routers.flatMap((router) => [router.interface, ...carried(router).map((each) => each.interface)]),
  );
  const findings = [...names].flatMap((name) => [
    ...presence(facts, name),
    ...reversePath(facts, name, routers),
    ...arp(facts, name, routers),
    ...promotion(facts, name, routers),
  ]);
  return [...findings, ...routers.flatMap((router) => width(facts, router))];
}

const linkOf = ({ links }: Facts, name: string): Link | undefined => links.find((link) => link.name === name);

function presence(facts: Facts, name: string): Finding[] {
  const link = linkOf(facts, name);
  const about = { part: "vrrp", id: "interface", severity: "fault", subject: name } as const;
  if (link === undefined) {
    const cure = `make it, or name another: ${facts.links.map((each) => each.name).join(", ")}`;
    return [{ ...about, text: `there is no interface ${name}`, cure }];
  }
  if (!link.up) return [{ ...about, text: `${name} is down`, cure: `ip link set ${name} up` }];
  if (!link.carrier)
    return [{ ...about, text: `${name} has no carrier`, cure: "look at its cable and its port" }];
  return [];
}

/** What the kernel goes by: the larger of `all` and the interface's own (networking/ip-sysctl of the kernel). */
function effective({ settings }: Facts, name: string, key: string): number | null {
  const values = ["all", name].map((each) => settings.get(`net/ipv4/conf/${each}/${key}`)?.value);
  const known = values.filter((value) => value !== undefined).map(Number);
  return known.length === 0 ? null : Math.max(...known);
}

const addressesOn = (routers: readonly RouterConfig[], name: string): AddressConfig[] =>
  routers.flatMap(carried).filter((each) => each.interface === name && !each.address.includes(":"));

function reversePath(facts: Facts, name: string, routers: readonly RouterConfig[]): Finding[] {
  if (addressesOn(routers, name).length === 0 || effective(facts, name, "rp_filter") !== 1) return [];
  return [
    {
      part: "vrrp",
      id: "rp_filter",
      severity: "degraded",
      subject: name,
      text:
        `rp_filter is strict on ${name}: packets that come in by another way than the answers would leave are dropped, ` +
        "as happens when this node holds only some of a pair's addresses",
      cure: `sysctl -w net.ipv4.conf.${name}.rp_filter=2 (loose; the larger of all and ${name} counts)`,
    },
  ];
}

const prefixed = (ip: Ip, prefix: number): string =>
  Array.from(ipBytes(ip), (byte) => byte.toString(2).padStart(8, "0"))
    .join("")
    .slice(0, prefix);

/** The other interfaces that have an address in the subnet of one of these. */
function neighbours({ links, addresses }: Facts, name: string, virtual: readonly AddressConfig[]): string[] {
  const others = links.filter((link) => link.name !== name && link.up && link.ethernet);
  return others
    .filter(({ index }) =>
      addresses.some(
        (own) =>
          own.index === index &&
          own.prefix < 32 &&
          virtual.some(({ address }) => prefixed(address, own.prefix) === prefixed(own.address, own.prefix)),
      ),
    )
    .map((link) => link.name);
}

/** arp_ignore, arp_announce and arp_filter: who answers for an address, and in whose name (ip-sysctl). */
function arp(facts: Facts, name: string, routers: readonly RouterConfig[]): Finding[] {
  const virtual = addressesOn(routers, name);
  const [first] = virtual;
  if (first === undefined || linkOf(facts, name)?.ethernet !== true) return [];
  const findings: Finding[] = [];
  const about = { part: "vrrp", subject: name } as const;
  const ignore = effective(facts, name, "arp_ignore");
  const host = virtual.find(({ prefix }) => prefix === 32);
  if (ignore === 8 || (ignore === 2 && host !== undefined)) {
    const { address } = ignore === 8 ? first : (host ?? first);
    const why = ignore === 8 ? "" : ", as it shares no subnet with whoever asks";
    findings.push({
      ...about,
      id: "arp_ignore",
      severity: "fault",
      text: `arp_ignore=${ignore} on ${name}: nobody gets an answer to ARP for ${address}${why}`,
      cure: `sysctl -w net.ipv4.conf.${name}.arp_ignore=1, and net.ipv4.conf.all.arp_ignore no higher`,
    });
  }
  const [twin] = neighbours(facts, name, virtual);
  if (twin === undefined) return findings;
  if (effective(facts, twin, "arp_ignore") === 0) {
    findings.push({
      ...about,
      id: "arp_ignore",
      severity: "degraded",
      text: `${twin} is in the subnet of ${first.address} too, and with arp_ignore=0 it answers ARP for the address with its own MAC`,
      cure: "sysctl -w net.ipv4.conf.all.arp_ignore=1",
    });
  }
  if ((effective(facts, twin, "arp_announce") ?? 2) < 2) {
    findings.push({
      ...about,
      id: "arp_announce",
      severity: "degraded",
      text: `${twin} is in the subnet of ${first.address} too, and without arp_announce=2 it may ask for others in that name`,
      cure: "sysctl -w net.ipv4.conf.all.arp_announce=2",
    });
  }
  if (effective(facts, name, "arp_filter") === 1) {
    findings.push({
      ...about,
      id: "arp_filter",
      severity: "degraded",
      text: `arp_filter=1 on ${name}: ARP for ${first.address} is answered only where the route back leaves by ${name}, and ${twin} is in the same subnet`,
      cure: `sysctl -w net.ipv4.conf.${name}.arp_filter=0 net.ipv4.conf.all.arp_filter=0, with arp_ignore=1`,
    });
  }
  return findings;
}

/** The agent sets promote_secondaries itself while it holds an address, where it can. */
function promotion(facts: Facts, name: string, routers: readonly RouterConfig[]): Finding[] {
  const own = facts.settings.get(`net/ipv4/conf/${name}/promote_secondaries`);
  if (own === undefined || own.writable || effective(facts, name, "promote_secondaries") === 1) return [];
  if (addressesOn(routers, name).length === 0) return [];
  return [
    {
      part: "vrrp",
      id: "promote_secondaries",
      severity: "degraded",
      subject: name,
      text:
        `promote_secondaries=0 on ${name} and /proc/sys cannot be written: if the first address of a subnet is removed, ` +
        "the kernel takes the others of that subnet along, virtual ones too",
      cure: `sysctl -w net.ipv4.conf.${name}.promote_secondaries=1 on the host of this container, or mount /proc/sys writable`,
    },
  ];
}

/** Whether an advert with all its addresses fits in a packet: it is never sent in fragments. */
function width(facts: Facts, router: RouterConfig): Finding[] {
  const { name, interface: own } = router;
  const link = linkOf(facts, own);
  const bytes = advertLength(router);
  if (link === undefined || bytes <= link.mtu) return [];
  return [
    {
      part: "vrrp",
      id: "mtu",
      severity: "fault",
      subject: own,
      text: `an advert of ${name} has ${bytes} bytes and the MTU of ${own} is ${link.mtu}: it cannot be sent`,
      cure: `raise the MTU on all of the link, or move addresses to excluded_addresses on all nodes of ${name}`,
    },
  ];
}
