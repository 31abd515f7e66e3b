/** A line in the manner of ip(8): a type, a network, and words that each have an argument, in any order. */
import type { Family, Ip } from "../base/address.ts";
import { addressBits, familyOf, ipBytes, ipFromBytes, parseIp } from "../base/address.ts";
import type { Written } from "./kind.ts";
import { reject } from "./kind.ts";
import { hint } from "./nearest.ts";
import { interfaceNameInstead } from "./network.ts";
import type { Report } from "./report.ts";
import { quote } from "./words.ts";

/** Words of one line; nothing that can be said takes more. */
const WORDS_MAX = 40;

/** What may stand in a line. */
export interface Grammar {
  /** What a line is: `a route`. */
  readonly what: string;
  /** Words that may begin it. */
  readonly types: readonly string[];
  /** Words with an argument, each with the one that it is another name for. */
  readonly keys: Readonly<Record<string, string>>;
  /** Words without one. */
  readonly flags: readonly string[];
  /** Of `keys`: what a word is the argument of that is nothing else; null: there is none. */
  readonly free: string | null;
  /** Words of ip(8) that are not for us, with the reason. */
  readonly refused: Readonly<Record<string, string>>;
}

/** A line, understood as far as its words go. */
export interface Phrase {
  /** Said by `-4` or `-6`. */
  readonly family: Family | null;
  /** Null where none is written. */
  readonly type: string | null;
  readonly said: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  /** Reports something wrong with this line; gives null. */
  wrong(text: string): null;
}

/** Reads the words of a line; null after reporting what is wrong with them. */
export function readPhrase(written: Written, grammar: Grammar, report: Report): Phrase | null {
  if (typeof written.value !== "string") return reject(written, report, `${grammar.what} in quotes`);
  const words = written.value.split(/[ \t]+/).filter((word) => word !== "");
  const wrong = (text: string): null => {
    report.error(written.spot.value, `${written.path}: ${text}`);
    return null;
  };
  if (words.length === 0) return wrong(`${grammar.what} is empty`);
  if (words.length > WORDS_MAX) return wrong(`${grammar.what} has more than ${WORDS_MAX} words`);
  let family: Family | null = null;
  if (words[0] === "-4" || words[0] === "-6") family = words.shift() === "-4" ? 4 : 6;
  const type = grammar.types.includes(words[0] ?? "") ? (words.shift() ?? null) : null;
  const said = new Map<string, string>();
  const flags = new Set<string>();
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (grammar.flags.includes(word)) {
      flags.add(word);
      continue;
    }
    const key = Object.hasOwn(grammar.keys, word) ? grammar.keys[word] : undefined;
    const free = key === undefined && grammar.free !== null && isNetwork(word) ? grammar.free : null;
    const name = key ?? free;
    if (name === null) return wrong(unknown(grammar, word));
    const argument = free === null ? words.shift() : word;
    if (argument === undefined) return wrong(`${quote(word)} needs something after it`);
    if (said.has(name)) return wrong(`${name} is said twice`);
    said.set(name, argument);
  }
  return { family, type, said, flags, wrong };
}

const isNetwork = (word: string): boolean => /^(default|all|any)$|[.:/]/.test(word);

function unknown(grammar: Grammar, word: string): string {
  const { keys, flags, types, refused } = grammar;
  const why = Object.hasOwn(refused, word) ? refused[word] : undefined;
  if (why !== undefined) return `${quote(word)}: ${why}`;
  const near = hint(word, [...Object.keys(keys), ...flags, ...types]);
  const known = [...new Set(Object.values(keys)), ...flags].join(", ");
  return `${quote(word)} is not understood${near === "" ? `; known are ${known}` : near}`;
}

/** A network, and the bits behind its prefix zero. */
export interface NetworkSaid {
  readonly address: Ip;
  readonly prefix: number;
}

/** `10.0.0.0/8`, `2001:db8::1`; `any` for `default`, `all` and `any`; null after reporting what is wrong. */
export function readNetwork(phrase: Phrase, text: string): NetworkSaid | "any" | null {
  if (["default", "all", "any"].includes(text)) return "any";
  const slash = text.indexOf("/");
  const parsed = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!parsed.ok) return phrase.wrong(`${quote(text)} is no network`);
  const address = parsed.value;
  const bits = addressBits(familyOf(address));
  const tail = slash < 0 ? `${bits}` : text.slice(slash + 1);
  const prefix = /^(0|[1-9]\d{0,2})$/.test(tail) ? Number(tail) : bits + 1;
  if (prefix > bits) return phrase.wrong(`the prefix length of ${quote(text)} must be 0 to ${bits}`);
  const network = ipFromBytes(
    ipBytes(address).map((byte, at) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - 8 * at)))),
  );
  if (network === address) return { address, prefix };
  return phrase.wrong(`${quote(text)} has bits behind its prefix; the network is ${network}/${prefix}`);
}

/** A whole number, decimal or 0x…; null after reporting that it is none from `low` to `high`. */
export function readNumber(
  phrase: Phrase,
  key: string,
  text: string,
  low: number,
  high: number,
): number | null {
  const value = /^(0x[0-9a-f]{1,8}|0|[1-9]\d{0,9})$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  return phrase.wrong(`${key} must be ${low} to ${high}, not ${quote(text)}`);
}

/** Names that iproute2 knows without its files; the others are files of one host. */
const TABLES: Readonly<Record<string, number>> = { main: 254, local: 255, default: 253 };
const U32_MAX = 0xffff_ffff;

/** A table by number, or one of those that every kernel has. */
export function readTable(phrase: Phrase, text: string): number | null {
  const named = Object.hasOwn(TABLES, text) ? TABLES[text] : undefined;
  if (named !== undefined) return named;
  if (/^\d|^-/.test(text)) return readNumber(phrase, "table", text, 1, U32_MAX);
  return phrase.wrong(`table ${quote(text)}: only main, local and default have names, others have a number`);
}

/** The name or number of a table. */
export const showTable = (table: number): string =>
  Object.entries(TABLES).find(([, number]) => number === table)?.[0] ?? `${table}`;

/** The name of an interface; null after reporting why it is none. */
export function readInterface(phrase: Phrase, key: string, text: string): string | null {
  const instead = interfaceNameInstead(text);
  return instead === null ? text : phrase.wrong(`${key} must be ${instead}, not ${quote(text)}`);
}

/** An IP address; null after reporting what is wrong. */
export function readAddress(phrase: Phrase, key: string, text: string): Ip | null {
  const parsed = parseIp(text);
  return parsed.ok ? parsed.value : phrase.wrong(`${key}: ${quote(text)} is not an IP address`);
}
