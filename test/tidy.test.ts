/** The rules of ARCHITECTURE.md that a machine can hold: who imports whom, what pure code must not call, what a file looks like. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import manifest from "../package.json";
import { type Mutant, MUTANTS } from "./mutants/mutants.ts";

const ROOT = join(import.meta.dir, "..");
/** A longer file says why, in a line with `Departs from principle 12:`; tables may. */
const FILE_LINES_MAX = 300;
const BASE_FILES_MAX = 4;

/**
 * The import table. `values`: folders or files whose code may be imported; `types`: only by `import type`;
 * `packages`: modules from outside, a trailing colon standing for everything behind it.
 */
interface Rule {
  readonly values: readonly string[];
  readonly types: readonly string[];
  readonly packages: readonly string[];
}
const TABLE: Readonly<Record<string, Rule>> = {
  "src/base": { values: [], types: [], packages: [] },
  "src/wire": { values: ["src/base"], types: [], packages: [] },
  "src/wire/control.ts": { values: ["src/base"], types: ["src/agent/boundary.ts"], packages: [] },
  "src/wire/rtnetlink.ts": {
    values: ["src/base", "src/wire"],
    types: ["src/agent/boundary.ts"],
    packages: [],
  },
  // HMAC-MD5 is as pure as a checksum, and the runtime has it.
  "src/wire/ah.ts": { values: ["src/base", "src/wire"], types: [], packages: ["node:crypto"] },
  // So are HMAC and inflation.
  "src/wire/heartbeat-token.ts": {
    values: ["src/base", "src/wire"],
    types: [],
    packages: ["node:crypto"],
  },
  "src/wire/heartbeat-compressed.ts": {
    values: ["src/base", "src/wire"],
    types: [],
    packages: ["node:zlib"],
  },
  "src/heartbeat": { values: ["src/base", "src/wire"], types: [], packages: [] },
  "src/vrrp": { values: ["src/base"], types: ["src/wire"], packages: [] },
  "src/check": { values: ["src/base", "src/wire"], types: [], packages: [] },
  // So are digests.
  ...Object.fromEntries(
    ["http-exchange", "mysql", "pgsql", "scram"].map((name) => [
      `src/check/${name}.ts`,
      { values: ["src/base", "src/wire"], types: [], packages: ["node:crypto"] },
    ]),
  ),
  "src/ipvs": { values: ["src/base", "src/wire/ipvs.ts"], types: ["src/wire"], packages: [] },
  "src/config": {
    values: [
      ...["src/base", "src/check/pattern.ts", "src/heartbeat", "src/wire/heartbeat-message.ts"],
      ...["src/wire/ipvs.ts", "src/wire/dns.ts"],
    ],
    types: ["src/wire/heartbeat-token.ts"],
    packages: ["toml"],
  },
  "src/agent": {
    values: [
      ...["src/agent", "src/base", "src/wire", "src/vrrp", "src/check", "src/ipvs"],
      ...["src/config", "src/heartbeat"],
    ],
    types: [],
    packages: [],
  },
  "src/doctor": {
    values: ["src/base", "src/wire", "src/vrrp", "src/config", "src/agent/send.ts"],
    types: ["src/agent"],
    packages: [],
  },
  native: { values: ["src/base"], types: [], packages: ["bun:ffi", "node:"] },
  "src/io": {
    values: [
      ...["src/io", "src/base", "native", "src/check"],
      ...["src/wire/rtnetlink.ts", "src/wire/macvlan.ts", "src/wire/nftables.ts", "src/wire/control.ts"],
      ...[
        "src/wire/ipvs.ts",
        "src/wire/ipvs-sockopt.ts",
        "src/wire/ipvs-netlink.ts",
        "src/wire/ipvs-told.ts",
        "src/wire/ipvs-proc.ts",
      ],
      "src/wire/genetlink.ts",
      ...[
        "src/config/keys-file.ts",
        "src/config/fence.ts",
        "src/config/path-safety.ts",
        "src/config/named-files.ts",
        "src/config/resource-scripts.ts",
        "src/heartbeat/generation.ts",
      ],
      ...["src/wire/icmp.ts", "src/wire/forwarding.ts", "src/wire/route.ts"],
    ],
    types: [
      ...["src/agent", "src/config/model.ts", "src/config/heartbeat-model.ts", "src/doctor/facts.ts"],
      ...["src/config/probe-model.ts", "src/config/service-model.ts"],
      "src/wire/heartbeat-message.ts",
    ],
    packages: ["bun:jsc", "bun", "node:"],
  },
  "src/cli": {
    values: ["src/base", "src/config", "src/wire/control.ts"],
    types: ["src/agent", "src/doctor/finding.ts"],
    packages: ["citty"],
  },
  "src/main.ts": { values: ["src", "native"], types: [], packages: ["node:"] },
  "src/watch.ts": { values: ["src"], types: [], packages: [] },
  "src/realserver.ts": { values: ["src"], types: [], packages: ["node:"] },
  "src/client.ts": { values: ["src", "native"], types: [], packages: [] },
};

/** What only the edge may do, and where the middle gets it from instead. */
const EDGE_ONLY: readonly (readonly [RegExp, string])[] = [
  [/\bawait\b/, "nothing is awaited in the middle: return an Action, get an Event"],
  [/\bBun\./, "the runtime belongs to src/io: return an Action"],
  [/\bprocess\.\w/, "put what you need into the start event"],
  [/\bconsole\./, 'return { kind: "log" }'],
  [/\bDate\.now\b|\bnew Date\(\s*\)/, "use the Instant given to handle()"],
  [/\bperformance\./, "use the Instant given to handle()"],
  [/\bMath\.random\b/, "a seeded value in the configuration of the machine"],
  [/\bset(Timeout|Interval|Immediate)\b/, "keep a deadline in the state and return it as wakeAt"],
  [/\bfetch\(/, "return a probe Action"],
];
const EDGE = ["src/io/", "native/", "src/main.ts", "src/client.ts", "src/realserver.ts", "src/watch.ts"];

/** What no file may contain. */
const NOWHERE: readonly (readonly [RegExp, string])[] = [
  [/(:\s*|\bas\s+|<)any\b(?!\s*[:?(])|\bany\[\]/, "say the type, or unknown"],
  [/@ts-(ignore|expect-error|nocheck)/, "make it type-correct"],
  [/[\w)\]]!(?=[.[;,)\s]|$)/, "handle the missing value"],
  [/\bexport default\b/, "named exports only"],
  [/\b(test|it|describe)\.(only|skip|todo|if|skipIf|todoIf)\b/, "a test that cannot run here fails"],
  [/["'](ba)?sh["'],\s*["']-c["']/, "argv only, no shell"],
];

/** Files below `folder`, relative to the root, without what is installed or built. */
function files(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if ([".git", "node_modules", "dist", ".demo"].includes(path)) return [];
    if (entry.isDirectory()) return files(path);
    return entry.isFile() ? [path] : [];
  });
}

const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The text without comments; strings stay, as a call hidden in one is a finding too. */
const code = (path: string): string =>
  read(path)
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*$/gm, "$1");

/** `path:line: advice` for every line that matches. */
function findings(paths: readonly string[], rules: readonly (readonly [RegExp, string])[]): string[] {
  return paths.flatMap((path) =>
    code(path)
      .split("\n")
      .flatMap((line, index) =>
        rules
          .filter(([pattern]) => pattern.test(line))
          .map(([, advice]) => `${path}:${index + 1}: ${line.trim()} (${advice})`),
      ),
  );
}

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

function imports(path: string): Import[] {
  const text = code(path);
  const statements = text.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm);
  const dynamic = text.matchAll(/\b(?:import|require)\(\s*["'`]([^"'`]+)/g);
  return [
    ...Array.from(statements, (match) => ({ from: match[2] ?? "", typeOnly: match[1] !== undefined })),
    ...Array.from(dynamic, (match) => ({ from: match[1] ?? "", typeOnly: false })),
  ];
}

const covers = (places: readonly string[], path: string): boolean =>
  places.some((place) => path === place || path.startsWith(`${place}/`));

/** The rule of the longest entry that covers the file; its own folder is always open to it. */
function ruleOf(path: string): { folder: string; rule: Rule } | null {
  const entry = Object.entries(TABLE)
    .filter(([place]) => covers([place], path))
    .sort(([a], [b]) => b.length - a.length)[0];
  return entry === undefined ? null : { folder: dirname(path), rule: entry[1] };
}

function importFindings(path: string): string[] {
  const found = ruleOf(path);
  if (found === null) return [`${path}: in no folder of the import table`];
  const { folder, rule } = found;
  return imports(path).flatMap(({ from, typeOnly }) => {
    if (!from.startsWith(".")) {
      const allowed = rule.packages.some((name) =>
        name.endsWith(":") ? from.startsWith(name) : from === name,
      );
      return allowed ? [] : [`${path}: imports "${from}"`];
    }
    const target = normalize(join(dirname(path), from));
    if (!existsSync(join(ROOT, target))) return [`${path}: "${from}" is not the path of a file`];
    const allowed = [folder, ...rule.values, ...(typeOnly ? rule.types : [])];
    return covers(allowed, target) ? [] : [`${path}: imports ${typeOnly ? "types of " : ""}${target}`];
  });
}

const product = ["src", "native"].flatMap(files).filter((path) => path.endsWith(".ts"));
const typescript = [
  ...product,
  ...files("test").filter((path) => path.endsWith(".ts")),
  "build.ts",
  "conf/package.ts",
];

describe("the source tree", () => {
  test("imports only along the table", () => {
    expect(product.flatMap(importFindings)).toEqual([]);
  });

  test("keeps clocks, randomness and input/output at the edge", () => {
    const middle = product.filter((path) => !EDGE.some((edge) => path.startsWith(edge)));
    expect(middle.length).toBeGreaterThan(0);
    expect(findings(middle, EDGE_ONLY)).toEqual([]);
  });

  test("has no untyped corner, no shell, no narrowed test", () => {
    const others = typescript.filter((path) => path !== "test/tidy.test.ts");
    expect(findings(others, NOWHERE)).toEqual([]);
  });

  test("is made of files that say what they are and fit in the head", () => {
    const wrong = typescript.flatMap((path) => {
      const text = read(path);
      const lines = text.split("\n").length - 1;
      return [
        ...(text.replace(/^#!.*\n/, "").startsWith("/**") ? [] : [`${path}: starts without /** purpose */`]),
        ...(lines > FILE_LINES_MAX && !text.includes("Departs from principle 12:")
          ? [`${path}: ${lines} lines`]
          : []),
        ...(/(^|\/)(utils?|helpers?|common|types|index|misc)(\.test)?\.ts$/.test(path)
          ? [`${path}: named for nothing`]
          : []),
      ];
    });
    expect(wrong).toEqual([]);
  });

  test("has a small base", () => {
    expect(files("src/base").length).toBeLessThanOrEqual(BASE_FILES_MAX);
  });

  test("is TypeScript and nothing else", () => {
    expect(files(".").filter((path) => /\.(c?jsx?|mjs|tsx|py|pl|sh|c|go|rs)$/.test(path))).toEqual([]);
  });

  test("has only the top-level entries that the project knows", () => {
    const known =
      /^(package(-lock)?\.json|bunfig\.toml|tsconfig\.json|src|native|conf|(build|package)\.ts|test|docs|README\.md|LICENSE|CHANGELOG\.md|ARCHITECTURE\.md|CONTRIBUTING\.md|node_modules|dist|\..*)$/;
    expect(readdirSync(ROOT).filter((name) => !known.test(name))).toEqual([]);
  });

  test("has the one place of every fault that test/mutants plants", () => {
    const places = ({ file, find }: Mutant): number => read(file).split(find).length - 1;
    const lost = MUTANTS.filter((mutant) => places(mutant) !== 1);
    expect(lost.map((mutant) => `${mutant.file}: ${places(mutant)} places with: ${mutant.find}`)).toEqual([]);
  });

  test("names no place outside itself", () => {
    // Written in pieces, as this file is searched too.
    const foreign = new RegExp(
      ["/wor" + "k/", "/far" + "m/", "\\.lib" + "rary", "sub" + "agent"].join("|"),
      "i",
    );
    const ours = files(".").filter((path) => path.startsWith(".ci/") || !path.startsWith("."));
    const text = ours.filter((path) => !/\.(pcap|pcapng|bin|png)$/.test(path));
    expect(text.filter((path) => foreign.test(read(path)))).toEqual([]);
  });
});

describe("package.json", () => {
  test("has no runtime dependencies and pins the others exactly", () => {
    expect(Object.keys(manifest)).not.toContain("dependencies");
    expect(Object.keys(manifest.devDependencies).sort()).toEqual(["@types/bun", "bun", "citty", "toml"]);
    for (const version of Object.values(manifest.devDependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test("is the version that CHANGELOG.md works towards or has released", () => {
    const headings = Array.from(read("CHANGELOG.md").matchAll(/^## (.*)$/gm), (match) => match[1] ?? "");
    expect(headings[0]).toMatch(/^Unreleased/);
    for (const heading of headings.slice(1)) expect(heading).toMatch(/^\d+\.\d+\.\d+ \(\d{4}-\d{2}-\d{2}\)$/);
  });
});

describe("CHANGELOG.md", () => {
  test("groups by Safety, Features, Fixed, Internals, in this order", () => {
    const order = ["Safety", "Features", "Fixed", "Internals"];
    for (const release of read("CHANGELOG.md").split(/^## /m).slice(1)) {
      const groups = Array.from(release.matchAll(/^### (.*)$/gm), (match) => match[1] ?? "");
      expect(groups).toEqual(order.filter((name) => groups.includes(name)));
      expect(groups.length).toBeGreaterThan(0);
    }
  });
});
