/** DNS messages, and what they mean to a check. */
import { describe, expect, test } from "bun:test";
import { judgeAnswer } from "../../src/check/dns.ts";
import { decodeAnswer, encodeQuery, isDomain, typeNumber } from "../../src/wire/dns.ts";
import { DNS } from "../check/recorded.ts";
import { hex } from "./hex.ts";

/** A response to `a. IN type` with one record, whose name points to the question. */
const record = (type: number, data: string): Uint8Array => {
  const bytes = hex(data);
  const head = `1234 8180 0001 0001 0000 0000 016100 ${word(type)} 0001 c00c ${word(type)} 0001 00000000`;
  return Uint8Array.from([...hex(head.replaceAll(" ", "")), bytes.length >> 8, bytes.length & 255, ...bytes]);
};
const word = (value: number): string => value.toString(16).padStart(4, "0");
const text = (bytes: Uint8Array): string => {
  const answer = decodeAnswer(bytes);
  return answer.kind === "bad" ? answer.why : answer.records.map((each) => each.text).join("|");
};

test("a query asks for one name and type, with recursion", () => {
  expect(encodeQuery(0x1234, "www.example.org", 1)).toEqual(
    hex("12340100000100000000000003777777076578616d706c65036f72670000010001"),
  );
  expect(encodeQuery(1, ".", 6)).toEqual(hex("000101000001000000000000" + "0000060001"));
});

describe("the data of a record", () => {
  test.each([
    [1, "c0000201", "192.0.2.1"],
    [28, "20010db8000000000000000000000001", "2001:db8::1"],
    [28, "00000000000000000000000000000000", "::"],
    [28, "20010db8000100010001000100010001", "2001:db8:1:1:1:1:1:1"],
    [28, "00010000000000010000000000000001", "1:0:0:1::1"],
    [2, "026e73c00c", "ns.a."],
    [15, "000a046d61696cc00c", "10 mail.a."],
    [33, "000100020050c00c", "1 2 80 a."],
    [6, "c00cc00c0000000100000002000000030000000400000005", "a. a. 1 2 3 4 5"],
    [16, "0268690179", '"hi" "y"'],
    [257, "0005", "0005"],
  ])("of type %p, %p, is %p", (type, data, expected) => {
    expect(text(record(type, data))).toBe(expected);
  });

  test.each([
    ["an address of three bytes", record(1, "c00002")],
    ["a name that points to itself", record(2, "c01f")],
    ["a name beyond the data", record(2, "026e73")],
    ["a text longer than its record", record(16, "05aa")],
  ])("that is none, as %s, is told", (_, bytes) => {
    expect(text(bytes)).toBe("data that is none of its type");
  });
});

describe("an answer", () => {
  const question = { name: "www.example.org", type: 1, code: 0, pattern: null };
  const said = (bytes: Uint8Array, change = {}, id = 0x1234): string => {
    const outcome = judgeAnswer({ ...question, ...change }, id, bytes);
    return typeof outcome === "string" ? outcome : `${outcome.healthy} ${outcome.detail}`;
  };

  test("is good with a record, and with the right one", () => {
    expect(said(DNS.address)).toBe("true NOERROR, 192.0.2.1");
    expect(said(DNS.address, { name: "WWW.example.ORG." })).toBe("true NOERROR, 192.0.2.1");
    expect(said(DNS.address, { pattern: "^192[.]0[.]2[.]1$" })).toBe("true NOERROR, 192.0.2.1");
    expect(said(DNS.address, { pattern: "^10[.]" })).toBe("false no record matches: 192.0.2.1");
    expect(said(DNS.address.slice(0, 33).with(7, 0))).toBe("false no record");
  });

  test("may have as many records as a message holds", () => {
    const records = Array.from({ length: 300 }, (_, at) => hex(`c00c000100010000000000040a00${word(at)}`));
    const bytes = Uint8Array.from([...DNS.address.slice(0, 33), ...records.flatMap((each) => [...each])]);
    const many = bytes.with(6, 300 >> 8).with(7, 300 & 255);
    expect(said(many, { pattern: "^10[.]0[.]1[.]43$" })).toBe("true NOERROR, 10.0.1.43");
    expect(said(many, { pattern: "^10[.]0[.]1[.]44$" })).toBe("false no record matches: 10.0.0.0");
  });

  test("is bad with another code than the one that is expected", () => {
    const absent = { name: "no.example.org" };
    expect(said(DNS.absent, absent, 0x9e9c)).toBe("false NXDOMAIN");
    expect(said(DNS.absent, { ...absent, code: 3 }, 0x9e9c)).toBe("true NXDOMAIN");
    expect(said(DNS.refused, { name: ".", type: 6 }, 0xcd81)).toBe("false REFUSED");
    expect(said(DNS.address, { code: 3 })).toBe("false NOERROR");
  });

  test("to something else is nobody's", () => {
    expect(said(DNS.address, {}, 7)).toBe("stranger");
    expect(said(DNS.address, { name: "a" })).toBe("stranger");
    expect(said(DNS.address, { type: 28 })).toBe("stranger");
  });

  test("that did not fit is asked for again, if what came does not do", () => {
    const cut = DNS.address.with(2, 0x87);
    expect(said(cut)).toBe("true NOERROR, 192.0.2.1");
    expect(said(cut, { pattern: "x" })).toBe("longer");
    expect(said(cut.slice(0, 40))).toBe("longer");
  });

  test("that is none is told", () => {
    expect(said(new Uint8Array(11))).toBe("false no DNS message");
    expect(said(encodeQuery(0x1234, "www.example.org", 1))).toBe("false a query instead of an answer");
    expect(said(DNS.address.slice(0, 45))).toBe("false an answer cut short");
    expect(said(DNS.address.slice(0, 30))).toBe("false a question cut short");
  });
});

test("names and types are as master files have them", () => {
  expect([".", "a", "a.b.", "_x._tcp.a", "a..b", "", "x".repeat(64), ".a", "ä"].map(isDomain)).toEqual([
    ...[true, true, true, true, false, false, false, false, false],
  ]);
  expect(["A", "aaaa", "TYPE65", "TYPE0", "TYPE65536", "B"].map(typeNumber)).toEqual([
    ...[1, 28, 65, null, null, null],
  ]);
});
