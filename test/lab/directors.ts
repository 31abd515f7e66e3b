/** Directors of virtual services that are compared: the same services in each one's own language, and the rivals' daemons in a namespace. */
import { statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { Namespace } from "./namespace.ts";
import type { Child } from "./process.ts";
import { childrenOf } from "./process.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

export const DIRECTORS = ["ldirectord", "keepalived", "haagent"] as const;
export type DirectorKind = (typeof DIRECTORS)[number];
export type RivalKind = Exclude<DirectorKind, "haagent">;

/** How the servers of a service are probed; times in seconds, as two of the three know no less. */
export interface Probing {
  readonly type: "tcp" | "http" | "https";
  readonly interval: number;
  readonly timeout: number;
  /** Failures in a row that take a server out. */
  readonly fall: number;
  /** In the Host header, and in TLS. */
  readonly host?: string;
}

/** A virtual service by dr with `rr`, whose servers fail to weight 0. */
export interface Balanced {
  readonly name: string;
  /** Where it is, per director, and its port. */
  readonly address: string;
  readonly port: number;
  /** Addresses; the port is the service's. */
  readonly servers: readonly string[];
  /** Of each server, by its address; 1 where nothing is said. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Upper and lower threshold of every server. */
  readonly thresholds?: readonly [number, number];
  readonly fallback?: string;
  readonly check: Probing;
}

const weightOf = ({ weights = {} }: Balanced, server: string): number => weights[server] ?? 1;

function ldirectordVirtual(one: Balanced): string[] {
  const { address, port, servers, thresholds, fallback, check } = one;
  const limits = thresholds === undefined ? "" : ` l:${thresholds[1]} u:${thresholds[0]}`;
  return [
    `virtual=${address}:${port}`,
    ...servers.map((each) => `\treal=${each}:${port} gate ${weightOf(one, each)}${limits}`),
    ...(fallback === undefined ? [] : [`\tfallback=${fallback}:${port} gate`]),
    ...(check.type === "tcp"
      ? ["\tchecktype=connect"]
      : ["\tchecktype=negotiate", `\tservice=${check.type}`, '\trequest="/"']),
    ...(check.host === undefined ? [] : [`\tvirtualhost=${check.host}`]),
    `\tchecktimeout=${check.timeout}`,
    `\tnegotiatetimeout=${check.timeout}`,
    `\tfailurecount=${check.fall}`,
    "\tscheduler=rr",
    "\tprotocol=tcp",
  ];
}

function ldirectordText(services: readonly Balanced[]): string {
  const interval = Math.min(...services.map(({ check }) => check.interval));
  const head = [`checkinterval=${interval}`, "quiescent=yes", "autoreload=yes", "supervised=yes"];
  return `${[...head, ...services.flatMap(ldirectordVirtual)].join("\n")}\n`;
}

function keepalivedCheck({ type, timeout, fall, host }: Probing): string[] {
  const times = [`connect_timeout ${timeout}`, `retry ${fall - 1}`, "delay_before_retry 1"];
  if (type === "tcp") return ["TCP_CHECK {", ...times, "}"];
  const named = host === undefined ? "" : ` virtualhost ${host}`;
  return [
    type === "https" ? "SSL_GET {" : "HTTP_GET {",
    ...(host === undefined || type !== "https" ? [] : ["enable_sni"]),
    ...["url {", "path /", ...(named === "" ? [] : [named]), "status_code 200", "}"],
    ...times,
    "}",
  ];
}

function keepalivedText(services: readonly Balanced[]): string {
  const lines = ["global_defs {", "script_user root", "}"];
  for (const one of services) {
    const { address, port, servers, thresholds, fallback, check } = one;
    lines.push(`virtual_server ${address} ${port} {`, `delay_loop ${check.interval}`);
    lines.push("lvs_sched rr", "lvs_method DR", "protocol TCP");
    if (fallback !== undefined) lines.push(`sorry_server ${fallback} ${port}`);
    for (const each of servers) {
      lines.push(`real_server ${each} ${port} {`, `weight ${weightOf(one, each)}`, "inhibit_on_failure");
      if (thresholds !== undefined) lines.push(`uthreshold ${thresholds[0]}`, `lthreshold ${thresholds[1]}`);
      lines.push(...keepalivedCheck(check), "}");
    }
    lines.push("}");
  }
  return `${lines.join("\n")}\n`;
}

function haagentService(one: Balanced): string[] {
  const { name, address, port, servers, thresholds, fallback, check } = one;
  const [upper, lower] = thresholds ?? [0, 0];
  const listed = servers.map(
    (each) =>
      `{ address = "${each}", weight = ${weightOf(one, each)}, u_threshold = ${upper}, l_threshold = ${lower} }`,
  );
  return [
    `[virtual_server.${name}]`,
    `address = "${address}:${port}"`,
    'scheduler = "rr"',
    `real_servers = [${listed.join(", ")}]`,
    ...(fallback === undefined ? [] : [`fallback = "${fallback}"`]),
    `[virtual_server.${name}.check]`,
    `type = "${check.type}"`,
    `interval = "${check.interval}s"`,
    `timeout = "${check.timeout}s"`,
    `fall = ${check.fall}`,
    ...(check.type === "https" ? ["verify = false"] : []),
    ...(check.host === undefined ? [] : [`host = "${check.host}"`]),
  ];
}

/** The configuration of services; of haagent without `[agent]`. */
export function configuration(kind: DirectorKind, services: readonly Balanced[]): string {
  if (kind === "ldirectord") return ldirectordText(services);
  if (kind === "keepalived") return keepalivedText(services);
  return `${services.flatMap(haagentService).join("\n")}\n`;
}

/** ldirectord, or keepalived's checkers alone, in the foreground. */
export class RivalDirector {
  readonly lines: string[] = [];
  readonly #kind: RivalKind;
  readonly #namespace: Namespace;
  readonly #directory = makeScratch();
  #child: Child | null = null;

  constructor(kind: RivalKind, namespace: Namespace) {
    this.#kind = kind;
    this.#namespace = namespace;
  }

  /** A name of its own: ldirectord takes any other process of that name, in whatever namespace, for itself and ends. */
  get #path(): string {
    return `${this.#directory}/${basename(this.#directory)}.conf`;
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  get pids(): number[] {
    return this.#child === null ? [] : [this.#child.pid, ...childrenOf(this.#child.pid)];
  }

  /** Whether its file was read since it was last written, by the time of either (relatime in mount(8)). */
  get hasRead(): boolean {
    const { atimeMs, mtimeMs } = statSync(this.#path);
    return atimeMs > mtimeMs;
  }

  write(text: string): void {
    writeFileSync(this.#path, text);
  }

  start(text: string, environment: Readonly<Record<string, string>> = {}): void {
    this.write(text);
    const pid = (name: string): string => `${this.#directory}/${name}.pid`;
    const argv =
      this.#kind === "ldirectord"
        ? ["ldirectord", this.#path, "start"]
        : ["keepalived", "--check", "--dont-fork", "--log-console", "--no-syslog", "-f", this.#path].concat([
            ...["-p", pid("keepalived"), "-c", pid("checkers")],
          ]);
    this.#child = this.#namespace.spawn(argv, {
      onLine: (line) => this.lines.push(line),
      // The certificates of a lab are nobody's: who checks them is not what is compared.
      env: { PERL_LWP_SSL_VERIFY_HOSTNAME: "0", ...environment },
    });
  }

  /** Writes the file, and says that it has changed: ldirectord looks at its time by itself. */
  reload(text: string): void {
    this.write(text);
    if (this.#kind === "keepalived") this.#child?.signal("SIGHUP");
  }

  async close(): Promise<void> {
    const orphans = this.pids.slice(1);
    await this.#child?.end("SIGKILL");
    for (const pid of orphans) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Gone with its parent.
      }
    }
    removeScratch(this.#directory);
  }
}
