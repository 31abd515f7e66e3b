/**
 * Text on a VT100 of any size: what has to be sent so that other lines stand where some stood before. Only what differs is sent, by
 * cursor addressing, so that a serial console of 9600 baud does not flicker.
 */

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What a serial console that tells no size has (VT100). */
export const ORDINARY: Size = { columns: 80, rows: 24 };

const ESC = "\u001b[";
/** Cursor off and on: DECTCEM, which a VT100 passes over. */
const HIDE = `${ESC}?25l`;
const SHOW = `${ESC}?25h`;
const HOME = `${ESC}H`;
/** ED, EL: to the end of the screen, of the line. */
const CLEAR = `${ESC}J`;
const CLEAR_LINE = `${ESC}K`;
const at = (row: number, column: number): string => `${ESC}${row + 1};${column + 1}H`;

/** Nothing that stands on a screen may move its cursor. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/**
 * As much of the text as fits: the last column stays free, as some terminals wrap after it, and so does the last row, where the cursor
 * rests; what is cut off is counted.
 */
export function fit(text: string, { columns, rows }: Size): string[] {
  const lines = text.replace(/\n$/, "").split("\n");
  const room = Math.max(1, rows - 1);
  const kept =
    lines.length <= room ? lines : [...lines.slice(0, room - 1), `... ${lines.length - room + 1} lines more`];
  return kept.map((line) =>
    line
      .replace(CONTROL, "?")
      .slice(0, Math.max(1, columns - 1))
      .trimEnd(),
  );
}

/** What turns the screen from `before` into `after`; null: whatever stands there. Both fit it. */
export function redraw(before: readonly string[] | null, after: readonly string[]): string {
  const parts: string[] = before === null ? [HIDE, HOME, CLEAR] : [];
  for (let row = 0; row < Math.max(before?.length ?? 0, after.length); row++) {
    parts.push(line(row, before?.[row] ?? "", after[row] ?? ""));
  }
  const drawn = parts.join("");
  return drawn === "" ? "" : `${drawn}${at(after.length, 0)}`;
}

function line(row: number, old: string, fresh: string): string {
  if (old === fresh) return "";
  const [short, long] = [Math.min(old.length, fresh.length), Math.max(old.length, fresh.length)];
  let from = 0;
  while (from < short && old[from] === fresh[from]) from++;
  let to = long;
  // Only where nothing shifted.
  while (old.length === fresh.length && to > from && old[to - 1] === fresh[to - 1]) to--;
  const rest = fresh.length < old.length ? CLEAR_LINE : "";
  return `${at(row, from)}${fresh.slice(from, to)}${rest}`;
}

/** The screen as it is to be left: the text stays, the cursor is below it. */
export const leave = (shown: readonly string[]): string => `${at(shown.length, 0)}${CLEAR_LINE}${SHOW}`;
