/**
 * Writes to the kernel's tables of virtual services, by either interface, as the kernel itself sees them: each with its time, and nobody has
 * to look at a table to know. Of the whole machine; needs tracefs and kprobes.
 */
import { writeFileSync } from "node:fs";
import type { Child } from "../lab/process.ts";
import { Child as Program, now, ran, until } from "../lab/process.ts";

const TRACING = "/sys/kernel/tracing";
const START_MS = 20_000;
/** Functions of the kernel that take an order: of generic netlink, and of setsockopt. */
const ORDERS = ["ip_vs_genl_set_cmd", "do_ip_vs_set_ctl"];
/** `  haagent-12 [000] .....  3.141592: written0: (…)`: when, on the clock that counts from the boot; a mark of ours has its text. */
const LINE = / (\d+\.\d+): (?:(written\d+)|tracing_mark_write|[^:]+): ?(.*)$/;
const MARK = "the clock of ours";

export class Writes {
  /** When each was made, milliseconds of our clock. */
  readonly times: number[] = [];
  /** Of our clock at the boot. */
  #boot: number | null = null;
  #markedAt = 0;
  #reader: Child | null = null;

  static async watch(): Promise<Writes> {
    const writes = new Writes();
    await writes.#open();
    return writes;
  }

  async #open(): Promise<void> {
    await ran(["mount", "-t", "tracefs", "tracefs", TRACING]);
    writeFileSync(`${TRACING}/trace_clock`, "mono");
    writeFileSync(`${TRACING}/kprobe_events`, ORDERS.map((name, at) => `p:written${at} ${name}\n`).join(""));
    for (const at of ORDERS.keys()) writeFileSync(`${TRACING}/events/kprobes/written${at}/enable`, "1");
    this.#reader = new Program(["cat", `${TRACING}/trace_pipe`], { onLine: (line) => this.#read(line) });
    this.#markedAt = now();
    writeFileSync(`${TRACING}/trace_marker`, MARK);
    await until("the kernel's trace is read", START_MS, () => this.#boot !== null);
  }

  #read(line: string): void {
    const [, seconds, write, text] = LINE.exec(line) ?? [];
    const at = Number(seconds) * 1000;
    if (write !== undefined) this.times.push((this.#boot ?? 0) + at);
    else if (text?.includes(MARK) === true) this.#boot = this.#markedAt - at;
  }

  /** How long after `from` the first one since then was made, milliseconds; there is or will be one. */
  async firstAfter(from: number): Promise<number> {
    const found = (): number | undefined => this.times.find((time) => time >= from);
    await until("a write is told", START_MS, () => found() !== undefined);
    return (found() ?? from) - from;
  }

  /** When the last one was made, in milliseconds after `from`. */
  last(from: number): number {
    return (this.times.at(-1) ?? from) - from;
  }

  /** How many were made since `from`. */
  since(from: number): number {
    return this.times.filter((time) => time >= from).length;
  }

  async close(): Promise<void> {
    await this.#reader?.end("SIGKILL");
  }
}
