/** The decoder of advertisements under fuzz: both versions, both families. */
import type { Ip } from "../../src/base/address.ts";
import { centiseconds, priority, seconds } from "../../src/base/units.ts";
import { checksum, sumPseudoHeader, sumWords } from "../../src/wire/checksum.ts";
import { decodeIp } from "../../src/wire/ip.ts";
import type { Advertisement, Decoded, DecodeError, Envelope } from "../../src/wire/vrrp.ts";
import { decodeAdvertisement, encodeAdvertisement, PROTOCOL_VRRP } from "../../src/wire/vrrp.ts";
import { ip } from "../wire/address.ts";
import { captured } from "./packets.ts";
import type { Codec } from "./target.ts";
import { codec, difference, putWord } from "./target.ts";

const OVER4: Envelope = { family: 4, source: ip("10.99.0.1"), destination: ip("224.0.0.18") };
const OVER6: Envelope = { family: 6, source: ip("fe80::ff:fe00:1"), destination: ip("ff02::12") };

/** Captured adverts of one version that have this envelope. */
function capturedAdverts(version: number, envelope: Envelope): Uint8Array[] {
  return captured(envelope.family === 4 ? "ip4" : "ip6").flatMap((bytes) => {
    const packet = decodeIp(envelope.family, bytes);
    if (!packet.ok || packet.value.protocol !== PROTOCOL_VRRP) return [];
    const { payload, source, destination } = packet.value;
    const same = source === envelope.source && destination === envelope.destination;
    return same && (payload[0] ?? 0) >> 4 === version ? [payload] : [];
  });
}

function check({ advertisement, dialect }: Decoded, bytes: Uint8Array, envelope: Envelope): string | null {
  // Read as they stand; but no RFC allows these, so we never send them.
  if (advertisement.vrid === 0 || advertisement.interval === 0) return null;
  const encoded = encodeAdvertisement(advertisement, envelope, dialect ?? "rfc9568");
  const again = decodeAdvertisement(encoded, envelope);
  if (!again.ok || !Bun.deepEquals(again.value, { advertisement, dialect })) return "does not come back";
  const wanted = bytes.slice();
  // Reserved bits are not kept, and so the checksum over them is not.
  const reserved = advertisement.version === 3 && (bytes[4] ?? 0) > 0x0f;
  if (reserved) wanted[4] = (wanted[4] ?? 0) & 0x0f;
  // 0xffff and 0 are one number in one's complement; we send 0.
  const otherZero = (encoded[6] ?? 0) + (encoded[7] ?? 0) === 0 && wanted[6] === 0xff && wanted[7] === 0xff;
  if (reserved || otherZero) wanted.set(encoded.subarray(6, 8), 6);
  return difference(encoded, wanted);
}

export type AdvertCodec = Codec<Decoded, DecodeError>;

function adverts(
  name: string,
  version: 2 | 3,
  envelope: Envelope,
  made: readonly Advertisement[],
): AdvertCodec {
  const encoded = made.flatMap((advertisement) => [
    encodeAdvertisement(advertisement, envelope, "rfc5798"),
    encodeAdvertisement(advertisement, envelope, "rfc9568"),
  ]);
  return {
    name,
    golden: [...capturedAdverts(version, envelope), ...encoded],
    lengthFields: [{ at: 3, bytes: 1, order: "network" }],
    watch: true,
    errors: {
      truncated: "reached",
      version: "reached",
      type: "reached",
      length: "reached",
      checksum: "reached",
    },
    decode: (bytes) => decodeAdvertisement(bytes, envelope),
    check: (value, bytes) => check(value, bytes, envelope),
    repair: (random, bytes) => {
      const rest = bytes.length - 8 - (version === 2 ? 8 : 0);
      if (rest >= 0 && random.below(2) === 0) bytes[3] = rest / (envelope.family === 4 ? 4 : 16);
      putWord(bytes, 6, 0);
      const pseudo =
        version === 3 && (envelope.family === 6 || random.below(2) === 0)
          ? sumPseudoHeader(envelope.source, envelope.destination, PROTOCOL_VRRP, bytes.length)
          : 0;
      putWord(bytes, 6, checksum(sumWords(bytes, 0, bytes.length) + pseudo));
    },
  };
}

const many = (prefix: string, count: number): Ip[] =>
  Array.from({ length: count }, (_, index) => ip(`${prefix}${index}`));

const V2 = {
  version: 2,
  vrid: 1,
  priority: priority(254),
  interval: seconds(255),
  auth: { type: 1, data: new TextEncoder().encode("password") },
} as const;
const V3 = { version: 3, vrid: 255, priority: priority(1), interval: centiseconds(4095) } as const;

export const V3_IP4: AdvertCodec = adverts("vrrp-v3-ip4", 3, OVER4, [
  { ...V3, addresses: [] },
  { ...V3, addresses: many("10.0.0.", 20) },
  { ...V3, addresses: many("10.0.0.", 255) },
]);

export const ADVERTS = [
  codec(
    adverts("vrrp-v2", 2, OVER4, [
      { ...V2, addresses: [] },
      { ...V2, addresses: many("10.0.0.", 20) },
    ]),
  ),
  codec(V3_IP4),
  codec(
    adverts("vrrp-v3-ip6", 3, OVER6, [
      { ...V3, addresses: [] },
      { ...V3, addresses: many("fd00::", 20) },
    ]),
  ),
];
