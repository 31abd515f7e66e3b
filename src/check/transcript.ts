/** What went over the wire in one probe, and when: kept for an operator who asks why it failed. Short, printable, without secrets. */

/** Lines that are kept: the first and the last ones. */
const FIRST_LINES = 12;
const LAST_LINES = 12;
/** Bytes that are shown of what was sent or got at once. */
const SHOWN_MAX = 160;
/** Bytes up to which they are not copied: nobody writes to them any more, and nearly all transcripts are thrown away. */
const KEPT_MAX = 4096;

/** One line to be; nearly all transcripts are thrown away unread, so it is not written before it is asked for. */
interface Entry {
  readonly at: number;
  readonly text: string;
  /** What is shown after the text, and how many bytes there were; null: nothing. */
  readonly bytes: Uint8Array | null;
  readonly length: number;
}

export class Transcript {
  readonly #now: () => number;
  readonly #began: number;
  readonly #first: Entry[] = [];
  readonly #last: Entry[] = [];
  #dropped = 0;

  /** `now` gives milliseconds since whenever. */
  constructor(now: () => number) {
    this.#now = now;
    this.#began = now();
  }

  /** What happened: `connected`. */
  note(text: string): void {
    this.#add(text, null);
  }

  /** Bytes that were sent; where they hold a secret, `shown` is what is kept of them. */
  sent(bytes: Uint8Array, shown: string | null = null): void {
    if (shown === null) this.#add("sent ", bytes);
    else this.note(`sent ${shown}`);
  }

  got(bytes: Uint8Array): void {
    this.#add("got ", bytes);
  }

  #add(text: string, bytes: Uint8Array | null): void {
    const at = this.#now() - this.#began;
    const length = bytes?.length ?? 0;
    const entry = {
      at,
      text,
      bytes: length > KEPT_MAX ? (bytes?.slice(0, SHOWN_MAX) ?? null) : bytes,
      length,
    };
    if (this.#first.length < FIRST_LINES) {
      this.#first.push(entry);
      return;
    }
    this.#last.push(entry);
    if (this.#last.length <= LAST_LINES) return;
    this.#last.shift();
    this.#dropped += 1;
  }

  /** All of it, a line each: milliseconds since the probe began, and what happened. */
  get lines(): readonly string[] {
    const gap = this.#dropped === 0 ? [] : [`(${this.#dropped} more)`];
    return [...this.#first.map(lineOf), ...gap, ...this.#last.map(lineOf)];
  }
}

const lineOf = ({ at, text, bytes, length }: Entry): string =>
  `${at.toFixed(1)}ms ${text}${bytes === null ? "" : shownOf(bytes, length)}`;

/** Bytes as text in double quotes: what is not printable ASCII as in a C string; cut where they are many. */
export const printable = (bytes: Uint8Array): string => shownOf(bytes, bytes.length);

/** As {@link printable}, of bytes of which only the first are here. */
function shownOf(bytes: Uint8Array, length: number): string {
  let text = "";
  for (const byte of bytes.subarray(0, SHOWN_MAX)) text += character(byte);
  return length > SHOWN_MAX ? `"${text}"... (${length} bytes)` : `"${text}"`;
}

function character(byte: number): string {
  if (byte === 0x0a) return "\\n";
  if (byte === 0x0d) return "\\r";
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
}
