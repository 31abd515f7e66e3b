/** "Did you mean": the known word nearest to a mistyped one. */

/** Longer words are not compared: the cost grows with the square. */
const WORD_LENGTH_MAX = 64;

/** A beginning this long stands for the word. */
const PREFIX_LENGTH_MIN = 3;

/** The candidate that a slip or an early stop would turn into `word`, or null when none is near enough. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  if (word.length > WORD_LENGTH_MAX) return null;
  const plain = normalize(word);
  let best: string | null = null;
  let bestDistance = slips(plain.length) + 1;
  for (const candidate of candidates) {
    if (candidate.length > WORD_LENGTH_MAX) continue;
    if (plain.length >= PREFIX_LENGTH_MIN && normalize(candidate).startsWith(plain)) return candidate;
    const distance = editDistance(plain, normalize(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Slips that leave a word of this length recognizable. */
const slips = (length: number): number => (length < 2 ? 0 : Math.max(1, Math.floor(length / 3)));

/** `; did you mean "X"?` or nothing. */
export function hint(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates);
  return found === null ? "" : `; did you mean "${found}"?`;
}

/** Case and `-` for `_` are the cheapest slips of all. */
const normalize = (word: string): string => word.toLowerCase().replaceAll("-", "_");

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
