/** The decoders of what a probed host answers under fuzz: ICMP echo replies and HTTP responses. */
import type { Family } from "../../src/base/address.ts";
import { checksum, sumWords } from "../../src/wire/checksum.ts";
import { decodeBody, decodeHead } from "../../src/wire/http.ts";
import type { Echo } from "../../src/wire/icmp.ts";
import { decodeEchoReply, encodeEchoRequest } from "../../src/wire/icmp.ts";
import { hex } from "../wire/hex.ts";
import { difference, putWord, target } from "./target.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The reply's bytes, made of a request's. */
function reply(family: Family, echo: Echo): Uint8Array {
  const bytes = encodeEchoRequest(family, echo);
  bytes[0] = family === 4 ? 0 : 129;
  if (family === 4) reseal(bytes, 0);
  return bytes;
}

function reseal(bytes: Uint8Array, start: number): void {
  putWord(bytes, start + 2, 0);
  putWord(bytes, start + 2, checksum(sumWords(bytes, Math.min(start, bytes.length), bytes.length)));
}

const echo = (family: Family, header: string, fields: readonly string[]) =>
  target<Echo | null>({
    name: `echo${family}`,
    golden: fields.map((each) => hex(`${header}${each}`)),
    lengthFields: [],
    watch: false,
    outcomes: { reply: "reached", nothing: "reached" },
    decode: (bytes) => decodeEchoReply(family, bytes),
    outcomeOf: (value) => (value === null ? "nothing" : "reply"),
    check: (value, bytes) => {
      if (value === null) return null;
      const start = family === 4 ? ((bytes[0] ?? 0) & 0x0f) * 4 : 0;
      const [again, found] = [reply(family, value), bytes.slice(start)];
      // Of IPv6 the kernel has looked at the checksum; and zero can be written in two ways.
      for (const each of [again, found]) putWord(each, 2, 0);
      return difference(again, found);
    },
    repair: (_, bytes) => {
      if (family === 4) reseal(bytes, ((bytes[0] ?? 0) & 0x0f) * 4);
    },
  });

/** Behind a header of IPv4, and as it comes of IPv6. */
const HEADER4 = "4500001f0000000040010000c0000201c0000202";
const FIELDS4 = ["0000e9c212340007010203", "0000edca12340001"];

/** What a response came to: the status and the body, or why there is none. */
type Read = ReturnType<typeof decodeHead> | ReturnType<typeof decodeBody>;

const PAGE = "<h1>Test Page</h1>";
const MOST = 64;

const http = target<Read>({
  name: "http",
  golden: [
    text(`HTTP/1.1 200 OK\r\nContent-Length: ${PAGE.length}\r\n\r\n${PAGE}`),
    text(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n<h1>Test\r\na;x=y\r\n Page</h1>\r\n0\r\n\r\n`,
    ),
    text(`HTTP/1.0 404\nServer: x\n\n${PAGE}`),
    text("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
  ],
  lengthFields: [],
  watch: false,
  outcomes: { more: "reached", bad: "reached", body: "reached", head: "never" },
  decode: (bytes) => {
    const head = decodeHead(bytes);
    return head.kind === "head" ? decodeBody(head, bytes, false, MOST) : head;
  },
  outcomeOf: ({ kind }) => kind,
  check: (value, bytes) => {
    if (value.kind !== "body") return null;
    if (value.bytes.length > MOST) return `${value.bytes.length} bytes of body`;
    // What was enough stays enough, and the same, whatever follows and when the connection ends.
    const longer = Uint8Array.from([...bytes, ...text("\r\n\r\nmore")]);
    const head = decodeHead(longer);
    const again = head.kind === "head" ? decodeBody(head, longer, true, MOST) : head;
    return again.kind === "body" ? difference(again.bytes, value.bytes) : `then it is ${again.kind}`;
  },
  repair: () => {},
});

export const ANSWERS = [
  echo(4, HEADER4, FIELDS4),
  echo(6, "", ["8100abcd12340007010203", "8100000012340001"]),
  http,
];
