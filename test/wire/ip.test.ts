/** IP headers: values, and a sample of each way to be wrong. */
import { describe, expect, test } from "bun:test";
import type { Family } from "../../src/base/address.ts";
import { Bug } from "../../src/base/assert.ts";
import type { IpError, IpPacket } from "../../src/wire/ip.ts";
import { decodeIp, encodeIp } from "../../src/wire/ip.ts";
import { ip } from "./address.ts";
import { hex } from "./hex.ts";

// The first advert of v3-ipv4-3vips-0.1s and of v3-ipv6, the latter with flow label 0.
const PAYLOAD4 = "3133 6403 000a 5d95 0a630101 0a630102 0a630103";
const HEADER4 = "45c0 0028 0001 0000 ff70 d02e 0a630001 e0000012";
const FRAME4 = hex(HEADER4 + PAYLOAD4);
const PAYLOAD6 = "3133 6401 0064 0000 fe800000000000000000000000000099";
const FRAME6 = hex(
  `6c000000 0018 70 ff fe8000000000000000 0000fffe000001 ff020000000000000000000000000012 ${PAYLOAD6}`,
);
const PACKET4: IpPacket = {
  family: 4,
  source: ip("10.99.0.1"),
  destination: ip("224.0.0.18"),
  protocol: 112,
  hopLimit: 255,
  payload: hex(PAYLOAD4),
};
const PACKET6: IpPacket = {
  family: 6,
  source: ip("fe80::ff:fe00:1"),
  destination: ip("ff02::12"),
  protocol: 112,
  hopLimit: 255,
  payload: hex(PAYLOAD6),
};

describe("an IP packet", () => {
  test.each([
    ["IPv4", FRAME4, PACKET4],
    ["IPv6", FRAME6, PACKET6],
  ])("of %s is read and written alike", (_, bytes, packet) => {
    expect(decodeIp(packet.family, bytes)).toEqual({ ok: true, value: packet });
    expect(encodeIp(packet, 1)).toEqual(bytes);
  });

  test.each([
    ["IPv4", FRAME4, PACKET4],
    ["IPv6", FRAME6, PACKET6],
  ])("of %s loses the padding that the link added", (_, bytes, packet) => {
    const padded = new Uint8Array(bytes.length + 6).fill(0xaa);
    padded.set(bytes);
    expect(decodeIp(packet.family, padded)).toEqual({ ok: true, value: packet });
  });

  test("with IPv4 options gives the payload after them", () => {
    // The IGMPv3 report of v2-pass: router alert, Don't Fragment set.
    const bytes = hex(
      "46c0 0028 0000 4000 0102 f995 0a630001 e0000016 94040000 2200 f9eb 00000001 04000000 e0000012",
    );
    const packet = decodeIp(4, bytes);
    expect(packet).toMatchObject({ ok: true, value: { protocol: 2, hopLimit: 1, source: "10.99.0.1" } });
    expect(packet.ok && packet.value.payload).toEqual(hex("2200 f9eb 00000001 04000000 e0000012"));
  });

  test("without a payload is a packet", () => {
    for (const packet of [PACKET4, PACKET6]) {
      const empty = { ...packet, payload: new Uint8Array(0) };
      expect(decodeIp(packet.family, encodeIp(empty, 0))).toEqual({ ok: true, value: empty });
    }
  });

  test("carries its identification, so that its checksum changes with it", () => {
    const bytes = encodeIp(PACKET4, 0xffff);
    expect(bytes.subarray(4, 6)).toEqual(hex("ffff"));
    expect(decodeIp(4, bytes)).toEqual({ ok: true, value: PACKET4 });
  });
});

/** A header with two bytes replaced and its checksum filled in again, as a wrong sender would. */
function header4(at: number, word: string): Uint8Array {
  const bytes = FRAME4.slice();
  bytes.set(hex(word), at);
  bytes.set([0, 0], 10);
  let sum = 0;
  for (let index = 0; index < 20; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  bytes.set([~(sum >> 8) & 0xff, ~sum & 0xff], 10);
  return bytes;
}

describe("an IP packet is refused", () => {
  // One sample a kind: a new kind without one does not compile.
  const samples: Record<IpError["kind"], readonly [Family, Uint8Array, IpError]> = {
    truncated: [4, FRAME4.subarray(0, 39), { kind: "truncated", need: 40, have: 39 }],
    version: [4, FRAME6, { kind: "version", got: 6 }],
    header: [4, header4(0, "44c0"), { kind: "header", length: 16 }],
    checksum: [4, hex(HEADER4.replace("0a630001", "0a630002") + PAYLOAD4), { kind: "checksum" }],
    fragment: [4, header4(6, "2000"), { kind: "fragment" }],
  };
  for (const [kind, [family, bytes, error]] of Object.entries(samples)) {
    test(`for its ${kind}`, () => expect(decodeIp(family, bytes)).toEqual({ ok: false, error }));
  }

  test.each<[string, Family, Uint8Array, IpError]>([
    ["nothing", 4, hex(""), { kind: "truncated", need: 20, have: 0 }],
    ["19 bytes of IPv4", 4, FRAME4.subarray(0, 19), { kind: "truncated", need: 20, have: 19 }],
    ["39 bytes of IPv6", 6, FRAME6.subarray(0, 39), { kind: "truncated", need: 40, have: 39 }],
    ["an IPv6 payload cut short", 6, FRAME6.subarray(0, 63), { kind: "truncated", need: 64, have: 63 }],
    ["IPv4 where the link said IPv6", 6, FRAME4, { kind: "version", got: 4 }],
    ["a total length below the header", 4, header4(2, "0013"), { kind: "header", length: 19 }],
    ["the total length 0 of a merged segment", 4, header4(2, "0000"), { kind: "header", length: 0 }],
    ["options longer than the packet", 4, header4(0, "4fc0"), { kind: "header", length: 40 }],
    ["a later fragment", 4, header4(6, "0001"), { kind: "fragment" }],
  ])("for %s", (_, family, bytes, error) => {
    expect(decodeIp(family, bytes)).toEqual({ ok: false, error });
  });

  test("for an IPv6 fragment header, even of the only fragment", () => {
    const bytes = FRAME6.slice();
    bytes[6] = 44;
    expect(decodeIp(6, bytes)).toEqual({ ok: false, error: { kind: "fragment" } });
  });

  test("never for Don't Fragment", () => {
    expect(decodeIp(4, header4(6, "4000")).ok).toBe(true);
  });
});

describe("writing an IP packet", () => {
  test.each<[string, IpPacket, number]>([
    ["a source of the other family", { ...PACKET4, source: ip("::1") }, 0],
    ["a destination of the other family", { ...PACKET6, destination: ip("10.0.0.1") }, 0],
    ["a protocol of nine bits", { ...PACKET4, protocol: 256 }, 0],
    ["a hop limit below zero", { ...PACKET6, hopLimit: -1 }, 0],
    ["a payload above 64 KiB", { ...PACKET4, payload: new Uint8Array(65516) }, 0],
    ["an IPv6 payload above 64 KiB", { ...PACKET6, payload: new Uint8Array(65536) }, 0],
    ["an identification of 17 bits", PACKET4, 65536],
    ["a fraction for an identification", PACKET4, 0.5],
  ])("with %s is a bug of ours", (_, packet, identification) => {
    expect(() => encodeIp(packet, identification)).toThrow(Bug);
  });

  test("reaches the largest payloads", () => {
    expect(encodeIp({ ...PACKET4, payload: new Uint8Array(65515) }, 65535).length).toBe(65535);
    expect(encodeIp({ ...PACKET6, payload: new Uint8Array(65535) }, 0).length).toBe(65575);
  });
});
