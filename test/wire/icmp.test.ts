/** ICMP echo. */
import { describe, expect, test } from "bun:test";
import { decodeEchoReply, encodeEchoRequest } from "../../src/wire/icmp.ts";
import { hex } from "./hex.ts";

const ECHO = { identifier: 0x1234, sequence: 7, payload: Uint8Array.of(1, 2, 3) };
/** An IPv4 header without options; its fields do not matter here. */
const HEADER = `4500001f 00000000 40010000 c0000201 c0000202`;

describe("an echo request", () => {
  test("of IPv4 carries its checksum", () => {
    // 0800 + 1234 + 0007 + 0102 + 0300 = 1e3d, its complement e1c2.
    expect(encodeEchoRequest(4, ECHO)).toEqual(hex("0800e1c212340007010203"));
  });

  test("of IPv6 leaves it to the kernel", () => {
    expect(encodeEchoRequest(6, ECHO)).toEqual(hex("8000000012340007010203"));
  });
});

describe("an echo reply", () => {
  test("of IPv4 is found behind its header, options and all", () => {
    expect(decodeEchoReply(4, hex(`${HEADER} 0000e9c2 12340007 010203`))).toEqual(ECHO);
    const longer = `46${HEADER.slice(2)} 01010100`;
    expect(decodeEchoReply(4, hex(`${longer} 0000e9c2 12340007 010203`))).toEqual(ECHO);
  });

  test("of IPv6 comes by itself", () => {
    expect(decodeEchoReply(6, hex("8100abcd 12340007 010203"))).toEqual(ECHO);
  });

  test.each([
    ["is damaged", 4, `${HEADER} 0000e9c2 12340007 010204`],
    ["is a request", 4, `${HEADER} 0800e1c2 12340007 010203`],
    ["has a code", 4, `${HEADER} 0001e9c1 12340007 010203`],
    ["is cut in its header", 4, `${HEADER} 0000e9c2 1234`],
    ["has a header that is too short", 4, `41${HEADER.slice(2)} 0000e9c2 12340007 010203`],
    ["is nothing", 4, ""],
    ["is a request of IPv6", 6, "8000abcd 12340007 010203"],
    ["is a neighbour advertisement", 6, "8800abcd 12340007 010203"],
    ["is nothing of IPv6", 6, "81"],
  ] as const)("that %s is none", (_, family, text) => {
    expect(decodeEchoReply(family, hex(text))).toBeNull();
  });
});
