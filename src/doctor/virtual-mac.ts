/** What keeps a router from having its virtual MAC address on this host: it would be in fault, and says the same then. */
import type { Config, RouterConfig } from "../config/model.ts";
import { familyOf } from "../base/address.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** From here on arp_ignore answers for what other interfaces have as well, or for nothing (the kernel's ip-sysctl). */
const ARP_IGNORE_OTHERWISE = 3;
const ARP_ANNOUNCE_OWN = 2;

interface Obstacle {
  readonly text: string;
  readonly cure: string;
}

/** All findings about virtual MAC addresses. */
export function virtualMacFindings(facts: Facts, { routers }: Config): readonly Finding[] {
  return routers
    .filter(({ virtualMac }) => virtualMac !== false)
    .flatMap((router) =>
      obstacles(facts, router).map((obstacle): Finding => ({
        part: "vrrp",
        id: "virtual_mac",
        severity: "fault",
        subject: router.name,
        ...obstacle,
      })),
    );
}

function obstacles(facts: Facts, router: RouterConfig): Obstacle[] {
  const own = router.interface;
  const link = facts.links.find(({ name }) => name === own);
  if (link?.ethernet === false) {
    return [
      { text: `${own} has no Ethernet address, so no virtual MAC on it`, cure: "leave virtual_mac out" },
    ];
  }
  const bridge = facts.bridges.find((each) => each.interface === own && each.name !== own);
  if (bridge !== undefined) {
    return [
      {
        text: `${own} is a port of ${bridge.name}, which takes all that a virtual MAC on it would get`,
        cure: `write interface = "${bridge.name}"`,
      },
    ];
  }
  const carried = [...router.addresses, ...router.excludedAddresses];
  const four = carried.some((each) => each.interface === own && familyOf(each.address) === 4);
  return four ? settings(facts, own) : [];
}

function settings({ settings: known }: Facts, own: string): Obstacle[] {
  const get = (name: string, key: string): number =>
    Number(known.get(`net/ipv4/conf/${name}/${key}`)?.value ?? 0);
  const found: Obstacle[] = [];
  const told = (key: string, cure: string): void =>
    void found.push({
      text: `net.ipv4.conf.all.${key} = ${get("all", key)} keeps a virtual MAC from answering ARP`,
      cure: `sysctl -w net.ipv4.conf.all.${key}=${cure}`,
    });
  if (get("all", "arp_filter") !== 0) told("arp_filter", "0");
  if (get("all", "arp_ignore") >= ARP_IGNORE_OTHERWISE) told("arp_ignore", "1");
  const ignore = Math.max(get("all", "arp_ignore"), get(own, "arp_ignore"));
  const announce = Math.max(get("all", "arp_announce"), get(own, "arp_announce"));
  const borrows = ignore === 0 || announce < ARP_ANNOUNCE_OWN;
  if (borrows && known.get(`net/ipv4/conf/${own}/arp_ignore`)?.writable === false) {
    found.push({
      text: `/proc/sys is read-only, and ${own} needs arp_ignore = 1 and arp_announce = 2 while a virtual MAC is up on it`,
      cure: "mount /proc/sys writable for this container, or set both on its host",
    });
  }
  return found;
}
