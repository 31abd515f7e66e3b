/**
 * The file of keys, as heartbeat has it in /etc/ha.d/authkeys, so that both can read the same one:
 *
 *     auth 2
 *     1 crc
 *     2 sha1 a-secret     # the key that signs; any other here is accepted too
 *
 * What the daemon would silently take for something else is an error. No word of a line is repeated in one: it may be the secret.
 */
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import type { Octets } from "../wire/heartbeat-message.ts";
import { octetBytes, octets } from "../wire/heartbeat-message.ts";
import { METHODS } from "../wire/heartbeat-token.ts";
import type { Key, KeyRing } from "./keys.ts";
import { INDEX_MAX } from "./keys.ts";

/** Bytes of a file: sixteen keys and much to say about them. */
export const FILE_BYTES_MAX = 64 * 1024;
/** Permission bits that nobody but the owner may have. */
const NOT_OWNER = 0o077;

/** What is wrong, where, and what helps. */
export interface KeysFinding {
  /** From 1. */
  readonly line: number;
  /** From 1, in bytes. */
  readonly column: number;
  readonly text: string;
}

interface Word {
  readonly text: Octets;
  readonly column: number;
}

/** Index and place of `auth N`. */
interface Choice {
  readonly index: number;
  readonly line: number;
  readonly column: number;
}

class Reader {
  readonly findings: KeysFinding[] = [];
  readonly keys = new Map<number, Key>();
  choice: Choice | null = null;

  wrong(line: number, column: number, text: string): void {
    this.findings.push({ line, column, text });
  }

  line(line: number, words: readonly Word[]): void {
    const [first, second, third, fourth] = words;
    if (first === undefined) return;
    if (first.text === "auth") return this.auth(line, first, second, third);
    const index = this.index(line, first, "a line is `auth N` or `N METHOD KEY`");
    if (index === null) return;
    if (this.keys.has(index))
      return this.wrong(line, first.column, `key ${index} is there already: remove one`);
    const method = METHODS.find((each) => each === second?.text);
    if (method === undefined) {
      const { column } = second ?? first;
      return this.wrong(line, column, `key ${index} needs a method: ${METHODS.join(", ")}`);
    }
    if (method === "crc" && third !== undefined) {
      return this.wrong(line, third.column, "crc takes no key: remove it, or use sha1");
    }
    if (method !== "crc" && third === undefined) {
      return this.wrong(
        line,
        (second ?? first).column,
        `${method} needs a key behind it: a word without blanks`,
      );
    }
    if (fourth !== undefined)
      return this.wrong(line, fourth.column, "a key is one word: remove the blank in it");
    if (this.choice === null) {
      this.wrong(line, first.column, "`auth N` must come before the keys, or heartbeat does not take it");
    }
    this.keys.set(index, { method, secret: octetBytes(third?.text ?? "") });
  }

  auth(line: number, auth: Word, number: Word | undefined, more: Word | undefined): void {
    const index = this.index(line, number ?? auth, "auth needs the number of the key that signs");
    if (more !== undefined)
      this.wrong(line, more.column, "only one key signs: remove what follows its number");
    if (this.choice !== null) {
      return this.wrong(
        line,
        auth.column,
        `line ${this.choice.line} says which key signs: remove one of them`,
      );
    }
    // One that cannot be read still is the line that says it.
    this.choice = { index: index ?? -1, line, column: (number ?? auth).column };
  }

  index(line: number, { text, column }: Word, otherwise: string): number | null {
    if (!/^[0-9]+$/.test(text)) {
      this.wrong(line, column, otherwise);
      return null;
    }
    const index = Number(text);
    if (index <= INDEX_MAX) return index;
    this.wrong(line, column, `the number of a key is 0 to ${INDEX_MAX}`);
    return null;
  }
}

/** The words of a line, which ends at a `#`. */
const wordsOf = (line: Octets): Word[] =>
  Array.from(line.replace(/#.*/, "").matchAll(/[^ \t\r]+/g), ({ 0: text, index }) => ({
    text,
    column: index + 1,
  }));

/** The keys of a file with these permissions (st_mode of stat(2)), or all that is wrong, in the order of its lines; never an empty list. */
export function readAuthkeys(bytes: Uint8Array, mode: number): Result<KeyRing, readonly KeysFinding[]> {
  const reader = new Reader();
  if ((mode & NOT_OWNER) !== 0) {
    reader.wrong(
      1,
      1,
      "the file is open to others than its owner, and heartbeat refuses it; cure: chmod 600",
    );
  }
  if (bytes.length > FILE_BYTES_MAX) {
    reader.wrong(1, 1, `the file is longer than ${FILE_BYTES_MAX} bytes: it is no file of keys`);
    return fail(reader.findings);
  }
  for (const [at, line] of octets(bytes).split("\n").entries()) reader.line(at + 1, wordsOf(line));
  const { choice, keys, findings } = reader;
  if (choice === null && keys.size === 0) {
    if (findings.length === 0)
      reader.wrong(1, 1, "the file has no keys: `auth 1` and `1 sha1 KEY` make a cluster of one key");
    return fail(findings);
  }
  if (choice !== null && choice.index >= 0 && !keys.has(choice.index) && findings.length === 0) {
    reader.wrong(choice.line, choice.column, `there is no key ${choice.index}: add it, or choose another`);
  }
  return choice === null || findings.length > 0 ? fail(findings) : ok({ signing: choice.index, keys });
}
