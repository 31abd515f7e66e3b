/** The configuration's reader against mutated configurations and its corpus; readers with planted faults prove the oracle. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "toml";
import type { Loaded } from "../../src/config/model.ts";
import { scan } from "../../src/config/scan.ts";
import { misplaced } from "../config/places.ts";
import { agent, checked, loadText, router, router6, second } from "../config/said.ts";
import { Random } from "./mutate.ts";
import { mutateText } from "./texts.ts";

/** As in fuzz.test.ts. */
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);
const ROUNDS = Number(process.env["FUZZ_ROUNDS"] ?? 100_000);
const TIMEOUT_MS = 3_600_000;
/** One text in this many is parsed once more, to hold the scan for places against the parser. */
const SCAN_EVERY = 16;
/** No finding is longer: the words of one, two names of the file, and a header. */
const FINDING_LENGTH_MAX = 600;

const CORPUS = join(import.meta.dir, "corpus/config");
const everything = readFileSync(join(import.meta.dir, "../config/golden/everything.toml.txt"), "utf8");
/** Mostly short ones, for the sake of time: what breaks a long text breaks a short one. */
const GOLDEN = [
  router("priority = 150", 'initial_state = "master"', 'garp = { count = 3, interval = "1ms" }'),
  router(
    "version = 2",
    'auth = { type = "pass", key = "123456" }',
    'addresses = ["10.0.0.1/24", "10.0.0.2"]',
  ),
  router('addresses = [\n  "10.0.0.1/24", # one\n  { address = "10.0.0.2/24", label = "eth0:1" },\n]'),
  router(
    'unicast_source = "10.0.0.8"',
    'unicast_peers = ["10.0.0.9", { address = "10.1.1.1", min_ttl = 250 }]',
  ),
  router6(
    'track_interfaces = ["eth1", { name = "eth2", weight = -5 }]',
    'excluded_addresses = ["10.0.0.3/24"]',
  ),
  router('notify = { any = ["/any"], master = [["/a", "b"], ["/c"]] }', "routes = []", "accept = true"),
  checked('interval = "2s"', "rise = 2", "weight = -60"),
  agent('node = "ha1"', 'log = { level = "debug" }', "realtime_priority = 50"),
  router('sync_group = "g"') + second('sync_group = "g"', 'advert_interval = "100ms"'),
  'vrrp.a.interface = \'eth0\'\nvrrp.a.vrid = 1\nvrrp.a.addresses = ["""10.0.0.1/24"""]\n',
  'vrrp = { a = { vrid = 1, interface = "eth0", addresses = ["10.0.0.1/24",] } }\n',
];

type Reader = (text: string) => Loaded;

/** What is wrong with how a text was read, or null. */
function inspect(read: Reader, text: string): string | null {
  let loaded: Loaded;
  try {
    loaded = read(text);
  } catch (error) {
    return `threw ${String(error)}`;
  }
  const { config, findings } = loaded;
  const errors = findings.some(({ severity }) => severity === "error");
  if ((config === null) !== errors)
    return errors ? "a configuration with errors" : "neither configuration nor error";
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  let last = { line: 1, column: 1 };
  for (const finding of findings) {
    const { line, column } = finding;
    const width = [...(lines[line - 1] ?? "")].length;
    if (!(line >= 1 && line <= lines.length && column >= 1 && column <= width + 1))
      return `a place outside: ${line}:${column}`;
    if (line < last.line || (line === last.line && column < last.column))
      return `out of order: ${line}:${column}`;
    if (/[\p{C}\p{Zl}\p{Zp}]/u.test(finding.text)) return `not printable: ${JSON.stringify(finding.text)}`;
    if (finding.text.length > FINDING_LENGTH_MAX) return `too long: ${finding.text}`;
    if (finding.text.includes("bug of haagent")) return finding.text;
    last = finding;
  }
  return null;
}

/** Holds the scan against the parser, if the text parses. */
function inspectScan(text: string): string | null {
  let values: unknown;
  try {
    values = parse(text, { maxDepth: 32 });
  } catch {
    return null;
  }
  return misplaced(text, values, scan(text));
}

/** The first broken property in `rounds` mutated texts, with the text and what repeats it. */
function fuzz(read: Reader, rounds: number): string | null {
  const random = new Random(SEED);
  for (let round = 0; round < rounds; round++) {
    const text = mutateText(random, GOLDEN);
    const problem = inspect(read, text) ?? (round % SCAN_EVERY === 0 ? inspectScan(text) : null);
    if (problem !== null) {
      const repeat = `FUZZ_SEED=${SEED} FUZZ_ROUNDS=${round + 1} bun test test/fuzz/config.test.ts`;
      return `${problem}\nrepeat: ${repeat}\nkeep: a file in test/fuzz/corpus/config/\n${text}`;
    }
  }
  return null;
}

describe("the reader of configurations", () => {
  test("reads its good texts", () => {
    for (const text of [...GOLDEN, everything]) expect(loadText(text).config).not.toBeNull();
  });

  for (const file of readdirSync(CORPUS)) {
    test(`has learnt from ${file}`, () => {
      const text = readFileSync(join(CORPUS, file), "utf8");
      expect(inspect(loadText, text)).toBeNull();
      expect(inspectScan(text)).toBeNull();
    });
  }

  test(
    `stands ${ROUNDS} mutated texts`,
    () => {
      const seen = { good: 0, warned: 0, refused: 0, severalTimes: 0 };
      const problem = fuzz((text) => {
        const loaded = loadText(text);
        if (loaded.config === null) seen[loaded.findings.length > 1 ? "severalTimes" : "refused"]++;
        else seen[loaded.findings.length > 0 ? "warned" : "good"]++;
        return loaded;
      }, ROUNDS);
      if (problem !== null) throw new Error(problem);
      // Inputs that all end alike would prove little.
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(ROUNDS / 200);
    },
    TIMEOUT_MS,
  );

  test("stands mutations of a long text", () => {
    const random = new Random(SEED);
    for (let round = 0; round < 500; round++) {
      const text = mutateText(random, [everything]);
      expect(inspect(loadText, text) ?? inspectScan(text)).toBeNull();
    }
  });

  test("never shows a key, whatever happens to its table", () => {
    const random = new Random(SEED);
    const value = '{ type = "pass", key = "s3cr3tXYZ" }';
    for (let round = 0; round < 10_000; round++) {
      const text = router("version = 2", `auth = ${mutateText(random, [value])}`, "preempt = true");
      for (const { text: said } of loadText(text).findings)
        expect(`${said} (${text})`).not.toMatch(/^[^(]*(?:s3c|cr3|tXY|XYZ)/);
    }
  });
});

describe("a reader that", () => {
  const faults: readonly [fault: string, read: Reader][] = [
    [
      "counts columns from 0",
      (text) => {
        const { config, findings } = loadText(text);
        return { config, findings: findings.map((finding) => ({ ...finding, column: finding.column - 1 })) };
      },
    ],
    [
      "counts columns in UTF-8",
      (text) => {
        const { config, findings } = loadText(text);
        const wide = (line: number, column: number): number =>
          Buffer.byteLength([...(text.split("\n")[line - 1] ?? "")].slice(0, column - 1).join("")) + 1;
        return {
          config,
          findings: findings.map((finding) => ({ ...finding, column: wide(finding.line, finding.column) })),
        };
      },
    ],
    ["forgets a finding", (text) => ({ ...loadText(text), findings: [] })],
    ["lets the parser's exceptions out", (text) => (parse(text) === null ? loadText("") : loadText(text))],
    [
      "shows text as it is",
      (text) => {
        const { config, findings } = loadText(text);
        return { config, findings: findings.map((finding) => ({ ...finding, text: text.slice(0, 100) })) };
      },
    ],
  ];
  test.each(faults)("%s is caught", (_fault, read) => {
    expect(fuzz(read, 20_000)).toContain("repeat: ");
  });
});
