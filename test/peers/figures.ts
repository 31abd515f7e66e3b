/** How the comparisons print what they measured, and what they do about a machine that was busy with something else. */

/** Measurements of one thing, at most. */
const TRIES = 3;

/** Both figures of one event, and what was promised of ours. */
export interface Row {
  readonly event: string;
  readonly keepalived: string;
  readonly haagent: string;
  readonly promise: string;
}

/** Prints a row where it happened. */
export function report(row: Row): void {
  console.log(
    `${row.event}\n    keepalived  ${row.keepalived}\n    haagent     ${row.haagent}\n    promised    ${row.promise}`,
  );
}

/** Measurements under way. */
let active = 0;
/** Those that wait for the end of all of them, oldest first. */
const calm: (() => void)[] = [];

/** Begins a measurement, one that is made again beside no other. */
async function begins(again: boolean): Promise<void> {
  while (again && active > 0) await new Promise<void>((resolve) => calm.push(resolve));
  active++;
}

function ends(): void {
  active--;
  if (active === 0) calm.shift()?.();
}

/**
 * Measures; `excess` says by how many milliseconds the result is worse than promised. Where the machine itself was seen to be late
 * by that much at that time, the result says nothing and it is measured again, three times at most, the last result counting, when
 * no other measurement of this file keeps the machine busy. A miss that the machine does not explain is never repeated.
 */
export async function measured<Result extends { readonly noise: number }>(
  what: string,
  attempt: () => Promise<Result>,
  excess: (result: Result) => number,
): Promise<Result> {
  for (let left = TRIES; ; left--) {
    await begins(left < TRIES);
    const result = await attempt().finally(ends);
    const missed = excess(result);
    if (missed <= 0 || missed > result.noise || left === 1) return result;
    const [by, late] = [missed.toFixed(0), result.noise.toFixed(0)];
    console.log(`${what}: measured again, missed by ${by} ms while the machine was late by ${late} ms`);
  }
}

/** The excess of something that no lateness excuses. */
export const inexcusable = (wrong: boolean): number => (wrong ? Number.POSITIVE_INFINITY : 0);

/**
 * `attempt` for each index below `count`, at most `width` at a time, results in order. A failure is thrown when all have ended:
 * no lab may run on into the next test.
 */
export async function parallel<Result>(
  count: number,
  width: number,
  attempt: (index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      try {
        results[index] = await attempt(index);
      } catch (cause) {
        failures.push(cause);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  if (failures.length > 0)
    throw failures.length === 1 ? failures[0] : new AggregateError(failures, String(failures[0]));
  return results;
}

/** All of `items` at the same time, in the way of {@link parallel}. */
export const together = <Item, Result>(
  items: readonly Item[],
  attempt: (item: Item) => Promise<Result>,
): Promise<Result[]> =>
  parallel(items.length, items.length, (index) => {
    const item = items[index];
    // The index comes from the length.
    if (item === undefined) throw new Error("no such item");
    return attempt(item);
  });

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** `median [least - most] unit` of some figures. */
export function spread(values: readonly number[], unit = "ms"): string {
  const all = sorted(values);
  const at = (share: number): string => (all[Math.floor(share * (all.length - 1))] ?? 0).toFixed(0);
  return all.length === 1 ? `${at(0)} ${unit}` : `${at(0.5)} [${at(0)} - ${at(1)}] ${unit}`;
}
