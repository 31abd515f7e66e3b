/** The terminal of a command that stays: its size, what is typed, the signals that end it, and its modes given back. */
import { isatty } from "node:tty";
import { writeSync } from "node:fs";

const STDIN = 0;
const STDOUT = 1;
const RETRY_MS = 1;
/** Keys as the terminal sends them in raw mode: Ctrl-C, Ctrl-D, q end; Ctrl-L draws anew. */
const ENDS = ["\u0003", "\u0004", "q", "Q"];
const REDRAWS = "\u000c";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Whether standard output is a terminal. */
export const onTerminal = (): boolean => isatty(STDOUT);

export class Display {
  /** Resolves when it is to end. */
  readonly ended: Promise<void>;
  #over = false;
  readonly #end: () => void;
  readonly #undo: (() => void)[] = [];
  #wake: () => void = () => undefined;

  /** `anew` is called when everything must be drawn again: another size, or Ctrl-L. Null: nothing is drawn, lines are printed. */
  constructor(anew: (() => void) | null) {
    const ended = Promise.withResolvers<void>();
    this.ended = ended.promise;
    this.#end = () => {
      this.#over = true;
      ended.resolve();
      this.#wake();
    };
    for (const signal of SIGNALS) this.#on(signal, this.#end);
    if (anew === null) return;
    const again = (): void => {
      anew();
      this.#wake();
    };
    // Not SIGWINCH: its listeners are called before the runtime knows the new size.
    process.stdout.on("resize", again);
    this.#undo.push(() => void process.stdout.off("resize", again));
    if (isatty(STDIN)) this.#listen(again);
  }

  #on(signal: NodeJS.Signals, heard: () => void): void {
    process.on(signal, heard);
    this.#undo.push(() => void process.off(signal, heard));
  }

  /** Raw mode: what is typed is not echoed into the picture. */
  #listen(again: () => void): void {
    const { stdin } = process;
    const typed = (keys: Buffer): void => {
      const text = keys.toString("latin1");
      if (ENDS.some((key) => text.includes(key))) this.#end();
      else if (text.includes(REDRAWS)) again();
    };
    stdin.setRawMode(true);
    stdin.on("data", typed);
    // The other end of a serial line or a session has gone.
    stdin.on("end", this.#end);
    stdin.resume();
    this.#undo.push(() => {
      stdin.off("data", typed);
      stdin.off("end", this.#end);
      stdin.setRawMode(false);
      stdin.pause();
    });
  }

  get over(): boolean {
    return this.#over;
  }

  /** Columns and rows; null where the terminal does not tell, as serial lines do not. */
  size(): { readonly columns: number; readonly rows: number } | null {
    const [columns, rows] = process.stdout.getWindowSize?.() ?? [0, 0];
    return columns > 0 && rows > 0 ? { columns, rows } : null;
  }

  /** Writes all of it, however slow the line; a reader who has gone ends it. */
  async write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    while (at < bytes.length) {
      try {
        at += writeSync(STDOUT, bytes, at);
      } catch (error) {
        const again = error instanceof Error && "code" in error && error.code === "EAGAIN";
        if (!again) {
          this.#end();
          return;
        }
        await Bun.sleep(RETRY_MS);
      }
    }
  }

  /** Waits so many milliseconds, or until something is to be done at once. */
  async pause(milliseconds: number): Promise<void> {
    if (this.#over) return;
    const woken = Promise.withResolvers<void>();
    this.#wake = woken.resolve;
    const timer = setTimeout(woken.resolve, milliseconds);
    await woken.promise;
    clearTimeout(timer);
  }

  /** Gives the terminal back as it was. */
  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }
}
