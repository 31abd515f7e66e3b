/** A decoder under fuzz: what must hold for every input, and the run that looks for one that breaks it. */
import type { Result } from "../../src/base/result.ts";
import type { LengthField } from "./mutate.ts";
import { mutate, Random } from "./mutate.ts";

/** One input in this many is also read through a watch on every access: that is slow. */
const WATCH_EVERY = 4;
/** Bytes on either side of an input, which no decoder may see. */
const MARGIN = 16;

/** Whether mutated inputs must bring an outcome out at least once, or cannot. */
export type Reach = "reached" | "never";

/** A decoder, its good inputs, and what its result must satisfy. */
export interface Subject<Value> {
  /** As on the command line after `-t`, and the name of its folder in corpus. */
  readonly name: string;
  readonly golden: readonly Uint8Array[];
  readonly lengthFields: readonly LengthField[];
  /** Whether every access can be watched: not where the input goes on into a native function or a DataView. */
  readonly watch: boolean;
  /** Every outcome there is. */
  readonly outcomes: Readonly<Record<string, Reach>>;
  readonly decode: (bytes: Uint8Array) => Value;
  readonly outcomeOf: (value: Value) => string;
  /** What is wrong with having read `value` in `bytes`; null: nothing. */
  readonly check: (value: Value, bytes: Uint8Array) => string | null;
  /** Makes lengths or checksums right again, in place: else few mutations would come past them. */
  readonly repair: (random: Random, bytes: Uint8Array) => void;
}

/** What one input showed, and the property it broke, if it did. */
export interface Verdict {
  readonly outcome: string;
  readonly problem: string | null;
}

/** A {@link Subject} of whatever value. */
export interface Target {
  readonly name: string;
  readonly golden: readonly Uint8Array[];
  readonly lengthFields: readonly LengthField[];
  readonly outcomes: Readonly<Record<string, Reach>>;
  readonly repair: (random: Random, bytes: Uint8Array) => void;
  readonly inspect: (bytes: Uint8Array, watch: boolean) => Verdict;
}

/** The properties of any decoder: it never throws, looks at its input only, and what it gives is what was there. */
export const target = <Value>(subject: Subject<Value>): Target => ({
  ...subject,
  inspect: (bytes, watch) => inspect(subject, bytes, watch && subject.watch),
});

/** Of a decoder that accepts or refuses; `check` is asked about what it accepts. */
export interface Codec<Value, Failure extends { readonly kind: string }> extends Omit<
  Subject<Value>,
  "outcomes" | "outcomeOf" | "decode"
> {
  readonly decode: (bytes: Uint8Array) => Result<Value, Failure>;
  /** A new kind of error without an entry does not compile. */
  readonly errors: Readonly<Record<Failure["kind"], Reach>>;
}

export const codec = <Value, Failure extends { readonly kind: string }>(
  subject: Codec<Value, Failure>,
): Target =>
  target<Result<Value, Failure>>({
    ...subject,
    outcomes: { ...subject.errors, accepted: "reached" },
    outcomeOf: (decoded) => (decoded.ok ? "accepted" : decoded.error.kind),
    check: (decoded, bytes) => (decoded.ok ? subject.check(decoded.value, bytes) : null),
  });

function inspect<Value>(subject: Subject<Value>, bytes: Uint8Array, watch: boolean): Verdict {
  try {
    const value = subject.decode(amid(bytes, 0x00));
    const outcome = subject.outcomeOf(value);
    if (!Bun.deepEquals(value, subject.decode(amid(bytes, 0xff)))) {
      return { outcome, problem: "what stands beside the input changes the result" };
    }
    const strayed = watch ? strayedReads(subject, bytes) : [];
    if (strayed.length > 0) return { outcome, problem: `reads at ${strayed.join(", ")} of ${bytes.length}` };
    return { outcome, problem: subject.check(value, bytes) };
  } catch (error) {
    return { outcome: "threw", problem: `threw ${String(error)}` };
  }
}

/** The same bytes as a view into others. */
function amid(bytes: Uint8Array, filling: number): Uint8Array {
  const around = new Uint8Array(bytes.length + 2 * MARGIN).fill(filling);
  around.set(bytes, MARGIN);
  return around.subarray(MARGIN, MARGIN + bytes.length);
}

/** Offsets outside the input that the decoder asks for: reading there gives undefined, which `?? 0` would hide. */
function strayedReads<Value>(subject: Subject<Value>, bytes: Uint8Array): number[] {
  const strayed: number[] = [];
  subject.decode(watched(bytes, 0, strayed));
  return strayed;
}

/** `bytes`, which stand at `base` of the input, with every index asked for checked; so too for their views. */
function watched(bytes: Uint8Array, base: number, strayed: number[]): Uint8Array {
  return new Proxy(bytes, {
    get(inner, key): unknown {
      if (key === "subarray" || key === "slice") {
        return (start = 0, end = inner.length): Uint8Array => {
          if (start < 0 || start > inner.length) strayed.push(base + start);
          if (end < 0 || end > inner.length) strayed.push(base + end);
          return watched(inner.subarray(start, end), base + start, strayed);
        };
      }
      const index = typeof key === "string" ? Number(key) : Number.NaN;
      if (Number.isInteger(index) && (index < 0 || index >= inner.length)) strayed.push(base + index);
      const value: unknown = Reflect.get(inner, key, inner);
      return typeof value === "function" ? value.bind(inner) : value;
    },
  });
}

/** What a whole run showed. */
export interface Findings {
  /** How often each outcome came. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The first broken property, with the input that breaks it and the command that comes back to it. */
  readonly problem: string | null;
}

/** Gives a target `rounds` mutated inputs, every second one repaired. Stops at the first broken property. */
export function fuzz(subject: Target, seed: number, rounds: number): Findings {
  const random = new Random(seed);
  const outcomes = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const bytes = mutate(random, subject.golden, subject.lengthFields);
    if (round % 2 === 0) subject.repair(random, bytes);
    const { outcome, problem } = subject.inspect(bytes, round % WATCH_EVERY === 0);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (problem !== null) return { outcomes, problem: report(subject.name, seed, round, bytes, problem) };
  }
  return { outcomes, problem: null };
}

const report = (name: string, seed: number, round: number, bytes: Uint8Array, problem: string): string =>
  [
    `${name}: ${problem}`,
    `input (round ${round}): ${bytes.toHex()}`,
    `repeat: FUZZ_SEED=${seed} FUZZ_ROUNDS=${round + 1} bun test test/fuzz -t "decoder ${name}"`,
    `keep: a file in test/fuzz/corpus/${name}/`,
  ].join("\n");

/** Null when `bytes` are `wanted`, else both: an answer for {@link Subject.check}. */
export const difference = (bytes: Uint8Array, wanted: Uint8Array): string | null =>
  Buffer.compare(bytes, wanted) === 0 ? null : `re-encodes to ${bytes.toHex()}, not ${wanted.toHex()}`;

/** Writes 16 bits in network order, where they fit. */
export function putWord(bytes: Uint8Array, at: number, value: number): void {
  if (at >= 0 && at + 2 <= bytes.length) bytes.set([(value >> 8) & 0xff, value & 0xff], at);
}
