/** A name server that answers a question as expected. */
import { decodeAnswer, encodeQuery, isDomain, RESPONSE_CODES } from "../wire/dns.ts";
import { assert } from "../base/assert.ts";
import type { Dialogue, Heard } from "./dialogue.ts";
import { cut, say } from "./dialogue.ts";
import type { Outcome } from "./response.ts";
import { bad, bodyFits, good } from "./response.ts";

/** What is asked, and what the answer must be. */
export interface DnsQuestion {
  readonly name: string;
  /** 1 to 65535. */
  readonly type: number;
  /** Response code: 0 is NOERROR. */
  readonly code: number;
  /** A regular expression that the data of one record must match; null: a record there must be, if the code is NOERROR. */
  readonly pattern: string | null;
}

/** Characters of an answer that are repeated. */
const SHOWN_MAX = 80;

const codeName = (code: number): string => RESPONSE_CODES[code] ?? `response code ${code}`;

export const query = ({ name, type }: DnsQuestion, id: number): Uint8Array => encodeQuery(id, name, type);

/** What a message means; `stranger`: it is no answer to this question; `longer`: the rest is to be had by TCP. */
export function judgeAnswer(
  question: DnsQuestion,
  id: number,
  bytes: Uint8Array,
): Outcome | "stranger" | "longer" {
  assert(isDomain(question.name), "a question without a name");
  const answer = decodeAnswer(bytes);
  if (answer.kind === "bad") return bad(answer.why);
  const asked = question.name === "." ? "." : `${question.name.toLowerCase().replace(/\.$/, "")}.`;
  const { question: back } = answer;
  if (answer.id !== id || (back !== null && (back.name !== asked || back.type !== question.type))) {
    return "stranger";
  }
  if (answer.code !== question.code) return bad(codeName(answer.code));
  const { pattern, type } = question;
  const own = answer.records.filter((record) => type === 255 || record.type === type);
  const records = own.length > 0 ? own : answer.records;
  const fits = (text: string): boolean =>
    pattern === null || bodyFits(new TextEncoder().encode(text), pattern);
  const found = records.find(({ text }) => fits(text));
  if (found !== undefined) return good(`${codeName(answer.code)}, ${found.text.slice(0, SHOWN_MAX)}`);
  if (answer.truncated) return "longer";
  if (pattern === null && question.code !== 0) return good(codeName(answer.code));
  const [first] = records;
  return bad(first === undefined ? "no record" : `no record matches: ${first.text.slice(0, SHOWN_MAX)}`);
}

/** The same over TCP (RFC 1035 4.2.2). */
export function* dnsOverTcp(question: DnsQuestion, id: number, heard: Heard): Dialogue {
  const asked = query(question, id);
  yield say(Uint8Array.of(asked.length >> 8, asked.length & 0xff, ...asked));
  const head = yield* heard.take(2);
  const length = head === null ? 0 : ((head[0] ?? 0) << 8) | (head[1] ?? 0);
  const answer = head === null ? null : yield* heard.take(length);
  if (answer === null) return cut(heard, "an answer");
  const outcome = judgeAnswer(question, id, answer);
  if (outcome === "stranger") return bad("an answer to another question");
  return outcome === "longer" ? bad("an answer cut short") : outcome;
}
