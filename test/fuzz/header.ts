/** The authentication header under fuzz, and its check value against another implementation of HMAC. */
import { fail } from "../../src/base/result.ts";
import type { AhError, Authenticated } from "../../src/wire/ah.ts";
import { decodeAh, encodeAh, isAuthentic, PROTOCOL_AH, SEQUENCE_MAX } from "../../src/wire/ah.ts";
import { checksum, sumWords } from "../../src/wire/checksum.ts";
import { decodeIp } from "../../src/wire/ip.ts";
import { captured } from "./packets.ts";
import { codec, difference, putWord } from "./target.ts";

/** That of v2-ah.pcap. */
const KEY = new TextEncoder().encode("1234\0\0\0\0");
const ICV = 12;
const HEADER = 24;

/** The check value by RFC 2403 and the exceptions of src/wire/ah.ts, of a packet whose header begins at `start`. */
function valueOf(bytes: Uint8Array, start: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (const at of [1, 6, 7, 10, 11]) copy[at] = 0;
  const multicast = ((copy[16] ?? 0) & 0xf0) === 0xe0;
  if (!multicast) copy[8] = 0;
  copy.fill(0, start + ICV, start + HEADER);
  return new Uint8Array(new Bun.CryptoHasher("md5", KEY).update(copy).digest().subarray(0, 12));
}

function check(header: Authenticated, bytes: Uint8Array): string | null {
  const whole = bytes.slice(0, ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0));
  const start = ((bytes[0] ?? 0) & 0x0f) * 4;
  if (difference(new Uint8Array(header.packet.payload), whole.slice(start + HEADER)) !== null) {
    return "the payload is another one";
  }
  const value = valueOf(whole, start);
  const right = difference(value, whole.slice(start + ICV, start + HEADER)) === null;
  const honest = header.spi === header.packet.source;
  const authentic = isAuthentic(bytes, header, KEY);
  if (authentic !== (right && honest)) return `is ${authentic ? "" : "not "}authentic`;
  // What we would have sent comes back to the byte.
  const identification = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
  const ours =
    start === 20 && identification === (header.sequence & 0xffff || 1) && header.sequence <= SEQUENCE_MAX;
  // The reserved half word is covered as it stands, and we leave it 0.
  const reserved = ((whole[start + 2] ?? 0) << 8) | (whole[start + 3] ?? 0);
  if (!authentic || !ours || reserved !== 0) return null;
  const encoded = encodeAh(header.packet, header.sequence, KEY);
  const plain = new Uint8Array(whole);
  plain.set([0xc0], 1);
  plain.set([0, 0], 6);
  plain.set([0, 0], 10);
  putWord(plain, 10, checksum(sumWords(plain, 0, 20)));
  return difference(encoded, plain);
}

export const ah = codec<Authenticated, AhError | { readonly kind: "ip" }>({
  name: "ah",
  golden: captured("ip4").filter((bytes) => bytes[9] === PROTOCOL_AH),
  lengthFields: [
    { at: 0, bytes: 1, order: "network" },
    { at: 2, bytes: 2, order: "network" },
    { at: 21, bytes: 1, order: "network" },
  ],
  watch: true,
  errors: { ip: "reached", truncated: "reached", next: "reached", length: "reached" },
  decode: (bytes) => {
    const packet = decodeIp(4, bytes);
    return packet.ok && packet.value.protocol === PROTOCOL_AH ? decodeAh(packet.value) : fail({ kind: "ip" });
  },
  check,
  repair: (random, bytes) => {
    if (random.below(2) === 0) putWord(bytes, 2, bytes.length);
    const start = ((bytes[0] ?? 0) & 0x0f) * 4;
    if (random.below(2) === 0 && bytes.length >= start + HEADER)
      bytes.set(valueOf(bytes, start), start + ICV);
    putWord(bytes, 10, 0);
    if (start <= bytes.length) putWord(bytes, 10, checksum(sumWords(bytes, 0, start)));
  },
});
