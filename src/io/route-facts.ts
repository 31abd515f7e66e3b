/** What the doctor is told of routes and interfaces: files of /proc/net, which are those of our network namespace. */
import type { Ip } from "../base/address.ts";
import { ipFromBytes } from "../base/address.ts";
import type { Facts, ReceiveFact, RouteFact } from "../doctor/facts.ts";
import { addressOf, procLines } from "./proc-lines.ts";

/** Flags of a route (<linux/route.h>, <linux/ipv6_route.h>): usable; refused; to ourselves. */
const RTF = { up: 1, reject: 0x200, local: 0x8000_0000, anycast: 0x0010_0000 } as const;
const ANY6 = "0".repeat(32);

const number = (hex: string): number => Number.parseInt(hex, 16);
const usable = (flags: number): boolean =>
  (flags & RTF.up) !== 0 && (flags & (RTF.reject | RTF.local | RTF.anycast)) === 0;

/** `eth1 00004D0A 00000000 0001 0 0 0 00FFFFFF 0 0 0`: interface, destination, gateway, flags, …, mask, … */
function route4(line: string): RouteFact[] {
  const words = line.trim().split(/\s+/);
  const [name = "", destination = "", gateway = "", flags = "", , , , mask = ""] = words;
  if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(gateway) || !usable(number(flags)))
    return [];
  const prefix = number(mask).toString(2).replaceAll("0", "").length;
  const via = number(gateway) === 0 ? null : addressOf(gateway);
  return [{ destination: addressOf(destination), prefix, via, interface: name }];
}

/** `20010db8… 40 0000… 00 fe80… 00000400 00000001 00000000 00000003 eth1`: destination, length, …, gateway, …, flags, interface */
function route6(line: string): RouteFact[] {
  const words = line.trim().split(/\s+/);
  const [destination = "", length = "", , , gateway = "", , , , flags = "", name = ""] = words;
  if (!/^[0-9a-f]{32}$/.test(destination) || !/^[0-9a-f]{32}$/.test(gateway) || !usable(number(flags)))
    return [];
  const ip = (hex: string): Ip => ipFromBytes(Uint8Array.fromHex(hex));
  const via = gateway === ANY6 ? null : ip(gateway);
  return [{ destination: ip(destination), prefix: number(length), via, interface: name }];
}

/** `  eth1:  1000   10    0    0 …`: bytes, packets, errors, dropped of what came in */
function received(line: string): [string, ReceiveFact][] {
  const [, name, errors, dropped] = /^ *(\S+): *\d+ +\d+ +(\d+) +(\d+) /.exec(line) ?? [];
  return name === undefined ? [] : [[name, { errors: Number(errors), dropped: Number(dropped) }]];
}

export const routeFacts = (): Pick<Facts, "routes" | "received"> => ({
  routes: [
    ...procLines("/proc/net/route").flatMap(route4),
    ...procLines("/proc/net/ipv6_route").flatMap(route6),
  ],
  received: new Map(procLines("/proc/net/dev").flatMap(received)),
});
