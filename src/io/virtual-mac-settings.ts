/**
 * What the kernel must be told so that a macvlan is a router of its own on the same wire: that it alone answers ARP for its addresses
 * and for none of its base's, that the base does not speak in their name, that replies may leave by the base, and that IPv6 does
 * nothing by itself (the kernel's ip-sysctl).
 */
import { interfaceName } from "../../native/interface.ts";
import type { Family } from "../base/address.ts";
import {
  ARP_ANNOUNCE,
  ARP_ANNOUNCE_OWN,
  ARP_IGNORE,
  ARP_IGNORE_ELSEWHERE,
  ARP_IGNORE_OTHERWISE,
} from "./arp-settings.ts";
import type { Setting } from "./sysctl.ts";
import { readSetting, settingName, writeSetting } from "./sysctl.ts";

const v4 = (key: string): Setting => ({ family: 4, key });
const v6 = (key: string): Setting => ({ family: 6, key });

const ARP_FILTER = v4("arp_filter");
const RP_FILTER = v4("rp_filter");
const RP_FILTER_LOOSE = 2;
const FORWARDING: Readonly<Record<Family, Setting>> = { 4: v4("forwarding"), 6: v6("forwarding") };
const DISABLE_IPV6 = v6("disable_ipv6");
/** IPv6 without a will of its own: no addresses but ours, no router advertisements asked for or believed. */
const QUIET6: readonly (readonly [string, number])[] = [
  ["addr_gen_mode", 1],
  ["accept_ra", 0],
  ["autoconf", 0],
  ["router_solicitations", 0],
  ["accept_dad", 0],
  ["keep_addr_on_down", 0],
];

const all = (setting: Setting): number => readSetting("all", setting) ?? 0;

/** Sets it unless it is so, or the kernel does not know it: null, or what went wrong. */
function ensure(link: string, setting: Setting, value: number): string | null {
  const now = readSetting(link, setting);
  return now === null || now === value ? null : writeSetting(link, setting, value);
}

/** Settings of the host that no setting of a device can outweigh; null when there is nothing in the way. */
function hostObstacle(): string | null {
  if (all(ARP_FILTER) !== 0) {
    return `${settingName("all", ARP_FILTER)} = ${all(ARP_FILTER)} keeps a virtual MAC from answering ARP; cure: set it to 0`;
  }
  if (all(ARP_IGNORE) >= ARP_IGNORE_OTHERWISE) {
    return `${settingName("all", ARP_IGNORE)} = ${all(ARP_IGNORE)} keeps a virtual MAC from answering ARP; cure: set it to 0, 1 or 2`;
  }
  return null;
}

/** Sets what a device of ours needs; null, or what went wrong. */
export function prepareDevice(name: string, base: number, families: readonly Family[]): string | null {
  const obstacle = families.includes(4) ? hostObstacle() : null;
  if (obstacle !== null) return obstacle;
  const below = interfaceName(base);
  const wanted: [Setting, number][] = [
    [ARP_IGNORE, ARP_IGNORE_ELSEWHERE],
    [ARP_ANNOUNCE, ARP_ANNOUNCE_OWN],
    [ARP_FILTER, 0],
    // The larger one of this and that of `all` holds: where `all` is strict, loose makes an exception, 0 would not.
    [RP_FILTER, all(RP_FILTER) === 0 ? 0 : RP_FILTER_LOOSE],
    [DISABLE_IPV6, families.includes(6) ? 0 : 1],
  ];
  if (families.includes(6)) for (const [key, value] of QUIET6) wanted.push([v6(key), value]);
  // What is sent to the virtual router is to be forwarded as if it had come to the interface below.
  for (const family of families) {
    const forwards = below === null ? null : readSetting(below, FORWARDING[family]);
    if (forwards !== null) wanted.push([FORWARDING[family], forwards]);
  }
  for (const [setting, value] of wanted) {
    const wrong = ensure(name, setting, value);
    if (wrong !== null) return wrong;
  }
  return null;
}
