/**
 * The values of a long TOML text, table by table: those that stand in it as they stood in the last one are not parsed again. A file of
 * hundreds of services takes a slow processor seconds to parse, of which a reload mostly changes a line.
 */
import { isTable } from "./words.ts";

/** Gives the root table of a text; throws where it is not TOML. */
export type Parse = (text: string) => unknown;

/** Fewer tables than this are parsed as one text. */
const PIECES_MIN = 20;
/** Where a piece begins: what may be a header, at the beginning of a line. Within a value it leaves pieces that do not parse. */
const BOUNDARY = /(?<=\n)(?=\[)/;
/** A header of bare keys: `[a.b]`. */
const HEADER = /^\[([\w-]+(?:\.[\w-]+)*)\]/;

type Table = Record<string, unknown>;

const emptyTable = (): Table => Object.create(null);

/** What stood in the pieces of the last text: a table each, without those that have a header of their own. */
let known: ReadonlyMap<string, Table> = new Map();

/**
 * The same value as `parse` gives, made of pieces; null where it takes the whole text to know: it is short, has an error or something
 * that is rare (`[[a]]`, quoted keys in a header, a table that is written in two places). What it gives is not to be changed.
 */
export function parsePieces(text: string, parse: Parse): unknown {
  const pieces = text.split(BOUNDARY);
  if (pieces.length < PIECES_MIN) return null;
  const read = new Map<string, Table>();
  const root = new Root();
  for (const piece of pieces) {
    const path = piece.startsWith("[") ? HEADER.exec(piece)?.[1]?.split(".") : [];
    if (path === undefined) return null;
    const table = known.get(piece) ?? parsed(piece, path, parse);
    if (table === null || !root.add(path, table)) return null;
    read.set(piece, table);
  }
  known = read;
  return root.table;
}

/** The table at `path` in a text with that header; null where there is something beside it, of an indented header. */
function parsed(text: string, path: readonly string[], parse: Parse): Table | null {
  try {
    let value = parse(text);
    for (const name of path) {
      if (!isTable(value) || Object.keys(value).length !== 1) return null;
      value = value[name];
    }
    return isTable(value) ? value : null;
  } catch {
    return null;
  }
}

/** The root table while it is put together. */
class Root {
  readonly table = emptyTable();
  /** The tables made by headers, true, and by longer ones on their way, false: those may still have a header. */
  readonly #made = new Map<unknown, boolean>([[this.table, false]]);

  /** False: not in a way that is known here. */
  add(path: readonly string[], content: Readonly<Table>): boolean {
    let table = this.table;
    for (const name of path) {
      if (!Object.hasOwn(table, name)) {
        const made = emptyTable();
        this.#made.set(made, false);
        table[name] = made;
      }
      const next = table[name];
      if (!isTable(next) || !this.#made.has(next)) return false;
      table = next;
    }
    if (this.#made.get(table) === true) return false;
    this.#made.set(table, true);
    for (const [key, value] of Object.entries(content)) {
      if (Object.hasOwn(table, key)) return false;
      table[key] = value;
    }
    return true;
  }
}
