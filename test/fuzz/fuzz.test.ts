/** Every decoder against mutated inputs and its corpus; decoders with planted faults prove that this finds something. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { hex } from "../wire/hex.ts";
import { ADVERTS } from "./adverts.ts";
import { ANSWERS } from "./answers.ts";
import { DIALOGUES } from "./dialogues.ts";
import { CANARIES } from "./canary.ts";
import { DEVICES } from "./devices.ts";
import { HEARTBEAT } from "./heartbeat.ts";
import { ledgers } from "./ledger.ts";
import { MESSAGES } from "./messages.ts";
import { mutate, Random } from "./mutate.ts";
import { ah } from "./header.ts";
import { arp, ip4, ip6, ndp } from "./packets.ts";
import { fuzz } from "./target.ts";
import { VIRTUAL_SERVICES } from "./virtual-services.ts";

/** The same in every run, so that a red one stays red. Others: `FUZZ_SEED=$RANDOM FUZZ_ROUNDS=5000000 bun test test/fuzz`. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const ROUNDS = Number(process.env["FUZZ_ROUNDS"] ?? 100_000);
/** A long run asked for may take its time. */
const TIMEOUT_MS = 3_600_000;

const DECODERS = [
  ip4,
  ip6,
  ah,
  ...ADVERTS,
  arp,
  ndp,
  ...MESSAGES,
  ...DEVICES,
  ...ANSWERS,
  ...DIALOGUES,
  ...HEARTBEAT,
  ledgers,
  ...VIRTUAL_SERVICES,
];
const CORPUS = new URL("./corpus/", import.meta.url);

interface Find {
  readonly file: string;
  /** The outcome that is right: `accepted`, or the kind of error. */
  readonly outcome: string;
  readonly bytes: Uint8Array;
}

/** Inputs that once told something: hexadecimal, after comments of which one is `# outcome: KIND`. */
function findsOf(name: string): Find[] {
  const folder = new URL(`${name}/`, CORPUS);
  return readdirSync(folder).map((file) => {
    const lines = readFileSync(new URL(file, folder), "utf8").split("\n");
    const outcome = lines.find((line) => line.startsWith("# outcome: "))?.slice("# outcome: ".length) ?? "";
    return { file, outcome, bytes: hex(lines.filter((line) => !line.startsWith("#")).join("")) };
  });
}

describe.each(DECODERS)("the decoder $name", (decoder) => {
  test("reads its good inputs", () => {
    expect(decoder.golden.length).toBeGreaterThan(0);
    for (const bytes of decoder.golden) expect(decoder.inspect(bytes, true).problem).toBe(null);
  });

  test("has learnt from its corpus", () => {
    const finds = findsOf(decoder.name);
    expect(finds.length).toBeGreaterThan(0);
    for (const { file, outcome, bytes } of finds) {
      expect({ file, ...decoder.inspect(bytes, true) }).toEqual({ file, outcome, problem: null });
    }
  });

  test(
    `stands ${ROUNDS} mutated inputs`,
    () => {
      const { outcomes, problem } = fuzz(decoder, SEED, ROUNDS);
      if (problem !== null) throw new Error(problem);
      // A run too short, or inputs that all fail alike, would prove nothing.
      if (ROUNDS < 100_000) return;
      const reached = Object.entries(decoder.outcomes).filter(([, reach]) => reach === "reached");
      expect([...outcomes.keys()].sort()).toEqual(reached.map(([outcome]) => outcome).sort());
    },
    TIMEOUT_MS,
  );
});

test("the corpus has no folder that no decoder reads", () => {
  // Configurations are text: config.test.ts reads theirs.
  const readers = [...DECODERS.map(({ name }) => name), "config"];
  expect(readdirSync(CORPUS).sort()).toEqual(readers.sort());
});

describe.each(CANARIES)("a decoder that $name", (canary) => {
  test("is caught, with the command that repeats it", () => {
    const { problem } = fuzz(canary, SEED, 100_000);
    expect(problem).toContain(`FUZZ_SEED=${SEED} FUZZ_ROUNDS=`);
  });
});

describe("mutation", () => {
  const golden = [hex("00010203"), new Uint8Array(40).fill(0x55)];
  const inputs = (seed: number): string[] => {
    const random = new Random(seed);
    return Array.from({ length: 1000 }, () => mutate(random, golden, []).toHex());
  };

  test("makes the same inputs of the same seed, and others of another", () => {
    expect(inputs(7)).toEqual(inputs(7));
    expect(inputs(7)).not.toEqual(inputs(8));
  });

  test("rarely makes the same input twice, and leaves the good ones alone", () => {
    expect(new Set(inputs(7)).size).toBeGreaterThan(700);
    expect(golden).toEqual([hex("00010203"), new Uint8Array(40).fill(0x55)]);
  });

  test("of nothing is possible", () => {
    const random = new Random(1);
    for (let round = 0; round < 1000; round++)
      mutate(random, [new Uint8Array(0)], [{ at: 0, bytes: 4, order: "little" }]);
  });
});
