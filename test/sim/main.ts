/**
 * `bun test/sim/main.ts --seeds 10000 [--from N] [--first] [--census]` runs many seeds, up to the first that fails if asked, and
 * counts what they come to; `--seed N [--packets]` tells the story of one; `--churn HOURS` says what agents keep in memory that live so long.
 */
import { parseArgs } from "node:util";
import { FEATURES } from "./census.ts";
import { churn } from "./churn.ts";
import { commandFor, configsOf, runSeed } from "./run.ts";

const FAILURES_SHOWN = 20;
/** Looks at the memory in a run of {@link churn}. */
const SAMPLES = 12;

/** A whole number from the command line. */
function count(text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`"${text}" is not a whole number`);
  return value;
}

function tell(seed: number, packets: boolean): boolean {
  const { violation, trace } = runSeed(seed, packets ? "packets" : "events");
  console.log(`${configsOf(seed)}\n${trace}\n`);
  if (violation === null) console.log(`seed ${seed}: good`);
  else console.log(`seed ${seed}: at ${(violation.at / 1000).toFixed(6)} s: ${violation.text}`);
  return violation === null;
}

/** Prints how many seeds came to each feature. */
function tellCensus(counts: ReadonlyMap<string, number>): void {
  for (const [feature, seeds] of counts) console.log(`${String(seeds).padStart(6)}  ${feature}`);
}

function search(
  seeds: number,
  from: number,
  { first, census }: { first: boolean; census: boolean },
): boolean {
  const begun = performance.now();
  let failures = 0;
  let lived = 0;
  let steps = 0;
  const counts = new Map(FEATURES.map((feature) => [feature, 0]));
  for (let seed = from; seed < from + seeds && !(first && failures > 0); seed++) {
    const outcome = runSeed(seed, "none");
    lived += outcome.lived;
    steps += outcome.steps;
    for (const feature of outcome.seen) counts.set(feature, (counts.get(feature) ?? 0) + 1);
    const { violation } = outcome;
    if (violation === null) continue;
    failures++;
    if (failures > FAILURES_SHOWN) continue;
    console.log(
      `seed ${seed}: at ${(violation.at / 1000).toFixed(3)} s: ${violation.text}\n  ${commandFor(seed)}`,
    );
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const hours = (lived / 3_600_000).toFixed(1);
  if (census) tellCensus(counts);
  console.log(`${seeds} seeds, ${failures} failed: ${hours} virtual hours, ${steps} events in ${seconds} s`);
  return failures === 0;
}

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string" },
    first: { type: "boolean" },
    census: { type: "boolean" },
    packets: { type: "boolean" },
    churn: { type: "string" },
  },
});
function grow(hours: number): boolean {
  const { samples, violation, transitions } = churn(hours, SAMPLES);
  for (const { hours: at, values, heap } of samples) {
    console.log(`${at.toFixed(1).padStart(6)} h: ${values} values, heap ${(heap / 1e6).toFixed(1)} MB`);
  }
  if (violation !== null) console.log(`at ${(violation.at / 1000).toFixed(3)} s: ${violation.text}`);
  console.log(`${transitions} times master`);
  return violation === null;
}

const good =
  values.churn !== undefined
    ? grow(count(values.churn, 24))
    : values.seed === undefined
      ? search(count(values.seeds, 1000), count(values.from, 1), {
          first: values.first === true,
          census: values.census === true,
        })
      : tell(count(values.seed, 0), values.packets === true);
process.exit(good ? 0 : 1);
