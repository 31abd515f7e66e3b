/**
 * A thread of its own that starts commands, an entry point of the build beside main.ts. Starting a process holds its thread up until
 * the child runs its program (vfork(2)), and the child, of ordinary priority, may wait for a processor behind everything else on a busy
 * host: the agent's own thread would send no advert meanwhile.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { setTimerSlack } from "../../native/process.ts";
import { limited } from "./file-limit.ts";
import { forgetCommand, noteCommand } from "./orphans.ts";
import type { News, Order } from "./starter.ts";

/** The kernel's default in nanoseconds, for the children; the agent's thread, whose slack we inherited, has less. */
const TIMER_SLACK = 50_000;
/** How long a command's output may lag behind its end, in milliseconds. */
const PRINTED_GRACE = 20;

/**
 * The kernel spares us when memory is short, as the service file asks for; a service that a script starts is not to have that from us
 * (oom_score_adj of proc(5)).
 */
const SPARED = readFileSync("/proc/self/oom_score_adj", "utf8").startsWith("-");

function spareNoMore(pid: number): void {
  try {
    if (SPARED) writeFileSync(`/proc/${pid}/oom_score_adj`, "0");
  } catch {
    // It is gone, or somebody else's whom we may not write to.
  }
}

const tell = (news: News): void => parentPort?.postMessage(news);

/**
 * `ENOENT: no such file or directory`, without the call and the path that are appended; the same for what is in no directory of PATH. The
 * kernel says so of a script whose interpreter is missing, too (execve(2)).
 */
function reason(error: unknown, program: string): string {
  const text = (error instanceof Error ? error.message : String(error))
    .replace(/, posix_spawn .*$/s, "")
    .replace(/^ENOEXEC:.*$/s, "ENOEXEC: no program; a script begins with #! and its interpreter")
    .replace(/^Executable not found in \$PATH.*$/s, "ENOENT: no such file or directory");
  const there = program.startsWith("/") && existsSync(program);
  return text.startsWith("ENOENT:") && there
    ? "ENOENT: the interpreter in its first line is not there"
    : text;
}

/** The end of what a command prints, on both of its streams as it comes. */
class Output {
  #text = "";
  readonly #keep: number;
  readonly #decoder = new TextDecoder();

  constructor(keep: number) {
    this.#keep = keep;
  }

  get text(): string {
    return this.#text;
  }

  /** Reads to the end: whoever prints must never wait for us. */
  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const bytes of stream) {
      this.#text = (this.#text + this.#decoder.decode(bytes)).slice(-this.#keep);
    }
  }
}

function start({ id, argv, environment, account, keep, notes, input }: Order): void {
  let pid = 0;
  const running = (child: { readonly pid: number }): void => {
    ({ pid } = child);
    spareNoMore(pid);
    if (notes !== null) noteCommand(notes, pid);
    tell({ kind: "started", id, pid });
  };
  const output = new Output(keep);
  let printed: Promise<unknown> = Promise.resolve();
  const options = {
    env: { ...environment },
    cwd: "/",
    detached: true,
    ...(account === null ? {} : account),
    async onExit(_: unknown, code: number | null, signal: number | null) {
      if (notes !== null) forgetCommand(notes, pid);
      const failure = code === 0 ? null : code === null ? `signal ${String(signal)}` : `exit ${code}`;
      // What it left behind may hold its output open for ever.
      await Promise.race([printed, Bun.sleep(PRINTED_GRACE)]);
      tell({ kind: "ended", id, failure, output: output.text });
    },
  };
  const stdin = input === null ? "ignore" : new TextEncoder().encode(input);
  try {
    if (keep === 0) {
      running(limited(() => Bun.spawn([...argv], { ...options, stdio: [stdin, "ignore", "ignore"] })));
      return;
    }
    const child = limited(() => Bun.spawn([...argv], { ...options, stdio: [stdin, "pipe", "pipe"] }));
    printed = Promise.all([output.read(child.stdout), output.read(child.stderr)]);
    running(child);
  } catch (error) {
    tell({ kind: "ended", id, failure: reason(error, argv[0] ?? ""), output: "" });
  }
}

setTimerSlack(TIMER_SLACK);
parentPort?.on("message", start);
