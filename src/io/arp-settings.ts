/**
 * How an interface speaks in ARP of the addresses of others: the settings, and having it say nothing (the kernel's ip-sysctl). For each
 * the larger one of the interface's and that of `all` holds.
 */
import { interfaceName } from "../../native/interface.ts";
import type { Family } from "../base/address.ts";
import type { BorrowedSettings, Setting } from "./sysctl.ts";
import { readSetting, settingName, writeSetting } from "./sysctl.ts";

const v4 = (key: string): Setting => ({ family: 4, key });

/** An address is answered for by the interface that has it. */
export const ARP_IGNORE = v4("arp_ignore");
export const ARP_IGNORE_ELSEWHERE = 1;
/** From here on an interface answers for what others have as well, or for nothing. */
export const ARP_IGNORE_OTHERWISE = 3;
/** And from here on for nothing at all. */
const ARP_IGNORE_EVERYTHING = 8;
/** ARP requests name the best address of the interface itself, never that of the packet that waits. */
export const ARP_ANNOUNCE = v4("arp_announce");
export const ARP_ANNOUNCE_OWN = 2;

const effective = (link: string, setting: Setting): number =>
  Math.max(readSetting("all", setting) ?? 0, readSetting(link, setting) ?? 0);

/** Whether an interface with that arp_ignore answers for addresses of others. */
const answersForOthers = (ignore: number): boolean =>
  ignore === 0 || (ignore >= ARP_IGNORE_OTHERWISE && ignore < ARP_IGNORE_EVERYTHING);

/** What an interface must have to say nothing of addresses that others have, as far as it has not. */
function needed(index: number, families: readonly Family[]): [Setting, number][] {
  const link = interfaceName(index);
  if (link === null || !families.includes(4)) return [];
  const wanted: [Setting, number][] = [];
  const ignore = effective(link, ARP_IGNORE);
  if (answersForOthers(ignore)) {
    wanted.push([ARP_IGNORE, ARP_IGNORE_ELSEWHERE]);
  }
  if (effective(link, ARP_ANNOUNCE) < ARP_ANNOUNCE_OWN) wanted.push([ARP_ANNOUNCE, ARP_ANNOUNCE_OWN]);
  return wanted;
}

/** Whether {@link borrowSilence} will be able to do its work; null, or what is in the way. */
export function judgeSilence(index: number, families: readonly Family[]): string | null {
  const link = interfaceName(index);
  if (link === null) return null;
  for (const [setting] of needed(index, families)) {
    const wrong = writeSetting(link, setting, readSetting(link, setting) ?? 0);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** Has an interface say nothing of addresses of other interfaces until that is given back; null, or what went wrong. */
export function borrowSilence(
  borrowed: BorrowedSettings,
  index: number,
  families: readonly Family[],
): string | null {
  for (const [setting, value] of needed(index, families)) {
    const wrong = borrowed.borrow(index, setting, value);
    if (wrong !== null) return wrong;
  }
  return null;
}

/** How an interface speaks in ARP of IPv4 addresses that others have; null where it does not, or is gone. */
export function leaksArp(link: string): string | null {
  if (readSetting(link, ARP_IGNORE) === null) return null;
  const ignore = effective(link, ARP_IGNORE);
  if (answersForOthers(ignore)) {
    return `${link} answers ARP for it: ${settingName(link, ARP_IGNORE)} and that of all give ${ignore}`;
  }
  const announce = effective(link, ARP_ANNOUNCE);
  if (announce >= ARP_ANNOUNCE_OWN) return null;
  return `${link} speaks of it in ARP: ${settingName(link, ARP_ANNOUNCE)} and that of all give ${announce}`;
}
