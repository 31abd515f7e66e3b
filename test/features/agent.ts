/** An agent of the built file in a box, with a configuration written by hand; its log is read as events. */
import { mkdtemp, rm } from "node:fs/promises";
import { HAAGENT } from "../lab/haagent.ts";
import type { RouterStatus, Status } from "../lab/haagent.ts";
import type { Namespace } from "../lab/namespace.ts";
import type { Child, Ran } from "../lab/process.ts";
import { now, ran, until } from "../lab/process.ts";
import { statusOf } from "../lab/status.ts";

const START_MS = 60_000;
const STOP_MS = 15_000;
/** Room for whatever the machine does beside. */
const SLACK_MS = 30_000;

/** One line of the log. */
export interface Said {
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly line: string;
}

/** More of the status than the lab needs. */
export interface RouterDetail extends RouterStatus {
  readonly interface: string;
  readonly family: number;
  readonly vrid: number;
  readonly version: number;
  readonly since: string;
  readonly contested: { readonly source: string; readonly setting: string } | null;
}

export type Detail = Omit<Status, "vrrp"> & { readonly vrrp: readonly RouterDetail[] };

/** Reads `TIMESTAMP level event key=value …`; null for a line that is none. */
export function readLine(line: string): Said | null {
  const head = /^(\S+) (debug|info|warning|error) (\S+)/.exec(line);
  const [whole, time, level, event] = head ?? [];
  if (whole === undefined || time === undefined || level === undefined || event === undefined) return null;
  const fields: Record<string, string> = {};
  for (const [, key = "", quoted, bare = ""] of line
    .slice(whole.length)
    .matchAll(/ ([\w.]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)) {
    fields[key] = quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1");
  }
  return { at: Date.parse(time), level, event, fields, line };
}

/** What the configuration of a test says besides runtime_dir and state_dir. */
export interface Settings {
  /** Lines of `[agent]`. */
  readonly agent?: string;
  /** The rest of the file. */
  readonly text: string;
}

export class Agent {
  readonly namespace: Namespace;
  readonly directory: string;
  readonly runtimeDir: string;
  readonly path: string;
  /** What it said since it was started first, every start and stderr included. */
  readonly lines: string[] = [];
  #child: Child | null = null;

  private constructor(namespace: Namespace, directory: string) {
    this.namespace = namespace;
    this.directory = directory;
    this.runtimeDir = `${directory}/run`;
    this.path = `${directory}/haagent.toml`;
  }

  /** Files and all, but not started. */
  static async create(namespace: Namespace, settings: Settings | string): Promise<Agent> {
    const agent = new Agent(namespace, await mkdtemp("/tmp/haagent-features-"));
    await agent.write(settings);
    return agent;
  }

  /** Writes the configuration anew. In real time: what is tested is the agent, not how busy the machine is beside it. */
  async write(settings: Settings | string): Promise<void> {
    const { agent = "", text } = typeof settings === "string" ? { text: settings } : settings;
    const head = [
      "[agent]",
      'node = "ha1"',
      `runtime_dir = "${this.runtimeDir}"`,
      `state_dir = "${this.directory}/state"`,
      "realtime_priority = 10",
      agent,
    ];
    await Bun.write(this.path, `${head.join("\n")}\n\n${text}\n`);
  }

  get pid(): number {
    if (this.#child === null) throw new Error("haagent was not started");
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  /** Starts it, `through` in front, and waits until it is ready. Gives the time just before. */
  async start(through: readonly string[] = []): Promise<number> {
    const before = now();
    const child = this.launch(through);
    await child.says("agent.ready", START_MS);
    return before;
  }

  /** Starts it without a wait. */
  launch(through: readonly string[] = []): Child {
    this.#child = this.namespace.spawn([...through, HAAGENT, "run", "--config", this.path], {
      onLine: (line) => this.lines.push(line),
    });
    return this.#child;
  }

  /** SIGTERM; gives the exit code. */
  async stop(): Promise<number> {
    const child = this.#child;
    if (child === null) throw new Error("haagent was not started");
    await child.end("SIGTERM", STOP_MS);
    return await child.exited;
  }

  async exited(): Promise<number> {
    return (await this.#child?.exited) ?? -1;
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
  }

  signal(signal: "SIGHUP" | "SIGSTOP" | "SIGCONT" | "SIGKILL" | "SIGTERM"): void {
    this.#child?.signal(signal);
  }

  async close(): Promise<void> {
    await this.#child?.end("SIGKILL");
    await rm(this.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** What it said, as events, oldest first. */
  get said(): Said[] {
    return this.lines.map(readLine).filter((said) => said !== null);
  }

  /** All events of a name, those of one router if given. */
  events(event: string, name?: string): Said[] {
    return this.said.filter(
      (said) => said.event === event && (name === undefined || said.fields["name"] === name),
    );
  }

  /** The state last said of a router. */
  state(name: string): Said | undefined {
    return this.events("vrrp.state", name).at(-1);
  }

  /** Waits until the last thing said of the router's state is `wanted`, with a reason that contains `reason`. */
  async is(name: string, wanted: string, reason = ""): Promise<Said> {
    const found = (): Said | undefined => {
      const last = this.state(name);
      return last?.fields["to"] === wanted && (last.fields["reason"] ?? "").includes(reason)
        ? last
        : undefined;
    };
    await until(
      () => `${name} is ${wanted} ${reason}; said: ${this.lines.slice(-6).join("\n  ")}`,
      SLACK_MS,
      () => {
        if (found() !== undefined) return true;
        if (!this.running) throw new Error(`haagent is gone: ${this.lines.slice(-6).join("\n  ")}`);
        return false;
      },
    );
    const said = found();
    if (said === undefined) throw new Error("said no more");
    return said;
  }

  /** Waits until it says an event whose line contains `text`, `times` of them. */
  async says(event: string, text = "", times = 1): Promise<Said> {
    const found = (): Said[] => this.events(event).filter(({ line }) => line.includes(text));
    await until(
      () => `${event} ${text}; said: ${this.lines.slice(-6).join("\n  ")}`,
      SLACK_MS,
      () => found().length >= times,
    );
    const last = found().at(-1);
    if (last === undefined) throw new Error("said no more");
    return last;
  }

  /** A client command of the built file. */
  command(...argv: readonly string[]): Promise<Ran> {
    return ran(this.namespace.enter([HAAGENT, ...argv, "--config", this.path]));
  }

  /** `haagent reload` with a new file; it must be taken. Gives what it printed. */
  async reload(settings: Settings | string): Promise<string> {
    await this.write(settings);
    const { code, stdout, stderr } = await this.command("reload");
    if (code !== 0) throw new Error(`reload: exit ${code}: ${stderr}`);
    return stdout;
  }

  async status(): Promise<Detail> {
    // The contract fixes these keys; a test that reads another value there fails.
    return (await statusOf(this.runtimeDir)) as Detail;
  }

  async router(name: string): Promise<RouterDetail> {
    const found = (await this.status()).vrrp.find((router) => router.name === name);
    if (found === undefined) throw new Error(`status names no router ${name}`);
    return found;
  }
}
