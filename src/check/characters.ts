/** Sets of characters, as ranges of code points. */

/** Each from the first to the last code point, both included. */
export type Ranges = readonly (readonly [number, number])[];

const LAST = 0x10ffff;

export const DIGIT: Ranges = [[0x30, 0x39]];
export const WORD: Ranges = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
/** What \s is in JavaScript (ECMAScript WhiteSpace and LineTerminator). */
export const SPACE: Ranges = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
/** What `.` does not take. */
export const LINE_END: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];

/** All others. */
export function invert(ranges: Ranges): Ranges {
  const inverted: (readonly [number, number])[] = [];
  let from = 0;
  for (const [low, high] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (low > from) inverted.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  if (from <= LAST) inverted.push([from, LAST]);
  return inverted;
}

export function contains(ranges: Ranges, code: number): boolean {
  for (const [low, high] of ranges) if (code >= low && code <= high) return true;
  return false;
}
