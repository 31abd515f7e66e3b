/** A VT100 as far as haagent may use one: what it was sent, as the lines that stand on it. Anything else it is sent is an error. */

export class Vt100 {
  readonly columns: number;
  readonly rows: number;
  cursorHidden = false;
  /** Bytes of text and commands since it was made. */
  received = 0;
  row = 0;
  column = 0;
  #cells: string[][];
  #rest = "";

  constructor(columns = 80, rows = 24) {
    this.columns = columns;
    this.rows = rows;
    this.#cells = this.#blank();
  }

  #blank(): string[][] {
    return Array.from({ length: this.rows }, () => new Array<string>(this.columns).fill(" "));
  }

  /** The lines, without the blanks at their ends and the empty ones below. */
  get lines(): string[] {
    return this.#cells
      .map((row) => row.join("").trimEnd())
      .join("\n")
      .trimEnd()
      .split("\n");
  }

  feed(text: string): void {
    this.received += text.length;
    this.#rest += text;
    while (this.#rest !== "") {
      const command = /^\u001b\[(\??)([\d;]*)([A-Za-z])/.exec(this.#rest);
      if (command !== null) {
        this.#rest = this.#rest.slice(command[0].length);
        this.#command(command[1] ?? "", command[2] ?? "", command[3] ?? "");
      } else if (this.#rest.startsWith("\u001b")) {
        // Cut in the middle: the next piece has the rest.
        if (this.#rest.length < 12) return;
        throw new Error(`a VT100 does not know ${JSON.stringify(this.#rest.slice(0, 12))}`);
      } else {
        this.#put(this.#rest[0] ?? "");
        this.#rest = this.#rest.slice(1);
      }
    }
  }

  #put(character: string): void {
    if (character === "\r") this.column = 0;
    else if (character === "\n") this.row = Math.min(this.row + 1, this.rows - 1);
    else if (character < " " || character > "~") throw new Error(`put ${JSON.stringify(character)}`);
    else {
      // Some wrap here, some do not.
      if (this.column >= this.columns - 1) throw new Error(`wrote into the last column of row ${this.row}`);
      const row = this.#cells[this.row];
      if (row !== undefined) row[this.column++] = character;
    }
  }

  #command(mark: string, parameters: string, letter: string): void {
    const [first = 0, second = 0] = parameters.split(";").map(Number);
    const name = `${mark}${letter}`;
    if (name === "H") {
      this.row = Math.min(Math.max(first, 1), this.rows) - 1;
      this.column = Math.min(Math.max(second, 1), this.columns) - 1;
    } else if (name === "J" && first === 0) {
      this.#clearLine();
      for (let row = this.row + 1; row < this.rows; row++) this.#cells[row]?.fill(" ");
    } else if (name === "K" && first === 0) {
      this.#clearLine();
    } else if (name === "?l" && first === 25) {
      this.cursorHidden = true;
    } else if (name === "?h" && first === 25) {
      this.cursorHidden = false;
    } else {
      throw new Error(`a VT100 does not know CSI ${mark}${parameters}${letter}`);
    }
  }

  #clearLine(): void {
    this.#cells[this.row]?.fill(" ", this.column);
  }
}
