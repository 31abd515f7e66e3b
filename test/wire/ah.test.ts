/** The authentication header: what it covers, and a sample of each way to be wrong. The captures of test/golden have its bytes. */
import { describe, expect, test } from "bun:test";
import { Bug } from "../../src/base/assert.ts";
import type { AhError } from "../../src/wire/ah.ts";
import { decodeAh, encodeAh, isAuthentic, PROTOCOL_AH, SEQUENCE_MAX } from "../../src/wire/ah.ts";
import type { IpPacket } from "../../src/wire/ip.ts";
import { decodeIp } from "../../src/wire/ip.ts";
import { ip } from "./address.ts";
import { hex } from "./hex.ts";

const KEY = new TextEncoder().encode("1234\0\0\0\0");
const OTHER = new TextEncoder().encode("12345678");
const PACKET: IpPacket = {
  family: 4,
  source: ip("10.99.0.1"),
  destination: ip("224.0.0.18"),
  protocol: 112,
  hopLimit: 255,
  payload: hex("21336401 02016d66 0a630101 0000000000000000"),
};
/** The first advert of v2-ah.pcap. */
const CAPTURED = hex(
  "45c00040 00010000 ff33d053 0a630001 e0000012" +
    "70040000 0a630001 00000001 0615e94f 15f0a601 79298a41" +
    "21336401 02016d66 0a630101 0000000000000000",
);

function opened(bytes: Uint8Array): ReturnType<typeof decodeAh> {
  const packet = decodeIp(4, bytes);
  if (!packet.ok) throw new Error(packet.error.kind);
  return decodeAh(packet.value);
}

/** Whether bytes, whose IP checksum may be wrong by now, are authentic to whoever has the key. */
function good(bytes: Uint8Array, key = KEY): boolean {
  const header = opened(CAPTURED);
  if (!header.ok) throw new Error(header.error.kind);
  const { spi, sequence, packet } = header.value;
  const changed = { ...packet, payload: bytes.subarray(bytes.length - packet.payload.length) };
  return isAuthentic(bytes, { spi, sequence, packet: changed }, key);
}

const flipped = (at: number): Uint8Array => {
  const bytes = new Uint8Array(CAPTURED);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};

describe("an authentication header", () => {
  test("has keepalived's bytes", () => {
    expect(encodeAh(PACKET, 1, KEY)).toEqual(CAPTURED);
    expect(opened(CAPTURED)).toEqual({
      ok: true,
      value: { spi: PACKET.source, sequence: 1, packet: PACKET },
    });
  });

  test("is good with its own key only", () => {
    expect(good(CAPTURED)).toBe(true);
    expect(good(CAPTURED, OTHER)).toBe(false);
  });

  test("covers every byte but those that routers change: class, fragment, checksum", () => {
    const uncovered = Array.from(CAPTURED.keys()).filter((at) => good(flipped(at)));
    // The total length, at 2 and 3, says how much is covered.
    expect(uncovered).toEqual([1, 6, 7, 10, 11]);
  });

  test("covers the TTL of a packet to a group, and not of one that routers pass on", () => {
    const unicast = { ...PACKET, destination: ip("10.99.0.2") };
    const near = encodeAh(unicast, 7, KEY);
    const far = encodeAh({ ...unicast, hopLimit: 3 }, 7, KEY);
    expect(far.slice(32, 44)).toEqual(near.slice(32, 44));
    const group = encodeAh({ ...PACKET, hopLimit: 3 }, 1, KEY);
    expect(group.slice(32, 44)).not.toEqual(CAPTURED.slice(32, 44));
  });

  test("does not vouch for somebody else's address", () => {
    const header = opened(CAPTURED);
    if (!header.ok) throw new Error(header.error.kind);
    expect(isAuthentic(CAPTURED, { ...header.value, spi: ip("10.99.0.2") }, KEY)).toBe(false);
  });

  test("is good with link padding behind it", () => {
    const padded = new Uint8Array(CAPTURED.length + 9).fill(0xaa);
    padded.set(CAPTURED);
    const header = opened(padded);
    if (!header.ok) throw new Error(header.error.kind);
    expect(isAuthentic(padded, header.value, KEY)).toBe(true);
  });

  test("never leaves the kernel an identification to fill in", () => {
    const identification = (sequence: number): string => encodeAh(PACKET, sequence, KEY).slice(4, 6).toHex();
    expect([1, 0x1_0000, 0x1_0002, SEQUENCE_MAX].map(identification)).toEqual([
      "0001",
      "0001",
      "0002",
      "fffd",
    ]);
  });
});

describe("a packet is refused as no authentication header", () => {
  const changed = (at: number, value: number): Uint8Array => {
    const payload = new Uint8Array(CAPTURED.subarray(20));
    payload[at] = value;
    return payload;
  };
  // One sample a kind: a new kind without one does not compile.
  const samples: Record<AhError["kind"], [Uint8Array, object]> = {
    truncated: [CAPTURED.subarray(20, 43), { need: 24, have: 23 }],
    next: [changed(0, 17), { got: 17 }],
    length: [changed(1, 5), { got: 5 }],
  };
  test.each(Object.entries(samples))("for its %s", (kind, [payload, numbers]) => {
    const packet = { ...PACKET, protocol: PROTOCOL_AH, payload };
    expect(decodeAh(packet)).toEqual({ ok: false, error: { kind, ...numbers } as AhError });
  });
});

describe("what cannot be written is a bug of ours", () => {
  test.each<[string, IpPacket, number, Uint8Array]>([
    ["another protocol", { ...PACKET, protocol: 17 }, 1, KEY],
    ["a number that keepalived does not reach", PACKET, SEQUENCE_MAX + 1, KEY],
    ["a key that was not cut or filled", PACKET, 1, KEY.subarray(0, 4)],
  ])("%s", (_, packet, sequence, key) => expect(() => encodeAh(packet, sequence, key)).toThrow(Bug));
});
