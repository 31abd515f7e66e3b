/** Whether what clients send fits into the tunnels that lead to real servers. */
import { familyOf } from "../base/address.ts";
import type { Config } from "../config/model.ts";
import type { ServiceConfig } from "../config/service-model.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { entrances, routeTo } from "./ways.ts";

/** Bytes of an outer header: IPv4, IPv6. */
const OUTER = { 4: 20, 6: 40 } as const;
/** Bytes of the headers of IP and TCP without options. */
const INNER = { 4: 40, 6: 60 } as const;

/** All findings about the width of tunnels. */
export const tunnelWidthFindings = (facts: Facts, { services }: Config): readonly Finding[] =>
  services.flatMap((service) => width(facts, service));

/** The servers of a service that are behind a narrow tunnel, those of one width together. */
function width(facts: Facts, { name, service: { id }, servers }: ServiceConfig): Finding[] {
  const mtus = entrances(facts, id.kind === "address" ? id.address : null).map(({ mtu }) => mtu);
  if (mtus.length === 0) return [];
  const full = Math.min(...mtus);
  const narrow = servers.flatMap((server) => {
    const { address, forward } = server.destination;
    const way = forward === "tun" ? routeTo(facts, address) : null;
    const link = facts.links.find((each) => each.name === way?.interface);
    if (link === undefined) return [];
    const room = link.mtu - OUTER[familyOf(address)];
    return room < full ? [{ server: server.name, room, link }] : [];
  });
  return [...Map.groupBy(narrow, ({ room, link }) => `${room} ${link.name}`).values()].flatMap(
    (alike): Finding[] => {
      const [first] = alike;
      if (first === undefined) return [];
      const { room, link } = first;
      const family = id.kind === "address" ? familyOf(id.address) : id.family;
      const to = alike.map(({ server }) => server).join(", ");
      return [
        {
          ...{ part: "director", id: "ipvs_mtu", severity: "note", subject: name },
          text: `the tunnel to ${to} takes packets of ${room} bytes, and clients send up to ${full}: what is larger is refused by ICMP, and lost where that does not reach them`,
          cure: `have the servers ask for less (ip route change … advmss ${room - INNER[family]}), which cannot be seen from here, or raise the MTU of ${link.name} and of all behind it to ${full + link.mtu - room}`,
        },
      ];
    },
  );
}
