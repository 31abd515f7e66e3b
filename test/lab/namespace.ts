/**
 * A network namespace without a name: a `cat` on a pipe of ours holds it, so it is gone with this process whatever ends it,
 * and nothing has to be cleaned up in /run/netns.
 */
import type { ChildOptions } from "./process.ts";
import { Child, run } from "./process.ts";

/** How long the kernel may take to make a namespace. */
const HOLD_MS = 60_000;

export class Namespace {
  readonly #holder: Bun.Subprocess<"pipe", "pipe", "inherit">;

  private constructor(holder: Bun.Subprocess<"pipe", "pipe", "inherit">) {
    this.#holder = holder;
  }

  static async create(): Promise<Namespace> {
    const holder = Bun.spawn(["unshare", "--net", "--", "cat"], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    const late = setTimeout(() => holder.kill("SIGKILL"), HOLD_MS);
    // cat gives the line back only once unshare has made the namespace and become cat.
    holder.stdin.write("here\n");
    await holder.stdin.flush();
    const { done } = await holder.stdout.getReader().read();
    clearTimeout(late);
    if (done) throw new Error("unshare --net failed: no CAP_SYS_ADMIN here?");
    return new Namespace(holder);
  }

  /** The process that holds it: `nsenter -t PID -n` looks inside. */
  get pid(): number {
    return this.#holder.pid;
  }

  /** The argv that runs `argv` in here; it execs in place. */
  enter(argv: readonly string[]): string[] {
    return ["nsenter", `--net=/proc/${this.pid}/ns/net`, "--", ...argv];
  }

  /** A short command in here; throws when it fails. */
  run(argv: readonly string[], input = ""): Promise<string> {
    return run(this.enter(argv), input);
  }

  /** Several ip(8) commands at once. */
  async ip(...commands: readonly string[]): Promise<void> {
    await this.run(["ip", "-batch", "-"], commands.map((command) => `${command}\n`).join(""));
  }

  /** A program that stays, in here. */
  spawn(argv: readonly string[], options: ChildOptions = {}): Child {
    return new Child(this.enter(argv), options);
  }

  /** Lets go of it: the kernel removes it with its interfaces once nothing runs in it. */
  async close(): Promise<void> {
    this.#holder.kill("SIGKILL");
    await this.#holder.exited;
  }
}
