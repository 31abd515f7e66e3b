/**
 * What a musl distribution has beside musl: its libstdc++, here made of Debian's position-independent archive, linked against Debian's
 * musl. A scaffold for tests only; on a box the distribution's own serves.
 */
import { existsSync, globSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tree } from "../trees.ts";

const CACHE = new URL("../../node_modules/.cache/haagent/musl", import.meta.url).pathname;
const LOADER = "/lib/ld-musl-x86_64.so.1";

/** What that archive expects of glibc and musl has not. None of it does more than our program needs of it. */
const STUBS = `
#include <pthread.h>
#include <stdint.h>
#include <sys/random.h>
#include <time.h>
char __libc_single_threaded = 0;
int __pthread_key_create(pthread_key_t *key, void (*end)(void *)) { return pthread_key_create(key, end); }
int __cxa_thread_atexit_impl(void (*end)(void *), void *object, void *dso) { return 0; }
size_t __strftime_l(char *to, size_t most, const char *format, const struct tm *time, void *locale) {
  return strftime(to, most, format, time);
}
uint32_t arc4random(void) { uint32_t value = 0; getrandom(&value, sizeof value, 0); return value; }
int _dl_find_object(void *address, void *result) { return -1; }
void *_ZNSi6ignoreEl(void *stream, long count) { return stream; }
void *_ZNSt13basic_istreamIwSt11char_traitsIwEE6ignoreEl(void *stream, long count) { return stream; }
`;

function output(...argv: readonly string[]): string {
  const run = Bun.spawnSync([...argv], { stderr: "pipe" });
  if (!run.success) throw new Error(`${argv[0]}: ${run.stderr.toString().trim()}`);
  return run.stdout.toString().trim();
}

/** The directory for LD_LIBRARY_PATH, made once. */
export function muslLibraries(): string {
  if (existsSync(CACHE)) return CACHE;
  const [archive] = globSync(`${tree("libstdc++")}/usr/lib/gcc/x86_64-linux-gnu/*/libstdc++_pic.a`);
  if (archive === undefined) throw new Error("the package libstdc++-12-pic has no libstdc++_pic.a");
  const scratch = `${CACHE}-${process.pid}`;
  mkdirSync(scratch, { recursive: true });
  try {
    writeFileSync(`${scratch}/stubs.c`, STUBS);
    const inputs = [`${scratch}/stubs.c`, "-Wl,--whole-archive", archive, "-Wl,--no-whole-archive"];
    const runtime = ["libgcc_eh.a", "libgcc.a"].map((name) => output("gcc", `-print-file-name=${name}`));
    const library = `${scratch}/libstdc++.so.6`;
    output(
      "musl-gcc",
      "-shared",
      "-fPIC",
      "-Wl,-soname,libstdc++.so.6",
      "-o",
      library,
      ...inputs,
      ...runtime,
    );
    symlinkSync(LOADER, `${scratch}/libc.musl-x86_64.so.1`);
    rmSync(`${scratch}/stubs.c`);
    renameSync(scratch, CACHE);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return CACHE;
}
