/** DNS messages as a health check has them (RFC 1035, RFC 3596, RFC 2782): one question, and the answers to it. Numbers are big-endian. */

/** Types of records by name (IANA, "DNS Parameters"); any other is written TYPE and its number (RFC 3597). */
export const RECORD_TYPES: Readonly<Record<string, number>> = {
  ...{ A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, NAPTR: 35, DS: 43 },
  ...{ RRSIG: 46, DNSKEY: 48, TLSA: 52, SVCB: 64, HTTPS: 65, ANY: 255, CAA: 257 },
};
/** What a server thinks of a question (RFC 1035 4.1.1, RFC 2136). */
export const RESPONSE_CODES = [
  ...(["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET"] as const),
  ...(["NXRRSET", "NOTAUTH", "NOTZONE"] as const),
] as const;

const HEADER_LENGTH = 12;
const NAME_MAX = 255;
const LABEL_MAX = 63;
/** Names that are made of pieces elsewhere: so many pieces. */
const POINTERS_MAX = 32;
/** Records that are read of an answer: more than it can hold, whose names and data have a length. */
const RECORDS_MAX = 4096;
const IN = 1;
/** QR, RD and TC, in the flags. */
const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;
const RECURSION_DESIRED = 0x0100;

const latin1 = new TextDecoder("latin1");

/** Whether a text is a domain name in ASCII, the root being ".". */
export function isDomain(name: string): boolean {
  if (name === ".") return true;
  const bare = name.replace(/\.$/, "");
  const labels = bare.split(".");
  return bare.length < NAME_MAX - 1 && labels.every((label) => /^[\x21-\x2d\x2f-\x7e]{1,63}$/.test(label));
}

/** The number of a type as it is written; null for none. */
export function typeNumber(word: string): number | null {
  const known = RECORD_TYPES[word.toUpperCase()];
  const number = known ?? Number(/^TYPE(\d{1,5})$/i.exec(word)?.[1] ?? Number.NaN);
  return Number.isInteger(number) && number >= 1 && number <= 0xffff ? number : null;
}

/** A query for one name and type, with recursion desired. `id` is 0 to 65535. */
export function encodeQuery(id: number, name: string, type: number): Uint8Array {
  const labels = name === "." ? [] : name.replace(/\.$/, "").split(".");
  const bytes = new Uint8Array(HEADER_LENGTH + labels.reduce((sum, { length }) => sum + 1 + length, 1) + 4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id);
  view.setUint16(2, RECURSION_DESIRED);
  view.setUint16(4, 1);
  let at = HEADER_LENGTH;
  for (const label of labels) {
    bytes[at] = label.length;
    bytes.set(new TextEncoder().encode(label), at + 1);
    at += 1 + label.length;
  }
  view.setUint16(at + 1, type);
  view.setUint16(at + 3, IN);
  return bytes;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  /** The data as master files have it; hexadecimal for types that are not known here. */
  readonly text: string;
}

export interface DnsAnswer {
  readonly kind: "answer";
  readonly id: number;
  /** The question as it came back: the name in lower case and its type; null without one. */
  readonly question: { readonly name: string; readonly type: number } | null;
  readonly code: number;
  /** Not all of it fitted: ask by TCP. */
  readonly truncated: boolean;
  readonly records: readonly DnsRecord[];
}

/** Reads a response; total: what is none has a reason. */
export function decodeAnswer(bytes: Uint8Array): DnsAnswer | { readonly kind: "bad"; readonly why: string } {
  const bad = (why: string) => ({ kind: "bad", why }) as const;
  if (bytes.length < HEADER_LENGTH) return bad("no DNS message");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint16(2);
  if ((flags & RESPONSE) === 0) return bad("a query instead of an answer");
  const [questions, answers] = [view.getUint16(4), view.getUint16(6)];
  if (questions > 1) return bad("more than one question");
  let at = HEADER_LENGTH;
  let question: DnsAnswer["question"] = null;
  if (questions === 1) {
    const name = readName(bytes, at);
    if (name === null || name.end + 4 > bytes.length) return bad("a question cut short");
    question = { name: name.value.toLowerCase(), type: view.getUint16(name.end) };
    at = name.end + 4;
  }
  const truncated = (flags & TRUNCATED) !== 0;
  const records: DnsRecord[] = [];
  for (let count = 0; count < Math.min(answers, RECORDS_MAX); count++) {
    const name = readName(bytes, at);
    if (name === null || name.end + 10 > bytes.length) {
      if (truncated) break;
      return bad("an answer cut short");
    }
    const type = view.getUint16(name.end);
    const length = view.getUint16(name.end + 8);
    const start = name.end + 10;
    if (start + length > bytes.length) {
      if (truncated) break;
      return bad("an answer cut short");
    }
    const text = dataText(bytes, type, start, start + length);
    if (text === null) return bad("data that is none of its type");
    records.push({ name: name.value.toLowerCase(), type, text });
    at = start + length;
  }
  return { kind: "answer", id: view.getUint16(0), question, code: flags & 0xf, truncated, records };
}

/** A name (RFC 1035 4.1.4), and where what follows it begins; null for what is none. Ends in a dot. */
function readName(bytes: Uint8Array, from: number): { readonly value: string; readonly end: number } | null {
  let at = from;
  let end: number | null = null;
  let value = "";
  for (let pointers = 0; pointers <= POINTERS_MAX;) {
    const length = bytes[at];
    if (length === undefined) return null;
    if (length === 0) return { value: value === "" ? "." : value, end: end ?? at + 1 };
    if (length >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined) return null;
      end ??= at + 2;
      at = ((length & 0x3f) << 8) | low;
      pointers += 1;
      continue;
    }
    if (length > LABEL_MAX || at + 1 + length > bytes.length) return null;
    value += `${latin1.decode(bytes.subarray(at + 1, at + 1 + length)).replace(/[^\x21-\x7e]/g, "?")}.`;
    if (value.length > NAME_MAX) return null;
    at += 1 + length;
  }
  return null;
}

/** The data of a record; null if it is none of its type. */
function dataText(bytes: Uint8Array, type: number, start: number, end: number): string | null {
  const data = bytes.subarray(start, end);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const named = (from: number, ...before: readonly number[]): string | null => {
    const name = from < end ? readName(bytes, from) : null;
    return name === null || name.end > end ? null : [...before, name.value].join(" ");
  };
  switch (type) {
    case 1:
      return data.length === 4 ? data.join(".") : null;
    case 28:
      return data.length === 16 ? ipv6(data) : null;
    case 2:
    case 5:
    case 12:
      return named(start);
    case 15:
      return data.length < 3 ? null : named(start + 2, view.getUint16(start));
    case 33:
      if (data.length < 7) return null;
      return named(start + 6, view.getUint16(start), view.getUint16(start + 2), view.getUint16(start + 4));
    case 6:
      return soa(bytes, start, end);
    case 16:
      return strings(data);
    default:
      return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

/** RFC 1035 3.3.13. */
function soa(bytes: Uint8Array, start: number, end: number): string | null {
  const server = readName(bytes, start);
  const mailbox = server === null ? null : readName(bytes, server.end);
  if (server === null || mailbox === null || mailbox.end + 20 > end) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + mailbox.end, 20);
  const numbers = [0, 4, 8, 12, 16].map((at) => view.getUint32(at));
  return [server.value, mailbox.value, ...numbers].join(" ");
}

/** Character strings (RFC 1035 3.3.14) in double quotes. */
function strings(data: Uint8Array): string | null {
  const texts: string[] = [];
  for (let at = 0; at < data.length;) {
    const length = data[at] ?? 0;
    if (at + 1 + length > data.length) return null;
    texts.push(`"${latin1.decode(data.subarray(at + 1, at + 1 + length)).replace(/[^\x20-\x7e]/g, "?")}"`);
    at += 1 + length;
  }
  return texts.join(" ");
}

/** RFC 5952 4: the longest run of zeroes is left out. */
function ipv6(data: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((data[2 * at] ?? 0) << 8) | (data[2 * at + 1] ?? 0)).toString(16),
  );
  const runs = Array.from(groups.join(":").matchAll(/(?:^|:)0(?::0)+(?=:|$)/g));
  const [longest] = runs.toSorted((a, b) => b[0].length - a[0].length);
  if (longest === undefined) return groups.join(":");
  const text = groups.join(":");
  const before = text.slice(0, longest.index);
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}
