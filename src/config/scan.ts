/**
 * Where things stand in a TOML text. The parser gives values without positions; this scan gives positions without values,
 * as a tree of the same shape. It trusts a text that parsed, and on any other it still ends and throws nothing.
 */

/** The place of one value: offsets into the text. */
export interface Spot {
  /** Of the key, or of the `[` of a table's header; of an array's element, its value. */
  readonly key: number;
  /** Of the value; of a table with a header, the same as `key`. */
  readonly value: number;
  /** A table's members by key. */
  readonly members: ReadonlyMap<string, Spot>;
  /** An array's elements. */
  readonly items: readonly Spot[];
}

/** A {@link Spot} still being filled. */
interface Growing extends Spot {
  key: number;
  value: number;
  readonly members: Map<string, Growing>;
  readonly items: Growing[];
  /** Made by a longer path only (`a` in `[a.b]`): its own header, if one comes, is the better place. */
  implied: boolean;
}

const spotAt = (key: number, value: number, implied = false): Growing => ({
  key,
  value,
  members: new Map(),
  items: [],
  implied,
});

/** The root table's tree for a whole text. */
export function scan(text: string): Spot {
  return new Scanner(text).document();
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  e: "\x1b",
  '"': '"',
  "\\": "\\",
};
/** Hexadecimal digits after the letter of a numeric escape. */
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** What is stepped over in one go, from the current place on. */
const BLANK = /(?:[ \t\r\n]+|#[^\n]*)*/y;
const SPACES = /[ \t]*/y;
const LINE = /[^\n]*/y;
const BARE_KEY = /[A-Za-z0-9_-]+/y;
/** A number, boolean or date: up to what must follow a value. */
const BARE_VALUE = /[^,\]}#\r\n]*/y;
/** The inside of a string up to what might end it. */
const PLAIN: Readonly<Record<string, RegExp>> = { '"': /[^"\\\n]+/y, "'": /[^'\n]+/y };

class Scanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): Growing {
    const root = spotAt(0, 0);
    let table = root;
    while (true) {
      this.skip(BLANK);
      if (this.at >= this.text.length) return root;
      const start = this.at;
      if (this.peek() === "[") table = this.header(root);
      else this.assignment(table);
      // A character that starts nothing: step over it.
      if (this.at === start) this.at++;
    }
  }

  private peek(): string {
    return this.text[this.at] ?? "";
  }

  /** Steps over `expected` if it is next. */
  private take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  /** Steps over what `pattern` (a sticky one) finds here, and gives it. */
  private skip(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  /** `[a.b]` or `[[a.b]]`: gives the table that the following assignments fill. */
  private header(root: Growing): Growing {
    const start = this.at;
    this.at++;
    const array = this.take("[");
    const path = this.keyPath();
    this.skip(LINE);
    const last = path.at(-1);
    if (last === undefined) return root;
    const parent = descend(root, path.slice(0, -1), start);
    const known = parent.members.get(last.name);
    if (array) {
      const list = known ?? spotAt(start, start);
      parent.members.set(last.name, list);
      const item = spotAt(start, start);
      list.items.push(item);
      return item;
    }
    if (known !== undefined) {
      if (known.implied) Object.assign(known, { key: start, value: start, implied: false });
      return known;
    }
    const table = spotAt(start, start);
    parent.members.set(last.name, table);
    return table;
  }

  /** `a.b = value` into `table`. */
  private assignment(table: Growing): void {
    const path = this.keyPath();
    const last = path.at(-1);
    this.skip(SPACES);
    if (last === undefined || !this.take("=")) {
      this.skip(LINE);
      return;
    }
    this.skip(SPACES);
    const parent = descend(table, path.slice(0, -1), path[0]?.offset ?? this.at);
    parent.members.set(last.name, this.value(path[0]?.offset ?? this.at));
  }

  private value(key: number): Growing {
    const spot = spotAt(key, this.at);
    const next = this.peek();
    if (next === "[") this.array(spot);
    else if (next === "{") this.inlineTable(spot);
    else if (next === '"' || next === "'") this.string();
    else this.skip(BARE_VALUE);
    return spot;
  }

  private array(spot: Growing): void {
    this.at++;
    while (true) {
      this.skip(BLANK);
      if (this.at >= this.text.length || this.take("]")) return;
      const start = this.at;
      if (this.peek() !== ",") spot.items.push(this.value(this.at));
      this.skip(BLANK);
      this.take(",");
      if (this.at === start) return;
    }
  }

  private inlineTable(spot: Growing): void {
    this.at++;
    while (true) {
      this.skip(BLANK);
      if (this.at >= this.text.length || this.take("}")) return;
      const start = this.at;
      const path = this.keyPath();
      const last = path.at(-1);
      this.skip(SPACES);
      if (last !== undefined && this.take("=")) {
        this.skip(SPACES);
        const parent = descend(spot, path.slice(0, -1), start);
        parent.members.set(last.name, this.value(start));
      }
      this.skip(BLANK);
      this.take(",");
      if (this.at === start) return;
    }
  }

  /** A dotted key: its names with their offsets; stops at the first character that cannot belong to it. */
  private keyPath(): readonly { name: string; offset: number }[] {
    const path: { name: string; offset: number }[] = [];
    do {
      this.skip(SPACES);
      const offset = this.at;
      const name = this.keyName();
      if (name === null) break;
      path.push({ name, offset });
      this.skip(SPACES);
    } while (this.take("."));
    return path;
  }

  private keyName(): string | null {
    const next = this.peek();
    if (next === '"' || next === "'") return this.string();
    const name = this.skip(BARE_KEY);
    return name === "" ? null : name;
  }

  /** Any of the four string forms; gives its value, which matters for quoted keys (those have one line). */
  private string(): string {
    const quote = this.peek();
    const long = quote.repeat(3);
    const mark = this.text.startsWith(long, this.at) ? long : quote;
    this.at += mark.length;
    const plain = PLAIN[quote] ?? LINE;
    let value = "";
    while (this.at < this.text.length) {
      value += this.skip(plain);
      if (mark === quote && this.peek() === "\n") return value;
      if (this.take(mark)) {
        // Up to two quotes may stand right before the closing three.
        while (mark === long && this.take(quote)) value += quote;
        return value;
      }
      if (quote === '"' && this.peek() === "\\") value += this.escape();
      else value += this.text[this.at++] ?? "";
    }
    return value;
  }

  private escape(): string {
    const letter = this.text[this.at + 1] ?? "";
    this.at += 1 + letter.length;
    const digits = HEX_DIGITS[letter];
    if (digits === undefined) return ESCAPES[letter] ?? letter;
    const code = Number.parseInt(this.text.slice(this.at, this.at + digits), 16);
    this.at += digits;
    return code <= 0x10ffff ? String.fromCodePoint(code) : "";
  }
}

/** The table at `path` under `table`; missing ones are made, and of an array of tables the newest is meant. */
function descend(table: Growing, path: readonly { name: string }[], offset: number): Growing {
  let current = table;
  for (const { name } of path) {
    let next = current.members.get(name);
    if (next === undefined) {
      next = spotAt(offset, offset, true);
      current.members.set(name, next);
    }
    current = next.items.at(-1) ?? next;
  }
  return current;
}
