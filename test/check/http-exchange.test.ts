/** What an HTTP server must answer. */
import { describe, expect, test } from "bun:test";
import { httpExchange } from "../../src/check/http-exchange.ts";
import type { Request } from "../../src/wire/http.ts";
import { dribbled, talk } from "./talk.ts";

const REQUEST: Request = { method: "GET", path: "/", host: "a", headers: [] };
const EXPECTED = { statuses: [{ low: 200, high: 299 }], pattern: null, digest: null };
/** md5sum of "hello". */
const HELLO = "5d41402abc4b2a76b9719d911017c592";

const outcome = (answer: readonly string[], expected = {}, request: Partial<Request> = {}, stays = false) =>
  talk((heard) => httpExchange({ ...REQUEST, ...request }, { ...EXPECTED, ...expected }, heard), answer, {
    stays,
    most: 256 * 1024,
  }).outcome;
const said = (...call: Parameters<typeof outcome>): string => {
  const told = outcome(...call);
  return told === "waits" ? told : `${told.healthy} ${told.detail}`;
};

describe("an answer", () => {
  const page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

  test("counts by its status as soon as its head is there", () => {
    expect(said(["HTTP/1.1 204 No Content\r\n\r\n"], {}, {}, true)).toBe("true HTTP 204");
    expect(said(["HTTP/1.1 503 No\r\n\r\n"], {}, {}, true)).toBe("false HTTP 503");
    expect(said(["HTTP/1.1 20"], {}, {}, true)).toBe("waits");
    expect(said(["HTTP/1.1 20"])).toBe("false closed before an answer");
  });

  test("counts by its body, in whatever pieces it comes", () => {
    for (const pieces of [[page], ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", "llo"]]) {
      expect(said(pieces, { pattern: "^hello$" }, {}, true)).toBe("true HTTP 200, body matches");
      expect(said(pieces, { pattern: "^bye$" }, {}, true)).toBe("false HTTP 200, body does not match");
    }
    const bytes = dribbled([page]).map((byte) => String.fromCharCode(...byte));
    expect(said(bytes, { pattern: "^hello$" }, {}, true)).toBe("true HTTP 200, body matches");
  });

  test("that is in a coding nobody asked for says so where it does not match", () => {
    const coded = page.replace("Content-Length", "content-encoding: gzip\r\nContent-Length");
    expect(said([coded], { pattern: "^bye$" })).toBe("false HTTP 200, body does not match; it is in gzip");
    expect(said([coded], { pattern: "^hello$" })).toBe("true HTTP 200, body matches");
    expect(said([coded], { digest: "0" })).toBe(`false HTTP 200, body has digest ${HELLO}; it is in gzip`);
  });

  test("counts by the digest of its body", () => {
    expect(said([page], { digest: HELLO })).toBe("true HTTP 200, digest is right");
    expect(said([page], { digest: HELLO, pattern: "x" })).toBe("false HTTP 200, body does not match");
    expect(said([page.replace("hello", "hallo")], { digest: HELLO })).toStartWith(
      "false HTTP 200, body has digest 598d4c200461b81522a3328565c25f7c",
    );
  });

  test("has a digest up to a length, and none beyond", () => {
    const long = `HTTP/1.1 200 OK\r\n\r\n${"y".repeat(255 * 1024)}`;
    expect(said([long], { digest: HELLO })).toBe("false HTTP 200, body too long for a digest");
  });

  test("to a HEAD has no body, whatever it announces", () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    expect(said([head], {}, { method: "HEAD" }, true)).toBe("true HTTP 200");
  });
});

describe("what a transcript shows of a request", () => {
  test("are the names of the fields that were given, not their values", () => {
    const headers = ["Authorization: Basic c2VjcmV0", "X-Key: secret"];
    const { said: sent, shown } = talk(
      (heard) => httpExchange({ ...REQUEST, headers }, EXPECTED, heard),
      [],
      { stays: true },
    );
    expect(sent[0]).toContain("Authorization: Basic c2VjcmV0\r\nX-Key: secret\r\n");
    expect(shown[0]).toContain("authorization: ...\\r\\nx-key: ...\\r\\n");
    expect(shown[0]).not.toMatch(/c2VjcmV0|secret/);
  });
});
