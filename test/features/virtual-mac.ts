/** Boxes with virtual MAC addresses: what their kernel shows of the devices, and where the switch has learnt an address. */
import type { Namespace } from "../lab/namespace.ts";

/** What ip(8) shows of a macvlan. */
export interface Device {
  readonly ifname: string;
  readonly link: string;
  readonly address: string;
  readonly mode: string;
  readonly up: boolean;
  readonly index: number;
}

interface LinkJson {
  readonly ifindex: number;
  readonly ifname: string;
  readonly link?: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly linkinfo?: { readonly info_kind: string; readonly info_data?: { readonly mode?: string } };
}

/** The macvlans of a box, by name. */
export async function devicesOf(namespace: Namespace): Promise<Device[]> {
  const links: LinkJson[] = JSON.parse(await namespace.run(["ip", "-j", "-d", "link", "show"]));
  return links
    .filter(({ linkinfo }) => linkinfo?.info_kind === "macvlan")
    .map(({ ifindex, ifname, link = "", address, flags, linkinfo }) => ({
      ifname,
      link,
      address,
      mode: linkinfo?.info_data?.mode ?? "",
      up: flags.includes("UP"),
      index: ifindex,
    }));
}

/** Values of net.ipv4.conf or net.ipv6.conf settings of an interface, by key. */
export async function settings(
  namespace: Namespace,
  link: string,
  family: 4 | 6,
  keys: readonly string[],
): Promise<Record<string, number>> {
  const paths = keys.map((key) => `/proc/sys/net/ipv${family}/conf/${link}/${key}`);
  const values = (await namespace.run(["cat", ...paths])).trim().split("\n").map(Number);
  return Object.fromEntries(keys.map((key, at) => [key, values[at] ?? Number.NaN]));
}

/** The port at which a bridge has learnt a link-layer address; null when it knows none. */
export async function learntAt(wiring: Namespace, bridge: string, mac: string): Promise<string | null> {
  const entries: { readonly mac: string; readonly ifname: string; readonly flags?: readonly string[] }[] =
    JSON.parse(await wiring.run(["bridge", "-j", "fdb", "show", "br", bridge, "dynamic"]));
  return entries.find((entry) => entry.mac === mac)?.ifname ?? null;
}
