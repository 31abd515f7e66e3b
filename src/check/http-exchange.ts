/** One request to an HTTP server, and whether the answer is what was expected. */
import { createHash } from "node:crypto";
import type { Head, Request } from "../wire/http.ts";
import { decodeBody, decodeHead, encodeRequest, nameOf } from "../wire/http.ts";
import type { Dialogue } from "./dialogue.ts";
import { Heard, say } from "./dialogue.ts";
import type { Outcome, StatusRange } from "./response.ts";
import { bad, bodyFits, good, statusFits, TEXT_MAX } from "./response.ts";

/** Bytes of a response that are kept: head, body, and what chunks add to it. */
export const RESPONSE_MAX = 4 * TEXT_MAX;
/** Bytes of a body whose digest is wanted. */
const DIGESTED_MAX = RESPONSE_MAX - 32 * 1024;

/** What the answer must be. */
export interface Expectation {
  readonly statuses: readonly StatusRange[];
  readonly pattern: string | null;
  /** MD5 of the body, hexadecimal. */
  readonly digest: string | null;
}

/** The outcome as far as the response tells it; null when more of it is needed. */
function judge(request: Request, expected: Expectation, heard: Heard): Outcome | null {
  const { bytes, full, ended } = heard;
  const { pattern, digest } = expected;
  const head = decodeHead(bytes, request.method === "HEAD", pattern !== null || digest !== null);
  if (head.kind === "bad") return bad(head.why);
  if (head.kind === "more") return ended ? bad("closed before an answer") : null;
  const said = `HTTP ${head.status}`;
  if (!statusFits(head.status, expected.statuses)) return bad(said);
  if (pattern === null && digest === null) return good(said);
  // Of a digest's body one byte more than it may have, to see that it has too many.
  const most = digest === null ? TEXT_MAX : DIGESTED_MAX + 1;
  const body = decodeBody(head, bytes, ended, most);
  if (body.kind === "more") return full ? bad(`${said}, endless body`) : null;
  if (body.kind === "bad") return bad(`${said}, ${body.why}`);
  if (digest !== null) {
    if (body.bytes.length > DIGESTED_MAX) return bad(`${said}, body too long for a digest`);
    const found = createHash("md5").update(body.bytes).digest("hex");
    if (found !== digest) return bad(`${said}, body has digest ${found}${encoded(bytes, head)}`);
  }
  if (pattern === null) return good(`${said}, digest is right`);
  if (bodyFits(body.bytes, pattern)) return good(`${said}, body matches`);
  return bad(`${said}, body does not match${encoded(bytes, head)}`);
}

const latin1 = new TextDecoder("latin1");

/** That the body came in a coding (RFC 9110 8.4), which nobody asked for: it is looked at as it came. */
function encoded(bytes: Uint8Array, { end }: Head): string {
  const fields = latin1.decode(bytes.subarray(0, end));
  const coding = /^content-encoding:[ \t]*([\w-]{1,20})/im.exec(fields)?.[1];
  return coding === undefined ? "" : `; it is in ${coding}`;
}

/** Asks, and judges the answer. A server that resets after its answer has answered all the same. */
export function* httpExchange(request: Request, expected: Expectation, heard: Heard): Dialogue {
  yield say(encodeRequest(request), shown(request));
  for (;;) {
    const outcome = judge(request, expected, heard);
    if (outcome !== null) return outcome;
    yield* heard.more();
  }
}

/** The request without the values of the fields that were given: one may be a password. */
function shown(request: Request): string | null {
  if (request.headers.length === 0) return null;
  const masked = request.headers.map((field) => (nameOf(field) === "host" ? field : `${nameOf(field)}: ...`));
  return JSON.stringify(encodeRequest({ ...request, headers: masked }));
}
