/** Neighbour advertisements: values, and a sample of each way to be wrong. */
import { describe, expect, test } from "bun:test";
import { Bug } from "../../src/base/assert.ts";
import { checksum, fold, sumPseudoHeader, sumWords } from "../../src/wire/checksum.ts";
import { decodeIp } from "../../src/wire/ip.ts";
import type { NeighbourAdvertisement, NeighbourError } from "../../src/wire/ndp.ts";
import {
  decodeNeighbourAdvertisement,
  encodeNeighbourAdvertisement,
  encodeNeighbourProbe,
} from "../../src/wire/ndp.ts";
import { ip, mac } from "./address.ts";
import { hex } from "./hex.ts";

/** The first announcement of v3-ipv6. */
const ANNOUNCEMENT = hex(
  "60000000 0020 3a ff fe800000000000000000000000000099 ff020000000000000000000000000001" +
    "8800 566b 20000000 fe800000000000000000000000000099 0201 020000000001",
);
const ANNOUNCED: NeighbourAdvertisement = {
  source: ip("fe80::99"),
  destination: ip("ff02::1"),
  target: ip("fe80::99"),
  router: false,
  solicited: false,
  override: true,
  mac: mac("02:00:00:00:00:01"),
};
const ICMP = 40;

/** The announcement cut or grown to `length`, with these bytes by offset, and its length and checksum right again. */
function altered(patches: Readonly<Record<number, string>>, length = ANNOUNCEMENT.length): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes.set(ANNOUNCEMENT.subarray(0, length));
  for (const [at, patch] of Object.entries(patches)) bytes.set(hex(patch), Number(at));
  bytes[5] = length - ICMP;
  bytes.set([0, 0], ICMP + 2);
  const packet = decodeIp(6, bytes);
  if (!packet.ok) throw new Error(packet.error.kind);
  const { source, destination, payload } = packet.value;
  const pseudo = sumPseudoHeader(source, destination, 58, payload.length);
  const field = checksum(sumWords(payload, 0, payload.length) + pseudo);
  bytes.set([field >> 8, field & 0xff], ICMP + 2);
  return bytes;
}

describe("a neighbour advertisement", () => {
  test("that announces an address has keepalived's bytes", () => {
    const bytes = encodeNeighbourAdvertisement(mac("02:00:00:00:00:01"), ip("fe80::99"), false);
    expect(bytes).toEqual(ANNOUNCEMENT);
    expect(decodeNeighbourAdvertisement(ANNOUNCEMENT)).toEqual({ ok: true, value: ANNOUNCED });
  });

  test("says that a router is one", () => {
    const bytes = encodeNeighbourAdvertisement(mac("02:00:00:00:00:01"), ip("fe80::99"), true);
    expect(bytes).toEqual(altered({ [ICMP + 4]: "a0" }));
    expect(decodeNeighbourAdvertisement(bytes)).toEqual({ ok: true, value: { ...ANNOUNCED, router: true } });
  });

  test("may answer one node", () => {
    const bytes = altered({ [ICMP + 4]: "40", 24: "fe800000000000000000000000000001" });
    expect(decodeNeighbourAdvertisement(bytes)).toEqual({
      ok: true,
      value: { ...ANNOUNCED, destination: ip("fe80::1"), solicited: true, override: false },
    });
  });

  test.each([
    ["without an option", altered({ [ICMP + 4]: "20" }, ICMP + 24), null],
    ["with an unknown option only", altered({ [ICMP + 24]: "0e01" }), null],
    [
      "with an unknown option before",
      altered({ [ICMP + 24]: "0e01 000000000000 0201 020000000002" }, ICMP + 40),
      mac("02:00:00:00:00:02"),
    ],
    ["with two", altered({ [ICMP + 32]: "0201 020000000002" }, ICMP + 40), mac("02:00:00:00:00:01")],
    ["with an address of 14 bytes", altered({ [ICMP + 24]: "0202" }, ICMP + 40), null],
  ])("%s tells the address it has", (_, bytes, expected) => {
    expect(decodeNeighbourAdvertisement(bytes)).toEqual({ ok: true, value: { ...ANNOUNCED, mac: expected } });
  });
});

describe("a neighbour advertisement is refused", () => {
  // One sample a kind: a new kind without one does not compile.
  const samples: Record<NeighbourError["kind"], readonly [Uint8Array, NeighbourError]> = {
    ip: [hex("45"), { kind: "ip", error: { kind: "truncated", need: 40, have: 1 } }],
    protocol: [altered({ 6: "70" }), { kind: "protocol", got: 112 }],
    truncated: [altered({}, ICMP + 23), { kind: "truncated", need: 24, have: 23 }],
    type: [altered({ [ICMP]: "87" }), { kind: "type", got: 135 }],
    "hop-limit": [altered({ 7: "fe" }), { kind: "hop-limit", got: 254 }],
    checksum: [hex(ANNOUNCEMENT.toHex().replace("566b", "566c")), { kind: "checksum" }],
    code: [altered({ [ICMP + 1]: "01" }), { kind: "code", got: 1 }],
    target: [altered({ [ICMP + 8]: "ff02" }), { kind: "target", got: ip("ff02::99") }],
    solicited: [altered({ [ICMP + 4]: "60" }), { kind: "solicited" }],
    option: [altered({ [ICMP + 24]: "0200" }), { kind: "option", at: 24 }],
  };
  for (const [kind, [bytes, error]] of Object.entries(samples)) {
    test(`for its ${kind}`, () => expect(decodeNeighbourAdvertisement(bytes)).toEqual({ ok: false, error }));
  }

  test.each<[string, Uint8Array, number]>([
    ["that goes past the end", altered({ [ICMP + 24]: "0202" }), 24],
    ["of one byte", altered({}, ICMP + 33), 32],
    ["of no length after a good one", altered({ [ICMP + 32]: "0e00" }, ICMP + 40), 32],
  ])("for an option %s", (_, bytes, at) => {
    expect(decodeNeighbourAdvertisement(bytes)).toEqual({ ok: false, error: { kind: "option", at } });
  });
});

test.each(["10.99.1.1", "ff02::1"])("announcing %s is a bug of ours", (address) => {
  expect(() => encodeNeighbourAdvertisement(mac("02:00:00:00:00:01"), ip(address), false)).toThrow(Bug);
});

test("a probe asks for an address in nobody's name, of those that share its last bytes", () => {
  const { group, bytes } = encodeNeighbourProbe(ip("2001:db8::1:299"));
  expect(group).toBe(ip("ff02::1:ff01:299"));
  const packet = decodeIp(6, bytes);
  if (!packet.ok) throw new Error(packet.error.kind);
  expect(packet.value).toMatchObject({ source: "::", destination: group, protocol: 58, hopLimit: 255 });
  const { payload } = packet.value;
  expect([payload[0], payload[1], payload.length]).toEqual([135, 0, 24]);
  expect(payload.subarray(8).toHex()).toBe("20010db8000000000000000000010299");
  const sum = sumWords(payload, 0, payload.length) + sumPseudoHeader(ip("::"), group, 58, payload.length);
  expect(fold(sum)).toBe(0xffff);
});
