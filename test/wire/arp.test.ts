/** ARP messages: values, and a sample of each way to be wrong. */
import { describe, expect, test } from "bun:test";
import { Bug } from "../../src/base/assert.ts";
import type { Arp, ArpError } from "../../src/wire/arp.ts";
import { decodeArp, encodeArp, encodeArpProbe, encodeGratuitousArp } from "../../src/wire/arp.ts";
import { ip, mac } from "./address.ts";
import { hex } from "./hex.ts";

/** The first announcement of v2-noauth-lifecycle. */
const GRATUITOUS = hex("0001 0800 06 04 0001 020000000001 0a630101 ffffffffffff 0a630101");
const ANNOUNCED: Arp = {
  operation: "request",
  senderMac: mac("02:00:00:00:00:01"),
  senderIp: ip("10.99.1.1"),
  targetMac: mac("ff:ff:ff:ff:ff:ff"),
  targetIp: ip("10.99.1.1"),
};

describe("an ARP message", () => {
  test("that announces an address has keepalived's bytes", () => {
    expect(encodeGratuitousArp(mac("02:00:00:00:00:01"), ip("10.99.1.1"))).toEqual(GRATUITOUS);
    expect(decodeArp(GRATUITOUS)).toEqual({ ok: true, value: ANNOUNCED });
  });

  test.each<[string, Uint8Array, Arp]>([
    [
      "request",
      hex("0001 0800 06 04 0001 020000000001 0a630001 000000000000 0a630003"),
      {
        ...ANNOUNCED,
        senderIp: ip("10.99.0.1"),
        targetMac: mac("00:00:00:00:00:00"),
        targetIp: ip("10.99.0.3"),
      },
    ],
    [
      "reply",
      hex("0001 0800 06 04 0002 020000000003 0a630003 020000000001 0a630001"),
      {
        operation: "reply",
        senderMac: mac("02:00:00:00:00:03"),
        senderIp: ip("10.99.0.3"),
        targetMac: mac("02:00:00:00:00:01"),
        targetIp: ip("10.99.0.1"),
      },
    ],
  ])("that is a %s is read and written alike", (_, bytes, value) => {
    expect(decodeArp(bytes)).toEqual({ ok: true, value });
    expect(encodeArp(value)).toEqual(bytes);
  });

  test("may be followed by padding to 60 bytes of frame", () => {
    const padded = new Uint8Array(46).fill(0xaa);
    padded.set(GRATUITOUS);
    expect(decodeArp(padded)).toEqual({ ok: true, value: ANNOUNCED });
  });
});

describe("an ARP message is refused", () => {
  // One sample a kind: a new kind without one does not compile.
  const samples: Record<ArpError["kind"], readonly [Uint8Array, ArpError]> = {
    truncated: [GRATUITOUS.subarray(0, 27), { kind: "truncated", need: 28, have: 27 }],
    medium: [hex(`0001 86dd${GRATUITOUS.toHex().slice(8)}`), { kind: "medium", at: 2, got: 0x86 }],
    operation: [hex(`0001 0800 06 04 0003${GRATUITOUS.toHex().slice(16)}`), { kind: "operation", got: 3 }],
  };
  for (const [kind, [bytes, error]] of Object.entries(samples)) {
    test(`for its ${kind}`, () => expect(decodeArp(bytes)).toEqual({ ok: false, error }));
  }

  test.each([0, 1, 2, 3, 4, 5])("for a wrong byte %d of its medium", (at) => {
    const bytes = GRATUITOUS.slice();
    bytes[at] = 0x7f;
    expect(decodeArp(bytes)).toEqual({ ok: false, error: { kind: "medium", at, got: 0x7f } });
  });

  test("for an operation that is right in its low byte only", () => {
    const bytes = GRATUITOUS.slice();
    bytes[6] = 1;
    expect(decodeArp(bytes)).toEqual({ ok: false, error: { kind: "operation", got: 0x0101 } });
  });
});

test("announcing an IPv6 address by ARP is a bug of ours", () => {
  expect(() => encodeGratuitousArp(mac("02:00:00:00:00:01"), ip("fe80::99"))).toThrow(Bug);
  expect(() => encodeArp({ ...ANNOUNCED, senderIp: ip("fe80::99") })).toThrow(Bug);
});

test("a probe asks for an address in nobody's name", () => {
  const decoded = decodeArp(encodeArpProbe(mac("02:00:00:00:00:01"), ip("10.99.1.1")));
  expect(decoded).toEqual({
    ok: true,
    value: {
      operation: "request",
      senderMac: mac("02:00:00:00:00:01"),
      senderIp: ip("0.0.0.0"),
      targetMac: mac("00:00:00:00:00:00"),
      targetIp: ip("10.99.1.1"),
    },
  });
});
