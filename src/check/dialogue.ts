/**
 * A talk with a server over a byte stream, as a probe has it: a generator that says something, asks for more, and ends in an outcome. It
 * knows no socket and no time; whoever carries it gives it what comes, in whatever pieces.
 */
import type { Outcome } from "./response.ts";
import { bad } from "./response.ts";

/** What a dialogue wants next. */
export type Step =
  /** More of what the server says; when it has closed, the dialogue goes on once with what there is. */
  | { readonly kind: "more" }
  /** TLS, over the same connection, before anything else is said; the dialogue goes on when the certificate was found good. */
  | { readonly kind: "secure" }
  /** `shown` stands for the bytes in a transcript where they hold a secret. */
  | { readonly kind: "say"; readonly bytes: Uint8Array; readonly shown: string | null };

export type Dialogue = Generator<Step, Outcome, void>;

const MORE: Step = { kind: "more" };
export const SECURE: Step = { kind: "secure" };

/** A dialogue of a protocol that begins with TLS. */
export function* overTls(dialogue: Dialogue): Dialogue {
  yield SECURE;
  return yield* dialogue;
}
const utf8 = new TextEncoder();

/** To say something. */
export const say = (what: string | Uint8Array, shown: string | null = null): Step => ({
  kind: "say",
  bytes: typeof what === "string" ? utf8.encode(what) : what,
  shown,
});

const NOTHING = new Uint8Array(0);

/** What the server has said and the dialogue has not taken yet. */
export class Heard {
  /** Whether the server has closed. */
  ended = false;
  readonly #most: number;
  #bytes: Uint8Array = NOTHING;

  /** At most `most` bytes wait; what comes beyond is dropped. */
  constructor(most: number) {
    this.#most = most;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#bytes.length >= this.#most;
  }

  /** Nobody else writes to the piece from then on. */
  add(piece: Uint8Array): void {
    if (this.#bytes.length === 0 && piece.length <= this.#most) {
      this.#bytes = piece;
      return;
    }
    const bytes = new Uint8Array(Math.min(this.#bytes.length + piece.length, this.#most));
    bytes.set(this.#bytes);
    bytes.set(piece.subarray(0, bytes.length - this.#bytes.length), this.#bytes.length);
    this.#bytes = bytes;
  }

  /** Waits for `count` bytes and takes them; null when the server closes before, or they are too many. */
  *take(count: number): Generator<Step, Uint8Array | null, void> {
    while (this.#bytes.length < count) {
      if (this.ended || this.full) return null;
      yield MORE;
    }
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(count);
    return taken;
  }

  /** Waits for a line and takes it, without its end; null as above. Bytes as in latin1. */
  *line(): Generator<Step, string | null, void> {
    for (;;) {
      const end = this.#bytes.indexOf(0x0a);
      if (end >= 0) {
        const text = latin1.decode(this.#bytes.subarray(0, end));
        this.#bytes = this.#bytes.slice(end + 1);
        return text.replace(/\r$/, "");
      }
      if (this.ended || this.full) return null;
      yield MORE;
    }
  }

  /** Waits for anything more than there is. */
  *more(): Generator<Step, void, void> {
    yield MORE;
  }
}

const latin1 = new TextDecoder("latin1");

/** The outcome when a server closed before `what`, or sent too much instead of it. */
export const cut = (heard: Heard, what: string): Outcome =>
  bad(heard.full ? `too much before ${what}` : `closed before ${what}`);
