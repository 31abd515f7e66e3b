/** Threads of our own. The file of each is beside this one, and an entry point of the build (THREADS in build.ts). */

/** In the compiled program it is JavaScript. */
const EXTENSION = import.meta.url.includes("/$bunfs/") ? "js" : "ts";

/** The name of a thread's file, without its end. */
type ThreadName = "starter-thread" | "prober-thread" | "device-thread" | "table-thread" | "filesystem-thread";

/** Starts one, with a small heap. The process does not stay for it. */
export function openThread(name: ThreadName): Worker {
  const made = new Worker(new URL(`./${name}.${EXTENSION}`, import.meta.url).href, { smol: true });
  made.unref();
  return made;
}
