/** The people of a scene of virtual services: real servers and a client, each a script of ours in a namespace, spoken to by lines. */
import type { Subprocess } from "bun";
import type { Box } from "../features/site.ts";
import type { Namespace } from "../lab/namespace.ts";
import { until } from "../lab/process.ts";

/** Everything starts ten times slower in the guest. */
export const START_MS = 60_000;
const ANSWER_MS = 4000;
/** Where the service is. */
export const SERVICE = "10.77.1.100";

type Piped = Subprocess<"pipe", "pipe", "inherit">;

/** A script of ours in a namespace, spoken to by lines. */
class Spoken {
  readonly lines: string[] = [];
  readonly process: Piped;

  constructor(namespace: Namespace, script: string, ...argv: readonly string[]) {
    const path = new URL(script, import.meta.url).pathname;
    const whole = [
      "setpriv",
      "--pdeathsig",
      "KILL",
      "--",
      ...namespace.enter([process.execPath, "--smol", path, ...argv]),
    ];
    this.process = Bun.spawn(whole, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    void this.#read();
  }

  async #read(): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.process.stdout) {
      const parts = (rest + decoder.decode(chunk)).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts);
    }
  }

  async ready(): Promise<void> {
    await until("a script of the scene is ready", START_MS, () => this.lines.includes("ready"));
  }

  say(line: string): void {
    this.process.stdin.write(`${line}\n`);
    void this.process.stdin.flush();
  }

  async end(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.exited;
  }
}

/** A real server. */
export class Backend {
  readonly name: string;
  readonly box: Box;
  #script: Spoken;

  constructor(name: string, box: Box) {
    this.name = name;
    this.box = box;
    this.#script = new Spoken(box.namespace, "./backend.ts", name);
  }

  ready(): Promise<void> {
    return this.#script.ready();
  }

  /** A status, `hang`, `slow MS`, `body TEXT`; `certificate PATH` has TLS with PATH.crt and PATH.key. */
  answers(mode: string): void {
    this.#script.say(mode);
  }

  end(): Promise<void> {
    return this.#script.end();
  }

  /** Its packets are answered no more, or again: as a machine that hangs. */
  freeze(frozen: boolean): void {
    this.#script.process.kill(frozen ? "SIGSTOP" : "SIGCONT");
  }

  async start(): Promise<void> {
    this.#script = new Spoken(this.box.namespace, "./backend.ts", this.name);
    await this.ready();
  }
}

/** The client. */
export class Caller {
  readonly #script: Spoken;
  #lastId = 0;

  constructor(box: Box) {
    this.#script = new Spoken(box.namespace, "./caller.ts");
  }

  ready(): Promise<void> {
    return this.#script.ready();
  }

  end(): Promise<void> {
    return this.#script.end();
  }

  async #order(
    what: string,
    host: string,
    port: number,
    text = "",
    timeout = ANSWER_MS,
  ): Promise<[number, string]> {
    const id = ++this.#lastId;
    this.#script.say(JSON.stringify({ id, what, host, port, text, timeout }));
    const head = `{"id":${id},`;
    const found = (): string | undefined => this.#script.lines.findLast((line) => line.startsWith(head));
    await until(
      `the client answers ${what} ${host}:${port}`,
      timeout + START_MS,
      () => found() !== undefined,
    );
    // The script's own line.
    const { answer } = JSON.parse(found() ?? "{}") as { answer: string };
    return [id, answer];
  }

  /** Who answered an HTTP request, or what went wrong. */
  async get(host: string = SERVICE, port = 80, timeout = ANSWER_MS): Promise<string> {
    return (await this.#order("get", host, port, "", timeout))[1];
  }

  /** Who answered each of several requests, one after another. */
  async gets(count: number, host: string = SERVICE, port = 80): Promise<string[]> {
    const answers: string[] = [];
    for (let at = 0; at < count; at++) answers.push(await this.get(host, port));
    return answers;
  }

  /** Opens a connection that stays, and says something; gives the connection and who answered. */
  open(host: string = SERVICE, port = 7000, timeout = ANSWER_MS): Promise<[number, string]> {
    return this.#order("open", host, port, "hello", timeout);
  }

  async say(connection: number): Promise<string> {
    return (await this.#order("say", "", connection, "still there"))[1];
  }

  /** Ends one in order. */
  async close(connection: number): Promise<void> {
    await this.#order("close", "", connection);
  }

  /** A datagram of one flow: all are from one port. */
  async flow(host: string = SERVICE, port = 7000, timeout = 1000): Promise<string> {
    return (await this.#order("flow", host, port, "hello", timeout))[1];
  }

  async datagram(host: string = SERVICE, port = 7000): Promise<string> {
    return (await this.#order("datagram", host, port, "hello"))[1];
  }
}
