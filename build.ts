/**
 * `npm run build`: one executable for this machine at dist/haagent. With `-- --all` also the four that appliances need,
 * dist/haagent-linux-{x64,arm64}{,-musl}; x64 from the baseline bases, as small boxes have no AVX2. `-- --fetch` builds nothing and
 * fetches what those four need, for a build without a network later.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import manifest from "./package.json";

const ROOT = import.meta.dir;
const DIST = `${ROOT}/dist`;
const CACHE = `${ROOT}/node_modules/.cache/haagent/${Bun.version}`;

/**
 * How reluctant the JIT is, as a factor. Compiling what runs ten times a second costs memory and pauses and gains nothing: measured
 * with one router 46 MB instead of 51 MB resident; with 255 routers at 100 ms the same CPU after the first seconds.
 */
const JIT_POLICY = 100;

/** Executables that a cross build is appended to: npm packages of exactly our Bun, with the checksum npm publishes. */
const BASES = [
  {
    target: "linux-x64",
    name: "@oven/bun-linux-x64-baseline",
    integrity:
      "sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==",
  },
  {
    target: "linux-x64-musl",
    name: "@oven/bun-linux-x64-musl-baseline",
    integrity:
      "sha512-cWJhU8h0+MiUgpSt99sQhjxLIIosKEcKYdtKddohokUvAuN6jKOy7g7+QDTZTXtwHxz93wL3BX+L6wXVPDUH3A==",
  },
  {
    target: "linux-arm64",
    name: "@oven/bun-linux-aarch64",
    integrity:
      "sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==",
  },
  {
    target: "linux-arm64-musl",
    name: "@oven/bun-linux-aarch64-musl",
    integrity:
      "sha512-XCNc+WvvMAdNNb+OWTogpy+N9wm62fkVeEVLb6how0RZhW5LPi6c7BlkeVCuWps7XjEl2saFpHFa20/1E+PAHg==",
  },
] as const;

/** Files of src/io that are threads. */
const THREADS = ["starter-thread", "prober-thread", "device-thread", "table-thread", "filesystem-thread"];

/** Runs a program; its standard output, trimmed, or null when it is missing or fails. */
function output(...argv: string[]): string | null {
  try {
    const run = Bun.spawnSync(argv, { cwd: ROOT, stderr: "ignore" });
    return run.success ? run.stdout.toString().trim() : null;
  } catch {
    return null;
  }
}

/** Commit of this tree, `-dirty` when tracked files differ from it; empty outside a git checkout of our own. */
function commit(): string {
  if (output("git", "rev-parse", "--show-toplevel") !== realpathSync(ROOT)) return "";
  const hash = output("git", "rev-parse", "--short=10", "HEAD");
  if (hash === null) return "";
  return output("git", "status", "--porcelain", "--untracked-files=no") === "" ? hash : `${hash}-dirty`;
}

/** Path of the base executable, fetched once by npm, believed only if it is the one pinned above. */
function fetchBase(base: (typeof BASES)[number]): string {
  const executable = `${CACHE}/${base.target}`;
  if (existsSync(executable)) return executable;
  console.log(`  fetching ${base.name}@${Bun.version} from npm`);
  const scratch = `${CACHE}/fetch-${process.pid}`;
  rmSync(scratch, { recursive: true, force: true });
  mkdirSync(scratch, { recursive: true });
  const name = output(
    "npm",
    "pack",
    "--silent",
    "--pack-destination",
    scratch,
    `${base.name}@${Bun.version}`,
  );
  if (name === null)
    throw new Error(`npm pack ${base.name}@${Bun.version} failed: is the registry reachable?`);
  const archive = `${scratch}/${name}`;
  const integrity = `sha512-${createHash("sha512").update(readFileSync(archive)).digest("base64")}`;
  if (integrity !== base.integrity)
    throw new Error(`${base.name}: checksum is ${integrity}, not the pinned one`);
  if (output("tar", "-xzf", archive, "-C", scratch) === null) throw new Error(`tar cannot read ${archive}`);
  renameSync(`${scratch}/package/bin/bun`, executable);
  rmSync(scratch, { recursive: true });
  return executable;
}

/** Compiles src/main.ts into `outfile`, on this Bun or on the base executable of another machine. */
async function compile(outfile: string, base: (typeof BASES)[number] | null): Promise<void> {
  const result = await Bun.build({
    // The others run on threads of their own, which find them by their names.
    entrypoints: [`${ROOT}/src/main.ts`, ...THREADS.map((name) => `${ROOT}/src/io/${name}.ts`)],
    naming: "[name].[ext]",
    target: "bun",
    format: "esm",
    minify: true,
    bytecode: true,
    // Embedded, so that the stack trace of a bug names our files and lines; the copies beside it are removed below.
    sourcemap: "inline",
    define: {
      HAAGENT_VERSION: JSON.stringify(manifest.version),
      HAAGENT_COMMIT: JSON.stringify(commit()),
    },
    compile: {
      // Written beside its place and renamed: a running haagent is not disturbed (ETXTBSY).
      outfile: `${outfile}.new`,
      autoloadDotenv: false,
      autoloadBunfig: false,
      jitPolicy: JIT_POLICY,
      // The target too: process.arch and process.platform are constants of it, not of the base.
      ...(base === null ? {} : { target: `bun-${base.target}` as const, executablePath: fetchBase(base) }),
    },
  });
  if (!result.success) throw new AggregateError(result.logs, `${outfile} cannot be built`);
  renameSync(`${outfile}.new`, outfile);
  rmSync(`${outfile}.new.map`, { force: true });
  for (const name of THREADS) rmSync(`${DIST}/${name}.js.map`, { force: true });
  const megabytes = (statSync(outfile).size / 1e6).toFixed(0);
  console.log(`  ${outfile.slice(ROOT.length + 1)}  ${megabytes} MB`);
}

const unknown = process.argv.slice(2).filter((argument) => argument !== "--all" && argument !== "--fetch");
if (unknown.length > 0) {
  console.error(`build: unknown argument ${unknown.join(" ")}; there are --all and --fetch`);
  process.exit(2);
}
if (process.argv.includes("--fetch")) {
  for (const base of BASES) fetchBase(base);
  process.exit(0);
}
console.log(`haagent ${manifest.version}${commit() === "" ? "" : ` (${commit()})`}, Bun ${Bun.version}`);
mkdirSync(DIST, { recursive: true });
await compile(`${DIST}/haagent`, null);
if (process.argv.includes("--all")) {
  for (const base of BASES) await compile(`${DIST}/haagent-${base.target}`, base);
}
