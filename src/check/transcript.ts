/** What went over the wire in one probe, and when: kept for an operator who asks why it failed. Short, printable, without secrets. */

/** Lines that are kept: the first and the last ones. */
const FIRST_LINES = 12;
const LAST_LINES = 12;
/** Bytes that are shown of what was sent or got at once. */
const SHOWN_MAX = 160;

export class Transcript {
  readonly #now: () => number;
  readonly #began: number;
  readonly #first: string[] = [];
  readonly #last: string[] = [];
  #dropped = 0;

  /** `now` gives milliseconds since whenever. */
  constructor(now: () => number) {
    this.#now = now;
    this.#began = now();
  }

  /** What happened: `connected`. */
  note(text: string): void {
    const line = `${(this.#now() - this.#began).toFixed(1)}ms ${text}`;
    if (this.#first.length < FIRST_LINES) {
      this.#first.push(line);
      return;
    }
    this.#last.push(line);
    if (this.#last.length <= LAST_LINES) return;
    this.#last.shift();
    this.#dropped += 1;
  }

  /** Bytes that were sent; where they hold a secret, `shown` is what is kept of them. */
  sent(bytes: Uint8Array, shown: string | null = null): void {
    this.note(`sent ${shown ?? printable(bytes)}`);
  }

  got(bytes: Uint8Array): void {
    this.note(`got ${printable(bytes)}`);
  }

  /** All of it, a line each: milliseconds since the probe began, and what happened. */
  get lines(): readonly string[] {
    const gap = this.#dropped === 0 ? [] : [`(${this.#dropped} more)`];
    return [...this.#first, ...gap, ...this.#last];
  }
}

/** Bytes as text in double quotes: what is not printable ASCII as in a C string; cut where they are many. */
export function printable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, SHOWN_MAX)) text += character(byte);
  return bytes.length > SHOWN_MAX ? `"${text}"... (${bytes.length} bytes)` : `"${text}"`;
}

function character(byte: number): string {
  if (byte === 0x0a) return "\\n";
  if (byte === 0x0d) return "\\r";
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
}
