/** HTTP as a health check speaks it. */
import { describe, expect, test } from "bun:test";
import { decodeBody, decodeHead, encodeRequest } from "../../src/wire/http.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder().decode(body);

/** The body of a response, or what is wrong with it; `ended`: the server has closed. */
function body(response: string, ended = true, most = 1000): string {
  const all = bytes(response);
  const head = decodeHead(all);
  if (head.kind !== "head") return head.kind === "bad" ? head.why : "more";
  const read = decodeBody(head, all, ended, most);
  return read.kind === "body" ? `<${text(read.bytes)}>` : read.kind === "bad" ? read.why : "more";
}

describe("a request", () => {
  const request = { method: "GET", path: "/health?a=1", host: "[2001:db8::1]:81", headers: [] } as const;

  test("is one GET that ends its connection", () => {
    expect(encodeRequest(request)).toBe(
      "GET /health?a=1 HTTP/1.1\r\nHost: [2001:db8::1]:81\r\nUser-Agent: haagent\r\nAccept: */*\r\nConnection: close\r\n\r\n",
    );
  });

  test("has further fields, which replace those of the same name", () => {
    expect(
      encodeRequest({
        ...request,
        method: "HEAD",
        path: "/",
        headers: ["user-agent: probe", "Cookie: a=b: c", "Accept:"],
      }),
    ).toBe(
      "HEAD / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\nConnection: close\r\nuser-agent: probe\r\nCookie: a=b: c\r\nAccept:\r\n\r\n",
    );
  });
});

describe("a response's head", () => {
  const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

  test("tells status, end and framing", () => {
    expect(decodeHead(bytes(OK))).toEqual({ kind: "head", status: 200, end: OK.length, framing: 2 });
  });

  test("is waited for as long as it may still become one", () => {
    for (let length = 0; length < OK.length; length++) {
      expect(decodeHead(bytes(OK.slice(0, length)))).toEqual({ kind: "more" });
    }
  });

  test.each([
    ["another protocol's greeting", "220 mail.example.org ESMTP\r\n", "no HTTP response"],
    ["SSH", "SSH-2.0-OpenSSH_9.2\r\n", "no HTTP response"],
    ["a status that is none", "HTTP/1.1 abc\r\n\r\n", "no HTTP status"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "no HTTP status"],
    ["a status beyond 599", "HTTP/1.1 600 What\r\n\r\n", "no HTTP status"],
    ["a header without end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}`, "endless header"],
    ["interim responses without end", "HTTP/1.1 100 Continue\r\n\r\n".repeat(2000), "endless header"],
  ])("that is %s is none", (_, response, why) => {
    expect(decodeHead(bytes(response))).toEqual({ kind: "bad", why });
  });

  test("may come after interim ones, without a reason phrase, with bare line feeds", () => {
    expect(decodeHead(bytes(`HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${OK}`))).toMatchObject({
      status: 200,
    });
    expect(decodeHead(bytes("HTTP/1.0 404\r\n\r\n"))).toMatchObject({ status: 404, framing: "close" });
    expect(decodeHead(bytes("HTTP/1.1 503 x\nA: b\n\n"))).toMatchObject({ status: 503 });
  });
});

describe("a response's body", () => {
  const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

  test.each([
    ["ends where its length says", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabcdef", false, "<abc>"],
    ["is waited for until then", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false, "more"],
    [
      "is bad when it is cut before",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
      true,
      "body cut short",
    ],
    ["ends with the connection otherwise", "HTTP/1.1 200 OK\r\n\r\nabc", true, "<abc>"],
    ["which is waited for", "HTTP/1.1 200 OK\r\n\r\nabc", false, "more"],
    ["is empty after 204", "HTTP/1.1 204 No Content\r\n\r\n", false, "<>"],
    [
      "is empty after 304, whatever its length says",
      "HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n",
      false,
      "<>",
    ],
    ["may come in chunks", `${chunked}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n`, false, "<abcde>"],
    ["needs its last chunk", `${chunked}3\r\nabc\r\n`, false, "more"],
    ["is bad without its last chunk", `${chunked}3\r\nabc\r\n`, true, "body cut short"],
    ["is waited for within a chunk", `${chunked}3\r\nab`, false, "more"],
    ["is waited for after a chunk", `${chunked}3\r\nabc\r`, false, "more"],
    ["is bad with a chunk of no size", `${chunked}xyz\r\nabc\r\n`, false, "no chunk size"],
    ["is bad with a chunk that goes on", `${chunked}3\r\nabcdef\r\n0\r\n\r\n`, false, "chunk without end"],
    [
      "in chunks has no length",
      `HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
      false,
      "<a>",
    ],
    [
      "of an odd length ends with the connection",
      "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
      true,
      "<abc>",
    ],
  ])("%s", (_, response, ended, expected) => {
    expect(body(response, ended)).toBe(expected);
  });

  test("is not waited for beyond what is wanted of it", () => {
    expect(body("HTTP/1.1 200 OK\r\n\r\nabcdef", false, 4)).toBe("<abcd>");
    expect(body("HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\nabcdef", false, 4)).toBe("<abcd>");
    expect(body(`${chunked}ffffffff\r\nabcdef`, false, 4)).toBe("<abcd>");
  });
});
