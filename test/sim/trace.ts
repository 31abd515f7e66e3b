/** What happened, one line an event, one column a node: made for the eye, after TigerBeetle's simulator. */

const COLUMN = 34;
const TIME = 12;

/** How much is kept: nothing, what changes, or every packet too. */
export type Detail = "none" | "events" | "packets";

/** Keeps lines, or forgets them where nobody will read them. */
export class Trace {
  readonly #columns: readonly string[];
  readonly #detail: Detail;
  readonly #lines: string[] = [];
  /** FNV-1a over all lines, kept or not: two runs with the same hash were the same run. */
  hash = 0x811c9dc5;

  constructor(columns: readonly string[], detail: Detail) {
    this.#columns = columns;
    this.#detail = detail;
  }

  /** `column` is a node's number; null writes across all columns. */
  line(at: number, column: number | null, text: string): void {
    for (let index = 0; index < text.length; index++) {
      this.hash = Math.imul(this.hash ^ text.charCodeAt(index), 0x01000193);
    }
    this.hash = Math.imul(this.hash ^ (at * 1000), 0x01000193);
    if (this.#detail !== "none") this.#keep(at, column, text);
  }

  /** What happens all the time: packets, refreshes. Put into words only where they are kept. */
  detail(at: number, column: number, text: () => string): void {
    if (this.#detail === "packets") this.#keep(at, column, text());
  }

  #keep(at: number, column: number | null, text: string): void {
    const time = (at / 1000).toFixed(6).padStart(TIME);
    const indent = column === null ? "-- " : " ".repeat(column * COLUMN);
    this.#lines.push(`${time}  ${indent}${text}`);
  }

  /** The whole story. */
  text(): string {
    const head = this.#columns.map((name) => name.padEnd(COLUMN)).join("");
    return [`${" ".repeat(TIME)}  ${head.trimEnd()}`, ...this.#lines].join("\n");
  }
}
