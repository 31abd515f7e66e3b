/** HTTP/1.1 as far as a health check speaks it (RFC 9112): one request on a connection of its own, and its response. */

/** Bytes of status line and fields: more is no answer to a health check. */
const HEAD_MAX = 16 * 1024;
/** Bytes of the line before a chunk. */
const CHUNK_LINE_MAX = 256;

const ascii = new TextDecoder("latin1");

const AGENT = "User-Agent: haagent";
const ACCEPT = "Accept: */*";
const CLOSE = "Connection: close";

/** A request without a body. */
export interface Request {
  readonly method: "GET" | "HEAD" | "OPTIONS";
  /** Printable ASCII without spaces. */
  readonly path: string;
  /** The same. */
  readonly host: string;
  /** Further fields, `NAME: VALUE`, printable ASCII. */
  readonly headers: readonly string[];
}

/** The request as text. A field that is given replaces ours of the same name. */
export function encodeRequest({ method, path, host, headers }: Request): string {
  // As nearly all are, and thousands may be asked in a second.
  if (headers.length === 0) {
    return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${AGENT}\r\n${ACCEPT}\r\n${CLOSE}\r\n\r\n`;
  }
  const given = new Set(headers.map(nameOf));
  const ours = [`Host: ${host}`, AGENT, ACCEPT, CLOSE];
  const fields = [...ours.filter((field) => !given.has(nameOf(field))), ...headers];
  return [`${method} ${path} HTTP/1.1`, ...fields, "", ""].join("\r\n");
}

/** The name of a field in lower case (RFC 9110 5.1). */
export const nameOf = (field: string): string => field.slice(0, field.indexOf(":")).trim().toLowerCase();

/** What comes before the body. */
export interface Head {
  readonly kind: "head";
  /** 200 to 599. */
  readonly status: number;
  /** Offset of the body. */
  readonly end: number;
  /** How the body ends (RFC 9112 6.3): after so many bytes, with the last chunk, or with the connection. */
  readonly framing: number | "chunked" | "close";
}

/** A response that is not there yet, or that is none. */
export type Incomplete = { readonly kind: "more" } | { readonly kind: "bad"; readonly why: string };

const MORE: Incomplete = { kind: "more" };
const bad = (why: string): Incomplete => ({ kind: "bad", why });

/**
 * Reads status line and fields of the final response; interim ones (1xx) are passed over. `bodiless`: the request was a HEAD, to which
 * no body comes whatever is announced (RFC 9112 6.3). `framed` false: nobody wants the body, and how it ends is not looked for.
 */
export function decodeHead(bytes: Uint8Array, bodiless = false, framed = true): Head | Incomplete {
  let start = 0;
  for (;;) {
    const text = ascii.decode(bytes.subarray(start, start + HEAD_MAX));
    // Anything that is not HTTP shows at once, and need not be waited for.
    if (!"HTTP/1.".startsWith(text.slice(0, 7))) return bad("no HTTP response");
    const blank = /\r?\n\r?\n/.exec(text);
    if (blank === null) return text.length < HEAD_MAX ? MORE : bad("endless header");
    const status = Number(/^HTTP\/1\.\d (\d{3})(?: |\r?\n)/.exec(text)?.[1] ?? 0);
    if (status < 100 || status > 599) return bad("no HTTP status");
    const end = start + blank.index + blank[0].length;
    if (status >= 200) {
      if (bodiless || !framed) return { kind: "head", status, end, framing: bodiless ? 0 : "close" };
      const fields = text.slice(0, blank.index).split(/\r?\n/).slice(1);
      return { kind: "head", status, end, framing: framingOf(status, fields) };
    }
    if (end > HEAD_MAX) return bad("endless header");
    start = end;
  }
}

function framingOf(status: number, fields: readonly string[]): Head["framing"] {
  if (status === 204 || status === 304) return 0;
  const value = (name: string): string | undefined =>
    fields
      .filter((field) => field.toLowerCase().startsWith(`${name}:`))
      .map((field) => field.slice(name.length + 1).trim())
      .at(-1);
  if (value("transfer-encoding") !== undefined) {
    return /(^|,)\s*chunked$/i.test(value("transfer-encoding") ?? "") ? "chunked" : "close";
  }
  const length = value("content-length") ?? "";
  return /^\d{1,15}$/.test(length) ? Number(length) : "close";
}

/** A body, or the first part of one. */
export interface Body {
  readonly kind: "body";
  readonly bytes: Uint8Array;
}

/**
 * The body behind a head. `ended`: the server has closed; `most`: so many bytes of it are enough. A body cut short by the end of the
 * connection is bad where its length was announced (RFC 9112 8).
 */
export function decodeBody(head: Head, bytes: Uint8Array, ended: boolean, most: number): Body | Incomplete {
  const rest = bytes.subarray(head.end);
  if (head.framing === "chunked") return decodeChunks(rest, ended, most);
  const wanted = head.framing === "close" ? most : Math.min(most, head.framing);
  if (rest.length >= wanted) return { kind: "body", bytes: rest.subarray(0, wanted) };
  if (!ended) return MORE;
  return head.framing === "close" ? { kind: "body", bytes: rest } : bad("body cut short");
}

/** RFC 9112 7.1; trailers are not looked at. */
function decodeChunks(bytes: Uint8Array, ended: boolean, most: number): Body | Incomplete {
  const parts: Uint8Array[] = [];
  let length = 0;
  let at = 0;
  const missing = ended ? bad("body cut short") : MORE;
  for (;;) {
    const line = ascii.decode(bytes.subarray(at, at + CHUNK_LINE_MAX));
    const size = /^([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n/.exec(line);
    if (size === null) {
      const started = !line.includes("\n") && line.length < CHUNK_LINE_MAX;
      return started ? missing : bad("no chunk size");
    }
    const wanted = Number.parseInt(size[1] ?? "", 16);
    at += size[0].length;
    const part = bytes.subarray(at, at + Math.min(wanted, most - length));
    parts.push(part);
    length += part.length;
    if (wanted === 0 || length >= most) return { kind: "body", bytes: joined(parts, length) };
    if (part.length < wanted) return missing;
    at += wanted;
    const close = ascii.decode(bytes.subarray(at, at + 2));
    if (close.length < 2 && !close.startsWith("\n")) return missing;
    if (close !== "\r\n" && !close.startsWith("\n")) return bad("chunk without end");
    at += close === "\r\n" ? 2 : 1;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
