/** Debian's heartbeat in a node of a lab, on a machine made of namespaces: it knows one place for each of its files. */
import { cpSync, existsSync, readFileSync } from "node:fs";
import type { Station } from "./lab.ts";
import type { Child } from "./process.ts";
import { childrenOf } from "./process.ts";
import { run, until } from "./process.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

const START_MS = 15_000;
const INIT = new URL("heartbeat-init.ts", import.meta.url).pathname;
/** What the package brings: scripts that ours stand beside. */
const PACKAGED = "/etc/ha.d";

/** The files of /etc/ha.d. */
export interface HeartbeatFiles {
  /** Without logging and real time, which the lab decides. */
  readonly config: readonly string[];
  readonly authkeys: readonly string[];
  readonly haresources?: readonly string[];
  /** Scripts of resource.d, by name. */
  readonly scripts?: Readonly<Record<string, readonly string[]>>;
  /** Packets to lose, for example `xmitloss=0.3`. */
  readonly testing?: readonly string[];
}

export class Heartbeat {
  readonly station: Station;
  readonly name: string;
  readonly #files: HeartbeatFiles;
  #directory: string | null = null;
  #machine: Child | null = null;

  /** `name`: what `uname -n` says there. */
  constructor(station: Station, name: string, files: HeartbeatFiles) {
    this.station = station;
    this.name = name;
    this.#files = files;
  }

  /** What it has said, without the time. */
  get log(): readonly string[] {
    const path = `${this.#directory ?? ""}/log`;
    if (!existsSync(path)) return [];
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.replace(/^.*?heartbeat: \[\d+\]: /, ""));
  }

  /** What stands in a file of /etc/ha.d, in lines. */
  read(name: string): readonly string[] {
    const path = `${this.#directory ?? ""}/${name}`;
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
  }

  /** Runs one of its tools there, like hb_standby. */
  async tool(name: string, ...args: readonly string[]): Promise<void> {
    const into = ["nsenter", `--target=${this.#first()}`, "--mount", "--uts", "--"];
    await run([...into, `/usr/share/heartbeat/${name}`, ...args]);
  }

  async start(): Promise<void> {
    const directory = makeScratch();
    this.#directory = directory;
    const { config, authkeys, haresources = [], scripts = {}, testing } = this.#files;
    cpSync(PACKAGED, directory, { recursive: true });
    await this.write("ha.cf", ["realtime off", "logfile /etc/ha.d/log", ...config]);
    await this.write("authkeys", authkeys);
    await run(["chmod", "600", `${directory}/authkeys`]);
    await this.write("haresources", haresources);
    for (const [name, lines] of Object.entries(scripts)) {
      await this.write(`resource.d/${name}`, lines);
      await run(["chmod", "755", `${directory}/resource.d/${name}`]);
    }
    if (testing !== undefined) await this.write("OnlyForTesting", testing);
    // The machine ends with its first process, and that with this one.
    const machine = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "--"];
    this.#machine = this.station.namespace.spawn([
      ...machine,
      ...[process.execPath, INIT, this.name, directory],
    ]);
    await this.says("Local status now set to: 'up'", START_MS);
  }

  /** Replaces a file of /etc/ha.d. */
  async write(name: string, lines: readonly string[]): Promise<void> {
    await Bun.write(`${this.#directory ?? ""}/${name}`, lines.map((line) => `${line}\n`).join(""));
  }

  /** Gives it a message as its own tools do. */
  async feed(text: string): Promise<void> {
    await run(
      ["nsenter", `--mount=/proc/${this.#first()}/ns/mnt`, "--", "tee", "/var/lib/heartbeat/fifo"],
      text,
    );
  }

  /** SIGHUP: it reads authkeys again when that file's time is another. */
  reload(): void {
    this.#signal("SIGHUP");
  }

  /** SIGTERM; waits until it has ended. */
  async stop(limit: number): Promise<void> {
    this.#signal("SIGTERM");
    await until("heartbeat has ended", limit, () => this.#machine?.running !== true);
  }

  /** Waits until it has said so in a line from number `from` on; gives the number of the line after. */
  async says(text: string, limit: number, from = 0): Promise<number> {
    let found = -1;
    await until(
      () =>
        `heartbeat says "${text}"; it said: ${[...(this.#machine?.lines ?? []), ...this.log].slice(-30).join("\n")}`,
      limit,
      () => {
        found = this.log.findIndex((line, at) => at >= from && line.includes(text));
        if (found < 0 && this.#machine?.running === false) {
          throw new Error(`heartbeat ended: ${[...this.#machine.lines, ...this.log].slice(-8).join(" / ")}`);
        }
        return found >= 0;
      },
    );
    return found + 1;
  }

  async close(): Promise<void> {
    await this.#machine?.end("SIGKILL");
    if (this.#directory !== null) removeScratch(this.#directory);
    this.#directory = null;
  }

  /** The machine's first process, a child of unshare(1), which would end on a signal itself. */
  #first(): number {
    const [first] = this.#machine === null ? [] : childrenOf(this.#machine.pid);
    if (first === undefined) throw new Error("heartbeat does not run");
    return first;
  }

  #signal(signal: "SIGTERM" | "SIGHUP"): void {
    process.kill(this.#first(), signal);
  }
}
