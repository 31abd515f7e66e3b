/** Addresses as canonical text: what is accepted, what it becomes, how it compares. */
import { describe, expect, test } from "bun:test";
import type { Mac } from "../../src/base/address.ts";
import {
  compareIp,
  familyOf,
  ipBytes,
  ipFromBytes,
  isLinkLocal,
  isMulticast,
  macBytes,
  macFromBytes,
  multicastMac,
  parseIp,
} from "../../src/base/address.ts";
import { Random } from "../fuzz/mutate.ts";
import { ip } from "../wire/address.ts";
import { hex } from "../wire/hex.ts";

describe("an address in text", () => {
  // RFC 5952 4 and 5, RFC 4291 2.2.
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["2001:0db8::0001", "2001:db8::1"],
    ["2001:DB8::ABCD", "2001:db8::abcd"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["fe80:0:0:0:0:0:0:0", "fe80::"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"],
  ])("%s is %s", (text, canonical) => {
    expect<string>(ip(text)).toBe(canonical);
    expect<string>(ip(canonical)).toBe(canonical);
  });

  test.each([
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.04",
    "1.2.3.",
    "1.2.3.-4",
    "1.2.3.4 ",
    "0x1.2.3.4",
    "1.2.3.4/24",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1::2::3",
    ":1:2:3:4:5:6:7",
    "12345::",
    "g::",
    "fe80::1%eth0",
    "1.2.3.4::",
    "::1.2.3",
    "1:2:3:4:5:6:7:1.2.3.4",
  ])("%p is refused, with the text in the error", (text) => {
    expect(parseIp(text)).toEqual({ ok: false, error: `"${text}" is not an IP address` });
  });

  test("comes back from its bytes, whatever they are", () => {
    const random = new Random(1);
    for (let round = 0; round < 20_000; round++) {
      const bytes = new Uint8Array(round % 4 === 0 ? 4 : 16);
      // Half of them with many zeros, where "::" is decided.
      for (let at = 0; at < bytes.length; at++) bytes[at] = random.below(2) === 0 ? 0 : random.next() & 0xff;
      if (round % 2 === 0) bytes.fill(0, 2 * random.below(8), 2 * random.below(9));
      const address = ipFromBytes(bytes);
      expect(ipBytes(address)).toEqual(bytes);
      expect(parseIp(address)).toEqual({ ok: true, value: address });
      expect(familyOf(address)).toBe(bytes.length === 4 ? 4 : 6);
    }
  });
});

describe("addresses compare as numbers", () => {
  test.each([
    ["10.0.0.9", "10.0.0.10"],
    ["9.255.255.255", "10.0.0.0"],
    ["127.0.0.1", "128.0.0.1"],
    ["fe80::9", "fe80::10"],
    ["fe80::ffff", "fe80::1:0"],
    ["::", "::1"],
  ])("%s before %s", (lower, higher) => {
    expect(compareIp(ip(lower), ip(higher))).toBeLessThan(0);
    expect(compareIp(ip(higher), ip(lower))).toBeGreaterThan(0);
    expect(compareIp(ip(lower), ip(lower))).toBe(0);
  });
});

test.each([
  ["fe80::1", true],
  ["febf::1", true],
  ["fec0::1", false],
  ["fe7f::1", false],
  ["fe8::1", false],
  ["169.254.0.1", false],
])("%s is link-local for IPv6: %p", (text, expected) => expect(isLinkLocal(ip(text))).toBe(expected));

test.each([
  ["223.255.255.255", false],
  ["224.0.0.18", true],
  ["239.255.255.255", true],
  ["240.0.0.0", false],
  ["ff02::12", true],
  ["fe80::1", false],
  ["ff::1", false],
])("%s is a group: %p", (text, expected) => expect(isMulticast(ip(text))).toBe(expected));

describe("a link-layer address", () => {
  test("is text and six bytes", () => {
    expect<string>(macFromBytes(hex("00005e000133"))).toBe("00:00:5e:00:01:33");
    expect(macBytes("0a:00:5e:00:01:ff" as Mac)).toEqual(hex("0a005e0001ff"));
  });

  test.each([
    ["224.0.0.18", "01:00:5e:00:00:12"],
    // RFC 1112 6.4: the low 23 bits only.
    ["239.255.128.1", "01:00:5e:7f:80:01"],
    ["ff02::12", "33:33:00:00:00:12"],
    ["ff02::1:ff00:1", "33:33:ff:00:00:01"],
  ])("of the group %s is %s", (group, expected) => expect<string>(multicastMac(ip(group))).toBe(expected));
});
