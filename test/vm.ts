/**
 * `bun test/vm.ts [FILE...]`: boots a guest and runs test files in it, all of test/vm without arguments, so one boot serves many tests.
 * Any file of tests that makes its own namespaces can be named: it meets another kernel, one with every module.
 */
import { readdirSync } from "node:fs";
import { relative } from "node:path";
import { Guest } from "./lab/vm/guest.ts";
import { sleep } from "./lab/process.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** A test's programs start ten times slower than outside. */
const TEST_TIMEOUT_MS = 120_000;
/** What a better compiler makes while the program runs, this processor must translate again: not worth it, by a fifth of all time. */
const ENVIRONMENT = { BUN_JSC_useDFGJIT: "0" };
const SUITE_MS = 1_200_000;
const POLL_MS = 20;
const TIMED_OUT = 124;

const named = process.argv.slice(2).map((file) => `./${relative(ROOT, file)}`);
const all = readdirSync(`${ROOT}/test/vm`).filter((file) => file.endsWith(".test.ts"));
const files = named.length > 0 ? named : all.map((file) => `./test/vm/${file}`);

await using guest = await Guest.boot({ processors: 2, memory: 1024 });
const argv = [process.execPath, "test", "--only-failures", `--timeout=${TEST_TIMEOUT_MS}`, ...files];
const task = await guest.spawn(argv, { cwd: ROOT, env: ENVIRONMENT });
const end = performance.now() + SUITE_MS;
while (task.code === null && guest.running && performance.now() < end) await sleep(POLL_MS);
process.stdout.write(task.stdout);
process.stderr.write(task.stderr);
if (task.code === null)
  console.error(guest.running ? `not done within ${SUITE_MS} ms` : "the guest ended before its tests");
process.exitCode = task.code ?? TIMED_OUT;
