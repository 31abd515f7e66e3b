/** What is kept of a probe. */
import { describe, expect, test } from "bun:test";
import { printable, Transcript } from "../../src/check/transcript.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a transcript", () => {
  test("has what was sent and got, and when", () => {
    let now = 1000;
    const transcript = new Transcript(() => now);
    transcript.note("connected");
    now += 1.25;
    transcript.sent(bytes("GET / HTTP/1.1\r\n"));
    transcript.sent(bytes("AUTH secret\r\n"), "AUTH ...");
    now += 100;
    transcript.got(bytes('"no"\0\xff'));
    expect(transcript.lines).toEqual([
      "0.0ms connected",
      '1.3ms sent "GET / HTTP/1.1\\r\\n"',
      "1.3ms sent AUTH ...",
      '101.3ms got "\\"no\\"\\x00\\xc3\\xbf"',
    ]);
  });

  test("keeps its beginning and its end, however long it is", () => {
    const transcript = new Transcript(() => 0);
    for (let line = 0; line < 1000; line++) transcript.note(`${line}`);
    expect(transcript.lines).toHaveLength(25);
    expect([transcript.lines[0], transcript.lines[12], transcript.lines[24]]).toEqual([
      "0.0ms 0",
      "(976 more)",
      "0.0ms 999",
    ]);
  });

  test("is cut within a line, too", () => {
    expect(printable(bytes("y".repeat(100_000)))).toBe(`"${"y".repeat(160)}"... (100000 bytes)`);
  });
});
