/** The Internet checksum: the example of its RFC, and sums from text as from bytes. */
import { describe, expect, test } from "bun:test";
import { ipBytes } from "../../src/base/address.ts";
import { checksum, fold, sumAddress, sumPseudoHeader, sumWords } from "../../src/wire/checksum.ts";
import { ip } from "./address.ts";
import { hex } from "./hex.ts";

describe("the Internet checksum", () => {
  test("of the example in RFC 1071 3 is 220d", () => {
    const bytes = hex("0001 f203 f4f5 f6f7");
    expect(fold(sumWords(bytes, 0, 8))).toBe(0xddf2);
    expect(checksum(sumWords(bytes, 0, 8))).toBe(0x220d);
  });

  test("reads an odd last byte as the high half of a word", () => {
    expect(sumWords(hex("0102 03"), 0, 3)).toBe(0x0102 + 0x0300);
  });

  test("sums only between its bounds", () => {
    expect(sumWords(hex("ffff 0102 ffff"), 2, 4)).toBe(0x0102);
    expect(sumWords(hex("ffff"), 1, 1)).toBe(0);
  });

  test("carries twice where the first carry makes another", () => {
    expect(fold(0xffff_ffff)).toBe(0xffff);
    expect(fold(0x0001_ffff)).toBe(1);
    expect(checksum(0x0001_ffff)).toBe(0xfffe);
  });

  test("holds for the largest packet of ones", () => {
    const bytes = new Uint8Array(0xffff).fill(0xff);
    expect(fold(sumWords(bytes, 0, bytes.length))).toBe(0xff00);
  });

  test.each([
    "0.0.0.0",
    "10.99.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::",
    "fe80::ff:fe00:1",
    "2001:db8:0:1:1:1:1:1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  ])("sums %s from its text as from its bytes", (text) => {
    const bytes = ipBytes(ip(text));
    expect(sumAddress(ip(text))).toBe(sumWords(bytes, 0, bytes.length));
  });

  test("counts addresses, protocol and length of a pseudo-header", () => {
    const sum = sumPseudoHeader(ip("10.99.0.1"), ip("224.0.0.18"), 112, 20);
    expect(sum).toBe(sumWords(hex("0a630001 e0000012 00 70 0014"), 0, 12));
  });
});
