/** Transactions of nf_tables: their frame, and answers to them. That a kernel takes them is shown by test/io and test/features. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import type { Refused } from "../../src/wire/nftables.ts";
import { decodeAnswer, encodeElements, encodeTable, encodeTableRemoval } from "../../src/wire/nftables.ts";
import { hex } from "./hex.ts";

const NOTHING: Refused = { addresses: [], devices: [] };
const some = (...addresses: string[]): Refused => ({ addresses: addresses as Ip[], devices: [] });

/** Type, flags and sequence of each message; they must fill the bytes. */
function messages(bytes: Uint8Array): [number, number, number][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: [number, number, number][] = [];
  let at = 0;
  for (; at < bytes.length; at += view.getUint32(at, true)) {
    found.push([view.getUint16(at + 4, true), view.getUint16(at + 6, true), view.getUint32(at + 8, true)]);
  }
  expect(at).toBe(bytes.length);
  return found;
}

describe("a transaction", () => {
  test("stands between begin and end, and its last part asks for the answer", () => {
    expect(messages(encodeTableRemoval("haagent", 7))).toEqual([
      [0x10, 0x01, 7],
      [0x0a02, 0x05, 7],
      [0x11, 0x01, 7],
    ]);
    const table = messages(encodeTable("haagent", some("192.0.2.1", "fe80::1"), true, 7));
    expect(table.map(([type]) => type & 0xff)).toEqual([
      0x10, 0, 9, 9, 9, 3, 6, 6, 6, 3, 6, 6, 6, 12, 12, 0x11,
    ]);
    expect(table.filter(([, flags]) => (flags & 0x04) !== 0)).toHaveLength(1);
    expect((table.at(-2)?.[1] ?? 0) & 0x04).toBe(0x04);
  });

  test("that removes the table is this", () => {
    expect(encodeTableRemoval("haagent", 7)).toEqual(
      hex(
        "14000000 1000 0100 07000000 00000000 0000000a" +
          "20000000 020a 0500 07000000 00000000 01000000 0c00 0100 68616167656e7400" +
          "14000000 1100 0100 07000000 00000000 0000000a",
      ),
    );
  });

  test("owns the table only where it is asked to", () => {
    const owned = encodeTable("haagent", NOTHING, true, 7);
    // NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER.
    expect(owned.subarray(52, 60)).toEqual(hex("0800 0200 00000002"));
    expect(encodeTable("haagent", NOTHING, false, 7).length).toBe(owned.length - 8);
  });

  test("changes several sets at once, thousands of elements in parts that fit", () => {
    const more = some("192.0.2.1", "2001:db8::1");
    const types = messages(encodeElements("haagent", { ...more, devices: [3] }, some("192.0.2.2"), 7));
    expect(types.map(([type]) => type & 0xff)).toEqual([0x10, 12, 12, 12, 14, 0x11]);
    const many = some(...Array.from({ length: 2500 }, (_, at) => `10.0.${at >> 8}.${at & 0xff}`));
    expect(messages(encodeElements("haagent", many, NOTHING, 7))).toHaveLength(5);
  });
});

describe("an answer", () => {
  const answer = (errno: string, sequence = "07000000"): string =>
    `24000000 0200 0001 ${sequence} 00000000 ${errno} 00000000 00000000 00000000 00000000`;

  test.each([
    ["done", answer("00000000"), 0],
    ["an error number", answer("feffffff"), 2],
    ["an error number among others that are none", answer("00000000") + answer("feffffff"), 2],
    ["another's", answer("feffffff", "08000000"), null],
    ["cut short", answer("feffffff").slice(0, 30), null],
    ["nothing", "", null],
  ])("is %s", (_, text, expected) => {
    expect(decodeAnswer(hex(text), 7)).toBe(expected);
  });
});
