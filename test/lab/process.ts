/** Programs started for a lab: argv only, bounded in time, and dead at the latest when this process is. */
import { readFileSync } from "node:fs";

/** How long a short command may take; the machine may be busy. */
const COMMAND_MS = 20_000;
/** Lines kept of one child; older ones are dropped. */
const LINES_MAX = 20_000;
/** Between two looks at what is waited for. */
const POLL_MS = 10;
const POLL_MOST_MS = 500;

/** For every program started: one language, one time zone, and sbin, which Debian leaves out of a user's PATH. */
const environment = () => ({
  ...process.env,
  PATH: `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`,
  LC_ALL: "C",
  TZ: "UTC",
});

/** Wall clock in milliseconds, the clock of captures too. */
export const now = (): number => Date.now();

export const sleep = (span: number): Promise<void> => Bun.sleep(Math.max(0, span));

/** How a short command ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a short command, which may fail. */
export async function ran(argv: readonly string[], input = ""): Promise<Ran> {
  const child = Bun.spawn([...argv], {
    stdin: new TextEncoder().encode(input),
    stdout: "pipe",
    stderr: "pipe",
    env: environment(),
    timeout: COMMAND_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** Runs a short command; throws with its words when it fails. Gives its standard output. */
export async function run(argv: readonly string[], input = ""): Promise<string> {
  const { code, stdout, stderr } = await ran(argv, input);
  if (code !== 0) throw new Error(`${argv.join(" ")}: exit ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}

/** Waits until `predicate` holds; gives the wait in milliseconds, or throws after `limit` with what `what` then says. */
export async function until(
  what: string | (() => string),
  limit: number,
  predicate: () => boolean | Promise<boolean>,
): Promise<number> {
  const start = performance.now();
  for (let asked = start; !(await predicate()); asked = performance.now()) {
    const answered = performance.now();
    if (answered - start > limit) {
      throw new Error(`not within ${limit} ms: ${typeof what === "string" ? what : what()}`);
    }
    // A question that starts a program keeps a processor busy: for half of the time at most.
    await sleep(Math.min(POLL_MOST_MS, Math.max(POLL_MS, answered - asked)));
  }
  return performance.now() - start;
}

/** Children of a process, as proc_pid_task(5) lists them; none when it is gone. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

type Signal = "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGHUP" | "SIGUSR1" | "SIGUSR2" | "SIGINT";

export interface ChildOptions {
  /** Gets standard output as bytes; without it, output is split into `lines`. */
  readonly onBytes?: (chunk: Uint8Array) => void;
  readonly onLine?: (line: string) => void;
  readonly env?: Readonly<Record<string, string>>;
}

const alive = new Set<Child>();
let guarded = false;

/** Ends what is left when this process leaves in an orderly way; PDEATHSIG does it when it is killed. */
function guard(): void {
  if (guarded) return;
  guarded = true;
  process.on("exit", () => {
    for (const child of alive) child.signal("SIGKILL");
  });
}

/** A program that runs beside the test. */
export class Child {
  readonly pid: number;
  /** The exit code, 128 + signal when killed. */
  readonly exited: Promise<number>;
  /** Standard error, and standard output unless `onBytes` takes it. */
  readonly lines: string[] = [];
  readonly argv: readonly string[];
  #running = true;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;

  constructor(argv: readonly string[], options: ChildOptions = {}) {
    guard();
    this.argv = argv;
    // setpriv and nsenter exec in place: the process id below is the program's own.
    this.#process = Bun.spawn(["setpriv", "--pdeathsig", "KILL", "--", ...argv], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...environment(), ...options.env },
    });
    this.pid = this.#process.pid;
    alive.add(this);
    const drained = Promise.all([
      options.onBytes === undefined
        ? this.#readLines(this.#process.stdout, options.onLine)
        : readBytes(this.#process.stdout, options.onBytes),
      this.#readLines(this.#process.stderr, options.onLine),
    ]);
    this.exited = this.#process.exited.then(async (code) => {
      this.#running = false;
      alive.delete(this);
      // A grandchild may keep the pipes open: what it says later is not waited for.
      await Promise.race([drained, sleep(200)]);
      return code;
    });
  }

  get running(): boolean {
    return this.#running;
  }

  signal(signal: Signal): void {
    if (this.#running) this.#process.kill(signal);
  }

  /** Ends it with `signal`, with SIGKILL after `limit` ms; gives the milliseconds it took. */
  async end(signal: Signal = "SIGTERM", limit = 5000): Promise<number> {
    const start = performance.now();
    this.signal(signal);
    const killer = setTimeout(() => this.signal("SIGKILL"), limit);
    await this.#process.exited;
    clearTimeout(killer);
    return performance.now() - start;
  }

  /** Waits until a line contains `text`. */
  async says(text: string, limit: number): Promise<void> {
    await until(
      () => `${this.argv.join(" ")} says "${text}"; it said: ${this.lines.slice(-8).join(" / ")}`,
      limit,
      () => {
        if (this.lines.some((line) => line.includes(text))) return true;
        if (!this.#running)
          throw new Error(`${this.argv.join(" ")} ended: ${this.lines.slice(-8).join(" / ")}`);
        return false;
      },
    );
  }

  async #readLines(stream: ReadableStream<Uint8Array>, onLine?: (line: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    await readBytes(stream, (chunk) => {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        this.lines.push(line);
        if (this.lines.length > LINES_MAX) this.lines.shift();
        onLine?.(line);
      }
    });
  }
}

async function readBytes(
  stream: ReadableStream<Uint8Array>,
  onBytes: (chunk: Uint8Array) => void,
): Promise<void> {
  for await (const chunk of stream) onBytes(chunk);
}
