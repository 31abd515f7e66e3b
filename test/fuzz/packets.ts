/** The decoders of IP, ARP and neighbour advertisements under fuzz. */
import type { Arp, ArpError } from "../../src/wire/arp.ts";
import { decodeArp, encodeArp } from "../../src/wire/arp.ts";
import { checksum, sumPseudoHeader, sumWords } from "../../src/wire/checksum.ts";
import type { IpError, IpPacket } from "../../src/wire/ip.ts";
import { decodeIp, encodeIp } from "../../src/wire/ip.ts";
import type { NeighbourAdvertisement, NeighbourError } from "../../src/wire/ndp.ts";
import {
  decodeNeighbourAdvertisement,
  encodeNeighbourAdvertisement,
  PROTOCOL_ICMPV6,
} from "../../src/wire/ndp.ts";
import { CAPTURES, packetsOf } from "../golden/captures.ts";
import { ip } from "../wire/address.ts";
import { hex } from "../wire/hex.ts";
import type { LengthField } from "./mutate.ts";
import { codec, difference, putWord } from "./target.ts";

const network = (at: number, bytes: 1 | 2): LengthField => ({ at, bytes, order: "network" });

/** Captured packets, each once. */
export function captured(family: "ip4" | "ip6" | "arp"): Uint8Array[] {
  const all = CAPTURES.flatMap((name) => packetsOf(name)[family]);
  return [...new Map(all.map((bytes) => [bytes.toHex(), bytes])).values()];
}

/** The packet's bytes without all that is not kept of them: class, flags, options, flow label, checksum. */
function plainIp(packet: IpPacket, bytes: Uint8Array): Uint8Array {
  const header = packet.family === 4 ? 20 : 40;
  const plain = new Uint8Array(header + packet.payload.length);
  plain.set(bytes.subarray(0, header));
  plain.set(packet.payload, header);
  if (packet.family === 4) {
    plain.set([0x45, 0xc0], 0);
    putWord(plain, 2, plain.length);
    putWord(plain, 6, 0);
    putWord(plain, 10, 0);
    putWord(plain, 10, checksum(sumWords(plain, 0, header)));
  } else {
    plain.set([0x6c, 0, 0, 0], 0);
  }
  return plain;
}

function checkIp(packet: IpPacket, bytes: Uint8Array): string | null {
  const identification = packet.family === 4 ? ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0) : 0;
  return difference(encodeIp(packet, identification), plainIp(packet, bytes));
}

export const ip4 = codec<IpPacket, IpError>({
  name: "ip4",
  golden: captured("ip4"),
  lengthFields: [network(0, 1), network(2, 2), network(6, 2)],
  watch: true,
  errors: {
    truncated: "reached",
    version: "reached",
    header: "reached",
    checksum: "reached",
    fragment: "reached",
  },
  decode: (bytes) => decodeIp(4, bytes),
  check: checkIp,
  repair: (random, bytes) => {
    if (random.below(2) === 0) putWord(bytes, 2, bytes.length);
    putWord(bytes, 10, 0);
    const header = ((bytes[0] ?? 0) & 0x0f) * 4;
    if (header <= bytes.length) putWord(bytes, 10, checksum(sumWords(bytes, 0, header)));
  },
});

export const ip6 = codec<IpPacket, IpError>({
  name: "ip6",
  golden: captured("ip6"),
  lengthFields: [network(4, 2), network(6, 1)],
  watch: true,
  errors: {
    truncated: "reached",
    version: "reached",
    header: "never",
    checksum: "never",
    fragment: "reached",
  },
  decode: (bytes) => decodeIp(6, bytes),
  check: checkIp,
  repair: (_, bytes) => putWord(bytes, 4, bytes.length - 40),
});

export const arp = codec<Arp, ArpError>({
  name: "arp",
  golden: captured("arp"),
  lengthFields: [network(4, 1), network(5, 1), network(6, 2)],
  watch: true,
  errors: { truncated: "reached", medium: "reached", operation: "reached" },
  decode: decodeArp,
  check: (value, bytes) => difference(encodeArp(value), bytes.slice(0, 28)),
  repair: (random, bytes) => {
    if (bytes.length >= 8) bytes.set([0, 1, 8, 0, 6, 4, 0, 1 + random.below(2)]);
  },
});

function checkNeighbour(value: NeighbourAdvertisement, bytes: Uint8Array): string | null {
  const { source, destination, target, router, solicited, override, mac } = value;
  if (solicited || !override || mac === null || source !== target || destination !== ip("ff02::1")) {
    return null;
  }
  const encoded = encodeNeighbourAdvertisement(mac, target, router);
  const again = decodeNeighbourAdvertisement(encoded);
  if (!again.ok || !Bun.deepEquals(again.value, value)) return "does not come back";
  // Other options may stand beside the address. Without any: every byte but those which are not kept.
  if (bytes[4] !== 0 || bytes[5] !== 32) return null;
  const wanted = bytes.slice(0, 72);
  wanted.set([0x60, 0, 0, 0], 0);
  wanted.set([(wanted[44] ?? 0) & 0xe0, 0, 0, 0], 44);
  wanted.set(encoded.subarray(42, 44), 42);
  return difference(encoded, wanted);
}

export const ndp = codec<NeighbourAdvertisement, NeighbourError>({
  name: "ndp",
  golden: [
    ...captured("ip6").filter((bytes) => bytes[6] === PROTOCOL_ICMPV6),
    // To one node, solicited, with a nonce (RFC 3971 5.3.2) before the address.
    hex(
      "60000000 0028 3a ff fe800000000000000000000000000099 fe800000000000000000000000000001" +
        "8800 b1e1 e0000000 fe800000000000000000000000000099 0e01 0a0b0c0d0e0f 0201 020000000001",
    ),
  ],
  lengthFields: [network(4, 2), network(65, 1), network(73, 1)],
  watch: true,
  errors: {
    ip: "reached",
    protocol: "reached",
    truncated: "reached",
    type: "reached",
    "hop-limit": "reached",
    checksum: "reached",
    code: "reached",
    target: "reached",
    solicited: "reached",
    option: "reached",
  },
  decode: decodeNeighbourAdvertisement,
  check: checkNeighbour,
  repair: (_, bytes) => {
    putWord(bytes, 4, bytes.length - 40);
    putWord(bytes, 42, 0);
    const packet = decodeIp(6, bytes);
    if (!packet.ok) return;
    const { source, destination, protocol, payload } = packet.value;
    const pseudo = sumPseudoHeader(source, destination, protocol, payload.length);
    putWord(bytes, 42, checksum(sumWords(payload, 0, payload.length) + pseudo));
  },
});
