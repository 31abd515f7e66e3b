/** A series of measurements and the few figures that are printed of it. */

/** Below this many a 99th percentile would be the maximum by another name. */
const PERCENTILE_MIN = 50;

export class Samples {
  readonly values: number[] = [];

  constructor(values: readonly number[] = []) {
    this.add(...values);
  }

  add(...values: readonly number[]): void {
    for (const value of values) if (Number.isFinite(value)) this.values.push(value);
  }

  get count(): number {
    return this.values.length;
  }

  /** NaN without a sample. */
  get median(): number {
    const sorted = this.#sorted();
    const middle = sorted.length >> 1;
    const high = sorted[middle] ?? Number.NaN;
    return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? high) + high) / 2;
  }

  get min(): number {
    return this.#sorted()[0] ?? Number.NaN;
  }

  get max(): number {
    return this.#sorted().at(-1) ?? Number.NaN;
  }

  /** The 99th percentile by nearest rank; null with fewer samples than make it one. */
  get p99(): number | null {
    if (this.count < PERCENTILE_MIN) return null;
    return this.#sorted()[Math.ceil(this.count * 0.99) - 1] ?? null;
  }

  #sorted(): number[] {
    return this.values.toSorted((a, b) => a - b);
  }
}

/** Four figures that matter, and no more: 3612, 61.2, 0.118. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 1000) return value.toFixed(0);
  if (size >= 100) return value.toFixed(1).replace(/\.0$/, "");
  if (size >= 1) return value.toFixed(2).replace(/0$/, "");
  return value.toFixed(3).replace(/^-?0\.000$/, "0");
}

/** `median [min - max]`, with the 99th percentile where there are enough of them. */
export function summary(samples: Samples): string {
  const { count, median, min, max, p99 } = samples;
  if (count === 0) return "-";
  if (count === 1 || min === max) return figure(median);
  const percentile = p99 === null ? "" : `, p99 ${figure(p99)}`;
  return `${figure(median)} [${figure(min)} - ${figure(max)}]${percentile}`;
}
