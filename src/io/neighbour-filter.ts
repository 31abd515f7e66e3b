/** Of what neighbours say, only that which gives somebody's link-layer address for one of some addresses: classic BPF, as in filter.ts. */
import type { Instruction } from "../../native/socket.ts";
import type { Family, Ip } from "../base/address.ts";
import { ipBytes } from "../base/address.ts";
import { equals, load, refused, taken, toUs } from "./filter.ts";

/** Offsets in an ARP message (RFC 826), and in an IPv6 packet without extension headers that carries ICMPv6 (RFC 8200 3, RFC 4861 4.4). */
const ARP_SENDER = 14;
const NEXT_HEADER = 6;
const ICMP_TYPE = 40;
const TARGET_TAIL = 40 + 8 + 12;
const ICMPV6 = 58;
const ADVERTISEMENT = 136;

/** The last four bytes, in network order. */
function tailOf(address: Ip): number {
  const bytes = ipBytes(address);
  return bytes.subarray(-4).reduce((value, byte) => value * 256 + byte, 0);
}

/**
 * What came in on interface `index` about these addresses, a thousand at most; of IPv6 addresses their last four bytes are compared,
 * and whoever reads it compares the rest.
 */
export function neighbourFilter(family: Family, index: number, addresses: readonly Ip[]): Instruction[] {
  const tails = new Set(addresses.map(tailOf));
  return [
    ...toUs(index),
    ...(family === 4
      ? [load("word", ARP_SENDER)]
      : [
          load("byte", NEXT_HEADER),
          ...[equals(ICMPV6, 1, 0), refused],
          load("byte", ICMP_TYPE),
          ...[equals(ADVERTISEMENT, 1, 0), refused],
          load("word", TARGET_TAIL),
        ]),
    ...[...tails].flatMap((tail) => [equals(tail, 0, 1), taken]),
    refused,
  ];
}
