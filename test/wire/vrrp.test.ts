/** Advertisements: values, and a sample of each way to be wrong. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { Bug } from "../../src/base/assert.ts";
import { centiseconds, priority, seconds } from "../../src/base/units.ts";
import type { Advertisement, ChecksumDialect, DecodeError, Envelope } from "../../src/wire/vrrp.ts";
import { decodeAdvertisement, encodeAdvertisement } from "../../src/wire/vrrp.ts";
import { ip } from "./address.ts";
import { hex } from "./hex.ts";

const OVER4: Envelope = { family: 4, source: ip("10.99.0.1"), destination: ip("224.0.0.18") };
const UNICAST: Envelope = { family: 4, source: ip("10.99.0.1"), destination: ip("10.99.0.3") };
const OVER6: Envelope = { family: 6, source: ip("fe80::1"), destination: ip("ff02::12") };

type Version2 = Extract<Advertisement, { version: 2 }>;
type Version3 = Extract<Advertisement, { version: 3 }>;

const V2: Version2 = {
  version: 2,
  vrid: 51,
  priority: priority(100),
  interval: seconds(1),
  auth: { type: 0, data: new Uint8Array(8) },
  addresses: [ip("10.99.1.1")],
};
const V3: Version3 = {
  version: 3,
  vrid: 51,
  priority: priority(100),
  interval: centiseconds(10),
  addresses: [ip("10.99.1.1"), ip("10.99.1.2"), ip("10.99.1.3")],
};
/** V3 with a pseudo-header, as captured; and without, reckoned by other code. */
const V3_5798 = hex("3133 6403 000a 5d95 0a630101 0a630102 0a630103");
const V3_9568 = hex("3133 6403 000a 4890 0a630101 0a630102 0a630103");
const V2_BYTES = hex("2133 6401 0001 6f66 0a630101 0000000000000000");
const V6_BYTES = hex("31ff ff01 0fff c1c6 fe800000000000000000000000000099");

interface Row {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly envelope: Envelope;
  readonly dialect: ChecksumDialect | null;
  readonly value: Advertisement;
}

const rows: readonly Row[] = [
  { what: "version 2", bytes: V2_BYTES, envelope: OVER4, dialect: null, value: V2 },
  {
    what: "version 2 with a password",
    bytes: hex("21ff 0002 01ff 1c5f c0a80101 c0a80102 7365637265740000"),
    envelope: OVER4,
    dialect: null,
    value: {
      version: 2,
      vrid: 255,
      priority: priority(0),
      interval: seconds(255),
      auth: { type: 1, data: new TextEncoder().encode("secret\0\0") },
      addresses: [ip("192.168.1.1"), ip("192.168.1.2")],
    },
  },
  {
    what: "version 2 without an address, whose authentication data is there all the same",
    bytes: hex("2107 fe00 0001 e0f6 0000000000000000"),
    envelope: OVER4,
    dialect: null,
    value: { ...V2, vrid: 7, priority: priority(254), addresses: [] },
  },
  { what: "version 3 with a pseudo-header", bytes: V3_5798, envelope: OVER4, dialect: "rfc5798", value: V3 },
  { what: "version 3 without one", bytes: V3_9568, envelope: OVER4, dialect: "rfc9568", value: V3 },
  {
    what: "version 3 to a unicast peer",
    bytes: hex("3133 6401 0064 49bd 0a630101"),
    envelope: UNICAST,
    dialect: "rfc5798",
    value: { ...V3, interval: centiseconds(100), addresses: [ip("10.99.1.1")] },
  },
  {
    what: "version 3 without an address, at the longest interval",
    bytes: hex("3101 0000 0fff d410"),
    envelope: OVER4,
    dialect: "rfc5798",
    value: { version: 3, vrid: 1, priority: priority(0), interval: centiseconds(4095), addresses: [] },
  },
  {
    what: "version 3 over IPv6, of the owner",
    bytes: V6_BYTES,
    envelope: OVER6,
    dialect: null,
    value: {
      version: 3,
      vrid: 255,
      priority: priority(255),
      interval: centiseconds(4095),
      addresses: [ip("fe80::99")],
    },
  },
];

describe("an advertisement", () => {
  for (const { what, bytes, envelope, dialect, value } of rows) {
    test(`of ${what} is read`, () => {
      const decoded = { advertisement: value, dialect };
      expect(decodeAdvertisement(bytes, envelope)).toEqual({ ok: true, value: decoded });
    });
    test(`of ${what} is written`, () => {
      expect(encodeAdvertisement(value, envelope, dialect ?? "rfc9568")).toEqual(bytes);
    });
  }

  test("is the same in both dialects where there is but one way to checksum", () => {
    for (const { envelope, dialect, value } of rows.filter((row) => row.dialect === null)) {
      const bytes = encodeAdvertisement(value, envelope, "rfc5798");
      expect(decodeAdvertisement(bytes, envelope)).toMatchObject({ ok: true, value: { dialect } });
    }
  });

  test("may fit both dialects, and then counts as of the newer RFC", () => {
    // These addresses, 112 and the length 12 sum to 0xffff, which is nothing.
    const envelope: Envelope = { ...OVER4, source: ip("10.99.21.14") };
    const value = { ...V3, addresses: [ip("10.99.1.1")] };
    const bytes = encodeAdvertisement(value, envelope, "rfc5798");
    expect(bytes).toEqual(encodeAdvertisement(value, envelope, "rfc9568"));
    const decoded = decodeAdvertisement(bytes, envelope);
    expect(decoded).toEqual({ ok: true, value: { advertisement: value, dialect: "rfc9568" } });
  });

  test("carries 255 addresses of either family", () => {
    const many = (prefix: string): Ip[] => Array.from({ length: 255 }, (_, index) => ip(`${prefix}${index}`));
    for (const [envelope, addresses] of [
      [OVER4, many("10.0.0.")],
      [OVER6, many("fd00::")],
    ] as const) {
      const value: Advertisement = { ...V3, addresses };
      const bytes = encodeAdvertisement(value, envelope, "rfc5798");
      expect(bytes.length).toBe(8 + 255 * (envelope.family === 4 ? 4 : 16));
      expect(decodeAdvertisement(bytes, envelope)).toMatchObject({
        ok: true,
        value: { advertisement: value },
      });
    }
  });

  test("keeps nothing of the buffer it was read from", () => {
    const [row] = rows.filter(({ what }) => what.includes("password"));
    if (row === undefined) throw new Error("no row with a password");
    // A Buffer is what the sockets give, and its slice() is a view where that of other bytes is a copy.
    for (const bytes of [row.bytes.slice(), Buffer.from(row.bytes)]) {
      const decoded = decodeAdvertisement(bytes, OVER4);
      bytes.fill(0);
      expect(decoded).toEqual({ ok: true, value: { advertisement: row.value, dialect: null } });
    }
  });

  test("is read whatever its reserved bits say (RFC 9568 5.2.6), and says nothing of them", () => {
    const bytes = hex("3133 6403 a00a a88f 0a630101 0a630102 0a630103");
    expect(decodeAdvertisement(bytes, OVER4)).toEqual({
      ok: true,
      value: { advertisement: V3, dialect: "rfc9568" },
    });
  });

  test("of VRID 0 and interval 0 is read as it stands, for the receiver to judge", () => {
    const bytes = hex("3100 6400 0000 6aff");
    const decoded = decodeAdvertisement(bytes, OVER4);
    expect(decoded).toMatchObject({ ok: true, value: { advertisement: { vrid: 0, interval: 0 } } });
  });
});

describe("an advertisement is refused", () => {
  // One sample a kind: a new kind without one does not compile.
  const samples: Record<DecodeError["kind"], readonly [Uint8Array, DecodeError]> = {
    truncated: [V3_5798.subarray(0, 7), { kind: "truncated", need: 8, have: 7 }],
    version: [hex("4133 6400 0064 0000"), { kind: "version", got: 4 }],
    type: [hex("3233 6400 0064 0000"), { kind: "type", got: 2 }],
    length: [V3_5798.subarray(0, 16), { kind: "length", count: 3, have: 16 }],
    checksum: [hex("3133 6403 000a 5d96 0a630101 0a630102 0a630103"), { kind: "checksum" }],
  };
  for (const [kind, [bytes, error]] of Object.entries(samples)) {
    test(`for its ${kind}`, () => expect(decodeAdvertisement(bytes, OVER4)).toEqual({ ok: false, error }));
  }

  test.each<[string, Uint8Array, Envelope, DecodeError]>([
    ["nothing", hex(""), OVER4, { kind: "truncated", need: 8, have: 0 }],
    ["version 2 over IPv6", V2_BYTES, OVER6, { kind: "version", got: 2 }],
    ["a trailer", hex(`${V3_5798.toHex()} 00`), OVER4, { kind: "length", count: 3, have: 21 }],
    [
      "version 2 without its last 8 bytes",
      V2_BYTES.subarray(0, 12),
      OVER4,
      { kind: "length", count: 1, have: 12 },
    ],
    [
      "version 2 with a trailer",
      hex(`${V2_BYTES.toHex()} 0000`),
      OVER4,
      { kind: "length", count: 1, have: 22 },
    ],
    [
      "a count of 255 with one address",
      hex("3133 64ff 0064 0000 0a630101"),
      OVER4,
      { kind: "length", count: 255, have: 12 },
    ],
    ["IPv4 addresses over IPv6", V3_5798, OVER6, { kind: "length", count: 3, have: 20 }],
    ["another sender's pseudo-header", V3_5798, { ...OVER4, source: ip("10.99.0.2") }, { kind: "checksum" }],
    ["the multicast checksum on unicast", V3_5798, UNICAST, { kind: "checksum" }],
    [
      "another sender's pseudo-header over IPv6",
      V6_BYTES,
      { ...OVER6, source: ip("fe80::2") },
      { kind: "checksum" },
    ],
    [
      "version 2 with a pseudo-header",
      hex("2133 6401 0001 846b 0a630101 0000000000000000"),
      OVER4,
      { kind: "checksum" },
    ],
    [
      "IPv6 without a pseudo-header",
      hex("31ff ff01 0fff bfe5 fe800000000000000000000000000099"),
      OVER6,
      { kind: "checksum" },
    ],
  ])("for %s", (_, bytes, envelope, error) => {
    expect(decodeAdvertisement(bytes, envelope)).toEqual({ ok: false, error });
  });
});

describe("writing an advertisement", () => {
  const data = new Uint8Array(8);
  test.each<[string, Advertisement, Envelope]>([
    ["VRID 0", { ...V3, vrid: 0 }, OVER4],
    ["VRID 256", { ...V3, vrid: 256 }, OVER4],
    ["priority 256", { ...V3, priority: priority(256) }, OVER4],
    ["priority -1", { ...V3, priority: priority(-1) }, OVER4],
    ["priority 1.5", { ...V3, priority: priority(1.5) }, OVER4],
    ["an interval of nothing", { ...V3, interval: centiseconds(0) }, OVER4],
    ["an interval of 13 bits", { ...V3, interval: centiseconds(4096) }, OVER4],
    ["a version 2 interval of nothing", { ...V2, interval: seconds(0) }, OVER4],
    ["a version 2 interval of 9 bits", { ...V2, interval: seconds(256) }, OVER4],
    ["a version 2 interval that is no whole second", { ...V2, interval: seconds(0.5) }, OVER4],
    ["an authentication type of 9 bits", { ...V2, auth: { type: 256, data } }, OVER4],
    ["7 bytes of authentication", { ...V2, auth: { type: 1, data: data.subarray(1) } }, OVER4],
    ["256 addresses", { ...V3, addresses: new Array<Ip>(256).fill(ip("10.0.0.1")) }, OVER4],
    ["an address of the other family", { ...V3, addresses: [ip("fe80::99")] }, OVER4],
    ["version 2 over IPv6", { ...V2, addresses: [] }, OVER6],
    ["a source of the other family", V3, { ...OVER4, source: ip("fe80::1") }],
    ["a destination of the other family", V3, { ...OVER4, destination: ip("ff02::12") }],
  ])("with %s is a bug of ours", (_, advertisement, envelope) => {
    expect(() => encodeAdvertisement(advertisement, envelope, "rfc5798")).toThrow(Bug);
  });
});
