/**
 * A guest: a virtual machine with Debian's kernel and this machine's own files, to read as they are, to write in its memory only. So every
 * program here runs in there, on a kernel that has all modules, and nothing of it outlives the guest.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import type { Ran } from "../process.ts";
import { Child, until } from "../process.ts";
import { makeScratch, removeScratch } from "../scratch.ts";
import { kernel } from "./kernel.ts";
import { LineServer } from "./line-server.ts";
import type { GuestFiles, GuestOptions } from "./qemu.ts";
import { QEMU, qemuArgv } from "./qemu.ts";

/** 3 s on a machine with nothing else to do. */
const BOOT_MS = 90_000;
const COMMAND_MS = 60_000;
/** Characters of the console in a message. */
const TAIL = 1500;

/** What a guest is told to run. */
interface Job {
  readonly name: string;
  pid: number | null;
  code: number | null;
}

/** A program that goes on in a guest. */
export interface Task {
  /** Its process id in there. */
  readonly pid: number;
  /** Null while it runs, 128 + signal when killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as it is. */
  readonly bytes: Uint8Array;
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

export class Guest {
  readonly #directory: string;
  readonly #files: GuestFiles;
  readonly #commands: LineServer;
  readonly #monitor: LineServer;
  readonly #qemu: Child;
  readonly #jobs = new Map<string, Job>();
  #ready = false;
  #count = 0;
  /** Answers of the monitor, to what we ask: a few. */
  readonly #answers: string[] = [];

  private constructor(directory: string, files: GuestFiles, options: GuestOptions) {
    this.#directory = directory;
    this.#files = files;
    this.#commands = new LineServer(files.commands, (line) => this.#heard(line));
    this.#monitor = new LineServer(files.monitor, (line) => {
      if (line.includes('"id": ')) this.#answers.push(line);
    });
    // It takes commands once this was said.
    this.#monitor.send(JSON.stringify({ execute: "qmp_capabilities" }));
    this.#qemu = new Child(qemuArgv(kernel(), files, options));
  }

  /** Starts booting. What it needs and is not there is said in the error. */
  static start(options: GuestOptions = {}): Guest {
    if (process.arch !== "x64")
      throw new Error("guests are x86-64 and take this machine's programs: not here");
    if (Bun.which(QEMU) === null)
      throw new Error(`a guest needs ${QEMU}: as root, npm test installs it; by hand, qemu-system-x86`);
    const directory = makeScratch();
    const jobs = `${directory}/jobs`;
    mkdirSync(jobs);
    const files = {
      console: `${directory}/console`,
      commands: `${directory}/commands`,
      monitor: `${directory}/monitor`,
      jobs,
    };
    return new Guest(directory, files, options);
  }

  /** Boots one, to the moment when it takes commands. */
  static async boot(options: GuestOptions = {}): Promise<Guest> {
    const guest = Guest.start(options);
    await guest.booted();
    return guest;
  }

  async booted(): Promise<void> {
    try {
      await until(
        () => `the guest takes commands; ${this.#trouble()}`,
        BOOT_MS,
        () => {
          if (!this.#qemu.running) throw new Error(`the guest ended: ${this.#trouble()}`);
          return this.#ready;
        },
      );
    } catch (cause) {
      await this.close();
      throw cause;
    }
  }

  /** False once it was closed, or died. */
  get running(): boolean {
    return this.#qemu.running;
  }

  /** Runs a program to its end. */
  async ran(argv: readonly string[], limit = COMMAND_MS): Promise<Ran> {
    const task = await this.spawn(argv);
    const end = (): string => `${argv.join(" ")} ends in the guest: ${task.stderr} ${this.#trouble()}`;
    await until(end, limit, () => task.code !== null || this.#gone());
    return { code: task.code ?? -1, stdout: task.stdout, stderr: task.stderr };
  }

  /** As {@link ran}, gives its standard output; throws when it fails. */
  async run(argv: readonly string[], limit = COMMAND_MS): Promise<string> {
    const { code, stdout, stderr } = await this.ran(argv, limit);
    if (code !== 0) throw new Error(`${argv.join(" ")}: exit ${code}: ${stderr.trim() || stdout.trim()}`);
    return stdout;
  }

  /** Starts a program, in `cwd` (default: the root), with more in its environment; it is killed with the guest. */
  async spawn(
    argv: readonly string[],
    options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<Task> {
    const job: Job = { name: `j${++this.#count}`, pid: null, code: null };
    const settings = Object.entries(options.env ?? {}).map(([key, value]) => `${key}=${quoted(value)}`);
    const script = `cd ${quoted(options.cwd ?? "/")}\nexec env ${[...settings, ...argv.map(quoted)].join(" ")}\n`;
    await Bun.write(`${this.#files.jobs}/${job.name}.sh`, script);
    this.#jobs.set(job.name, job);
    this.#commands.send(job.name);
    await until(
      () => `the guest starts ${argv.join(" ")}; ${this.#trouble()}`,
      COMMAND_MS,
      () => job.pid !== null || this.#gone(),
    );
    const output = (what: string): Buffer => {
      const path = `${this.#files.jobs}/${job.name}.${what}`;
      // The number of a process is told before it has opened them.
      return existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    };
    return {
      pid: job.pid ?? 0,
      get code() {
        return job.code;
      },
      get stdout() {
        return output("out").toString();
      },
      get stderr() {
        return output("err").toString();
      },
      get bytes() {
        return output("out");
      },
    };
  }

  /** Puts a file into the guest; gives its place there. */
  async put(name: string, content: string | Uint8Array): Promise<string> {
    await Bun.write(`${this.#files.jobs}/${name}`, content);
    return `/run/jobs/${name}`;
  }

  /** One command of qemu's monitor (QMP), as `set_link`; throws with its words when it refuses. */
  async monitor(execute: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const id = ++this.#count;
    this.#monitor.send(JSON.stringify({ execute, arguments: parameters, id }));
    const answer = (): string | undefined =>
      this.#answers.find((line) => new RegExp(`"id": ${id}\\b`).test(line));
    await until(`the monitor answers ${execute}`, COMMAND_MS, () => answer() !== undefined || this.#gone());
    if (answer()?.includes('"error": ') !== false) throw new Error(`${execute}: ${answer()}`);
  }

  /** Pulls the plug of interface `index`, or puts it back: the guest loses its carrier. */
  async carrier(index: number, up: boolean): Promise<void> {
    await this.monitor("set_link", { name: `n${index}`, up });
  }

  /** Power off, without a word to anybody inside. */
  async close(): Promise<void> {
    await this.#qemu.end("SIGKILL");
    this.#commands.close();
    this.#monitor.close();
    removeScratch(this.#directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #heard(line: string): void {
    const [word, name = "", number = ""] = line.split(" ");
    if (word === "ready") this.#ready = true;
    const job = this.#jobs.get(name);
    if (job === undefined) return;
    if (word === "pid") job.pid = Number(number);
    if (word === "exit") job.code = Number(number);
  }

  /** Throws when the guest is gone. */
  #gone(): false {
    if (!this.#qemu.running) throw new Error(`the guest ended: ${this.#trouble()}`);
    return false;
  }

  /** What qemu and the guest's kernel said last. */
  #trouble(): string {
    const text = existsSync(this.#files.console) ? readFileSync(this.#files.console, "utf8") : "";
    return `${this.#qemu.lines.join(" / ")} console: ${text.slice(-TAIL)}`;
  }
}
