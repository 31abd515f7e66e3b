/** What keeps a host from being a silent real server: addresses of services where they are answered for, and settings of ARP. */
import type { Ip } from "../base/address.ts";
import { addressBits, familyOf } from "../base/address.ts";
import type { Config } from "../config/model.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { wayFindings } from "./realserver-ways.ts";

const LOOPBACK = "lo";
/** Levels of the kernel's ip-sysctl: 1 and 2 answer for the interface's own addresses only, 8 for none. */
const IGNORES: readonly number[] = [1, 2, 8];
const ANNOUNCES_OWN = 2;

/** All findings about `[realserver]`. */
export function realServerFindings(facts: Facts, { realserver }: Config): readonly Finding[] {
  return [
    ...realserver.flatMap((address) => placed(facts, address)),
    ...speaking(
      facts,
      realserver.filter((address) => familyOf(address) === 4),
    ),
    ...realserver.flatMap((address) => unheard(facts, address)),
    ...wayFindings(facts, realserver),
  ];
}

function placed(facts: Facts, address: Ip): Finding[] {
  const about = { part: "realserver", subject: `${address}` } as const;
  const found = facts.addresses
    .filter((each) => each.address === address)
    .map((each) => ({ ...each, on: facts.links.find(({ index }) => index === each.index)?.name ?? "?" }));
  const bits = addressBits(familyOf(address));
  const wrong = found.flatMap(({ on, prefix }): Finding[] => {
    const cure = `ip addr del ${address}/${prefix} dev ${on}, and take it out of what put it there`;
    if (on !== LOOPBACK) {
      const text = `${on} has ${address}, and answers ARP for it in the director's place`;
      return [{ ...about, id: "realserver_address", severity: "fault", text, cure }];
    }
    if (prefix === bits) return [];
    const text = `${address}/${prefix} on ${LOOPBACK} makes the whole network local: its hosts cannot be reached`;
    return [{ ...about, id: "realserver_address", severity: "fault", text, cure }];
  });
  if (wrong.length > 0 || found.length > 0) return wrong;
  const text = `${LOOPBACK} does not carry ${address}: what the director sends here for it is thrown away`;
  const cure =
    "start the agent, or haagent realserver start; if it runs, haagent status says what is in the way";
  return [{ ...about, id: "realserver_missing", severity: "degraded", text, cure }];
}

/** Interfaces that answer or speak for addresses of lo; as long as it has none of them, only where an agent could not change that. */
function speaking({ settings, links, addresses }: Facts, realserver: readonly Ip[]): Finding[] {
  if (realserver.length === 0) return [];
  const lo = links.find(({ name }) => name === LOOPBACK)?.index;
  const carried = addresses.some(({ index, address }) => index === lo && realserver.includes(address));
  const get = (name: string, key: string): number =>
    Number(settings.get(`net/ipv4/conf/${name}/${key}`)?.value ?? 0);
  const own = Number(get(LOOPBACK, "arp_ignore") > 0) + Number(get(LOOPBACK, "arp_announce") > 0);
  const hint = own > 0 ? `; the settings of ${LOOPBACK} do nothing` : "";
  return links
    .filter(({ ethernet }) => ethernet)
    .flatMap(({ name }): Finding[] => {
      const effective = (key: string): number => Math.max(get("all", key), get(name, key));
      const answers = !IGNORES.includes(effective("arp_ignore"));
      const announces = effective("arp_announce") < ANNOUNCES_OWN;
      if (!answers && !announces) return [];
      const stuck =
        settings.get(`net/ipv4/conf/${name}/arp_ignore`)?.writable === false ||
        (answers && get("all", "arp_ignore") > 0);
      if (!carried && !stuck) return [];
      return [
        {
          ...{ part: "realserver", id: "realserver_arp", severity: "fault", subject: name },
          text: `${name} ${answers ? "answers ARP for" : "names in its ARP requests"} addresses of ${LOOPBACK}: clients would come here past the director${hint}`,
          cure: `sysctl -w net.ipv4.conf.${name}.arp_ignore=1 net.ipv4.conf.${name}.arp_announce=2, and net.ipv4.conf.all.arp_ignore=0`,
        },
      ];
    });
}

/** Ports at which somebody listens on an address of this host alone. Which of them is the service's nobody knows here. */
function unheard({ listeners, addresses, links }: Facts, address: Ip): Finding[] {
  const lo = links.find(({ name }) => name === LOOPBACK)?.index;
  const own = new Set(addresses.filter(({ index }) => index !== lo).map((each) => each.address));
  return [...Map.groupBy(listeners, ({ port }) => port)].flatMap(([port, sockets]): Finding[] => {
    const alone = sockets.find(
      (each) => own.has(each.address) && familyOf(each.address) === familyOf(address),
    );
    const heard = sockets.some(
      (each) => each.address === address || each.address === "::" || each.address === "0.0.0.0",
    );
    if (alone === undefined || heard) return [];
    return [
      {
        ...{ part: "realserver", id: "realserver_listener", severity: "note", subject: `${address}` },
        text: `port ${port} is listened on at ${alone.address} and not at ${address}: if it is the service's, its connections are refused`,
        cure: `have it listen on ${address}, too, or on all addresses`,
      },
    ];
  });
}
