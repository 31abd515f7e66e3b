/**
 * `npm test`: types, format and build first, then every suite. A suite is a directory of test files; lanes keep two cores honest:
 * pure code; then what waits for real kernels and, in the time that this leaves the processors idle, the long runs of pure code;
 * then what measures. What failed among real kernels is run once more, alone.
 * Names on the command line run only those suites. The last line is `N passed, N failed`.
 */
import { existsSync, readdirSync } from "node:fs";

const ROOT = `${import.meta.dir}/..`;
const BUN = process.execPath;

/** Directories whose files measure, and print what they measured: on a machine that does little else. */
const MEASURING = ["peers", "demo"];
/** Those of their files that say who is master and not when: they run with the kernels' suites. */
const UNHURRIED = ["peers/families", "peers/manners", "peers/spanning-tree"];
/** What has something to say although it passed. */
const PRINTING = [...MEASURING.map((name) => `${name}/`), "vm/rivals-"];
/** Directories of pure code that runs for minutes. */
const PATIENT = ["mutants", "sim", "fuzz"];
/** Directories whose files run side by side, each in namespaces of its own: real kernels, mostly waiting. */
const KERNEL = ["guests", "cli", "io", "features", "builds", "services", "package", "samples"];
/** Directories whose files run in guests, by test/vm.ts, one at a time: emulation takes all of a processor. */
const GUEST = ["vm"];
/** Those of the guests' files that have a guest of their own; all others share one, so that it boots once. */
const OWN_GUEST = [
  "vm/rivals-outage",
  "vm/rivals-sharing",
  "vm/services",
  "vm/services-change",
  "vm/services-load",
];
const SHARED_GUEST = "vm/others";
/** Directories that need the cross builds. */
const CROSS = ["builds", "package"];
/** At a time, on two cores. */
const QUICK_AT_ONCE = 2;
const KERNEL_AT_ONCE = 5;
const PATIENT_AT_ONCE = 2;
/** Those of the measuring files whose labs are idle most of the time: one of them beside one of the others. */
const QUIET = ["demo/demo", "peers/death", "peers/frr", "peers/probing", "peers/transition"];
/** Those of the kernels' suites that keep a processor busy: one at a time, so that the others' daemons come to their turn. */
const HUNGRY = [
  ...["builds/arm64", "builds/x64", "builds/musl", "package/tarballs", "package/openwrt"],
  ...["features/crowds", "features/many", "features/routers", "features/thousand"],
];
/** Files that others wait for: the longest, so that no lane ends with one of them alone. All others follow by name. */
const FIRST = [
  ...["sim/sim", "mutants/agent", "mutants/sim", "fuzz/fuzz"],
  ...["vm/rivals-outage", "vm/rivals-sharing", "vm/others", "vm/services-change", "vm/services"],
  ...["features/firewall", "samples/samples", "features/resources-daemon", "features/virtual-mac-peers"],
  ...["package/debian", "guests/heartbeat", "features/operator", "features/table-thread"],
  ...["features/reload", "features/ipfail", "features/seal", "features/fence", "services/sysv"],
  ...["features/guard", "services/openrc", "features/virtual-mac", "features/newcomers", "features/groups"],
  ...["peers/exits", "peers/differ", "peers/heal", "peers/frr", "peers/transition", "demo/demo"],
];
/** Before a command that is to have the processor when nobody else wants it: SCHED_IDLE. */
const LEISURELY = ["chrt", "--idle", "0"];
/** What `bun test` says before anything else. */
const HEADER = /^bun test v.*$/m;
/** So many suites may have failed for the machine's sake, which a neighbour of it can slow for minutes; more have not. */
const AGAIN_MAX = 12;
/** For one test; real daemons need seconds. */
const TEST_TIMEOUT_MS = 120_000;
/** For one of those that run when nothing else wants to. */
const PATIENT_TIMEOUT_MS = 900_000;

/** 128 + SIGINT. */
const INTERRUPTED = 130;

interface Job {
  readonly name: string;
  readonly argv: readonly string[];
}

interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** Of those, on a processor: its own time, and of what it started and saw end. */
  readonly busy: number;
  /** How to run it again. */
  readonly job: Job;
}

/** Counts of the closing lines of `bun test` (` 12 pass`, ` 1 fail`); of another program one, by its exit code. */
function count(text: string, success: boolean): { passed: number; failed: number } {
  const number = (word: string): number => Number(new RegExp(`^ *(\\d+) ${word}$`, "m").exec(text)?.[1] ?? 0);
  const passed = number("pass");
  // A skipped test has not passed: what cannot run here must say why, by failing.
  const failed = number("fail") + number("skip") + number("todo");
  if (!/^ *\d+ pass$/m.test(text)) return success ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  // Errors between tests, a crash, a hang: no test failed and yet the suite did.
  return { passed, failed: success ? failed : Math.max(failed, 1) };
}

const running = new Set<Bun.Subprocess>();

/** Stopped by hand: no suite goes on, and what the suites started ends with them. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    for (const child of running) child.kill("SIGTERM");
    console.log("interrupted");
    process.exit(INTERRUPTED);
  });
}

async function run(job: Job): Promise<Outcome> {
  const start = performance.now();
  const child = Bun.spawn([...job.argv], { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  running.add(child);
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  running.delete(child);
  const text = stdout + stderr;
  const counted = count(text, code === 0);
  const seconds = (performance.now() - start) / 1000;
  const busy = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const outcome: Outcome = { name: job.name, ...counted, seconds, busy, job };
  if (counted.failed > 0) console.log(`\n----- ${job.name}: exit ${code}\n${text.trimEnd()}\n-----\n`);
  else if (PRINTING.some((name) => job.name.startsWith(name))) console.log(stdout.replace(HEADER, "").trim());
  console.log(line(outcome));
  return outcome;
}

const line = (outcome: Outcome): string =>
  `${outcome.failed === 0 ? "ok  " : "FAIL"} ${outcome.name.padEnd(28)} ${String(outcome.passed).padStart(6)} passed` +
  ` ${String(outcome.failed).padStart(4)} failed ${outcome.seconds.toFixed(1).padStart(7)} s, busy ${outcome.busy.toFixed(1).padStart(6)} s`;

/**
 * Runs again, with nothing beside it, what failed beside others: on a machine of two noisy processors a real daemon may wait for its turn
 * longer than any test can. Only what fails twice has failed; that it failed once is said, and so is why.
 */
async function again(outcomes: readonly Outcome[]): Promise<Outcome[]> {
  const failed = outcomes.filter(({ failed: count }) => count > 0);
  if (failed.length > AGAIN_MAX) return [...outcomes];
  const second = new Map<Outcome, Outcome>();
  for (const outcome of failed) {
    console.log(`again, alone: ${outcome.name}`);
    second.set(outcome, await run(outcome.job));
  }
  return outcomes.map((outcome) => second.get(outcome) ?? outcome);
}

/** Runs jobs, at most `width` at a time, in order of the list; an iterator of them can be shared by lanes. */
async function lane(jobs: Iterable<Job>, width: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const queue = jobs[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      outcomes.push(await run(next.value));
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return outcomes;
}

const testFiles = (directory: string): string[] =>
  readdirSync(`${ROOT}/test/${directory}`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `./test/${directory}/${file}`)
    .sort();

const bunTest = (name: string, paths: readonly string[], timeout = TEST_TIMEOUT_MS): Job => ({
  name,
  argv: [BUN, "test", "--only-failures", `--timeout=${timeout}`, ...paths],
});

const directories = readdirSync(`${ROOT}/test`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && testFiles(entry.name).length > 0)
  .map((entry) => entry.name);
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => name !== "tidy" && !directories.includes(name));
if (unknown.length > 0) {
  console.error(`no such suite: ${unknown.join(" ")} (there are: tidy ${directories.join(" ")})`);
  process.exit(2);
}
const selected = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

const formatted = ["src", "native", "test", "build.ts", "conf/package.ts"].filter(
  (path) => !existsSync(`${ROOT}/${path}/`) || readdirSync(`${ROOT}/${path}`).length > 0,
);
const outcomes = await lane([{ name: "build", argv: [BUN, `${ROOT}/build.ts`] }], 1);
if (CROSS.some(selected)) {
  outcomes.push(...(await lane([{ name: "cross builds", argv: [BUN, `${ROOT}/build.ts`, "--all"] }], 1)));
}
if (wanted.length === 0) {
  const checks: Job[] = [
    { name: "types", argv: [BUN, "check", "--no-script"] },
    { name: "format", argv: [BUN, "fmt", "--no-script", "--check", ...formatted] },
  ];
  outcomes.push(...(await lane(checks, 1)));
}
const rank = ({ name }: Job): number => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
const byRank = (one: Job, other: Job): number => rank(one) - rank(other);
const perFile = (names: readonly string[], timeout?: number): Job[] =>
  names
    .filter((name) => directories.includes(name) && selected(name))
    .flatMap(testFiles)
    .map((path) => bunTest(path.slice("./test/".length, -".test.ts".length), [path], timeout))
    .sort(byRank);
const slow = [...KERNEL, ...PATIENT, ...MEASURING, ...GUEST];
const quick = directories.filter((name) => !slow.includes(name) && selected(name));
const patient = perFile(PATIENT, PATIENT_TIMEOUT_MS).map(({ name, argv }) => ({
  name,
  argv: [...LEISURELY, ...argv],
}));
const inGuest = (name: string, names: readonly string[]): Job => ({
  name,
  argv: [BUN, `${ROOT}/test/vm.ts`, ...names.map((each) => `./test/${each}.test.ts`)],
});
const guestFiles = perFile(GUEST).map(({ name }) => name);
const sharing = guestFiles.filter((name) => !OWN_GUEST.includes(name));
const guests = [
  ...guestFiles.filter((name) => OWN_GUEST.includes(name)).map((name) => inGuest(name, [name])),
  ...(sharing.length > 0 ? [inGuest(SHARED_GUEST, sharing)] : []),
].sort(byRank);
const peers = perFile(MEASURING);
const isUnhurried = ({ name }: Job): boolean => UNHURRIED.includes(name);
const kernel = [...perFile(KERNEL), ...peers.filter(isUnhurried)].sort(byRank);
const isHungry = ({ name }: Job): boolean => HUNGRY.includes(name);
const pure = [
  ...(selected("tidy") ? [bunTest("tidy", ["./test/tidy.test.ts"])] : []),
  ...quick.map((name) => bunTest(name, [`./test/${name}/`])),
];
outcomes.push(...(await lane(pure, QUICK_AT_ONCE)));
const waiting = kernel.filter((job) => !isHungry(job)).values();
const hungryFirst = async (): Promise<Outcome[]> => [
  ...(await lane(kernel.filter(isHungry), 1)),
  ...(await lane(waiting, 1)),
];
const [crowd, pureRuns] = await Promise.all([
  Promise.all([lane(guests, 1), hungryFirst(), lane(waiting, KERNEL_AT_ONCE - 1)]),
  lane(patient, PATIENT_AT_ONCE),
]);
outcomes.push(...pureRuns);
const measuring = peers.filter((job) => !isUnhurried(job));
const alone = measuring.filter(({ name }) => !QUIET.includes(name));
const quiet = measuring.filter(({ name }) => QUIET.includes(name));
const measured = await Promise.all([lane(alone, 1), lane(quiet, 1)]);
outcomes.push(...(await again([...crowd.flat(), ...measured.flat()])));
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
const bad = outcomes.filter((outcome) => outcome.failed > 0);
if (bad.length > 0) console.log(`\nfailed:\n${bad.map(line).join("\n")}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
