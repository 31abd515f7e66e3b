/** keepalived in a node of a lab: its own configuration and pid files, in the foreground. */
import { rm } from "node:fs/promises";
import type { Daemon, RouterSpec } from "./daemon.ts";
import { ROUTER_NAME } from "./daemon.ts";
import type { Station } from "./lab.ts";
import { INTERFACE } from "./lab.ts";
import type { Child } from "./process.ts";
import { childrenOf, now, until } from "./process.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

const START_MS = 30_000;
/** It takes a second after its last advert to leave, more on a busy machine. */
const STOP_MS = 8000;

/** keepalived.conf(5) for one router. */
export function keepalivedConfig(router: RouterSpec): string {
  const lines = [
    "global_defs {",
    "  script_user root",
    ...(router.realtime === true ? ["  vrrp_rt_priority 50"] : []),
    "}",
    `vrrp_instance ${ROUTER_NAME} {`,
    "  state BACKUP",
    `  interface ${INTERFACE}`,
    `  virtual_router_id ${router.vrid}`,
    `  version ${router.version}`,
    `  priority ${router.priority}`,
    `  advert_int ${router.interval / 1000}`,
    ...(router.preempt === false ? ["  nopreempt"] : []),
    ...(router.key === undefined
      ? []
      : [
          "  authentication {",
          `    auth_type ${router.header === true ? "AH" : "PASS"}`,
          `    auth_pass ${router.key}`,
          "  }",
        ]),
    ...(router.unicast === undefined
      ? []
      : [
          `  unicast_src_ip ${router.unicast.source}`,
          "  unicast_peer {",
          ...router.unicast.peers.map((peer) => `    ${peer}`),
          "  }",
        ]),
    "  virtual_ipaddress {",
    ...router.addresses.map((address) => `    ${address} dev ${INTERFACE}`),
    "  }",
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

export class Keepalived implements Daemon {
  readonly kind = "keepalived";
  readonly station: Station;
  readonly log: string[] = [];
  readonly #text: string;
  #directory: string | null = null;
  #child: Child | null = null;

  constructor(station: Station, text: string) {
    this.station = station;
    this.#text = text;
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  async start(): Promise<number> {
    this.#directory ??= makeScratch();
    const directory = this.#directory;
    await Bun.write(`${directory}/keepalived.conf`, this.#text);
    // A killed one leaves these, and the process ids in them may belong to a zombie that nobody reaps.
    for (const name of ["pid", "vrrp.pid"]) await rm(`${directory}/${name}`, { force: true });
    const before = now();
    const child = this.station.namespace.spawn(
      ["keepalived", "--vrrp", "--dont-fork", "--log-console", "--no-syslog"].concat([
        "-f",
        `${directory}/keepalived.conf`,
        "-p",
        `${directory}/pid`,
        "-r",
        `${directory}/vrrp.pid`,
      ]),
      { onLine: (line) => this.log.push(line) },
    );
    this.#child = child;
    await until("keepalived's child", START_MS, () => {
      if (!child.running) throw new Error(`keepalived ended: ${child.lines.slice(-5).join(" / ")}`);
      return childrenOf(child.pid).length > 0;
    });
    return before;
  }

  async stop(): Promise<number> {
    return (await this.#child?.end("SIGTERM", STOP_MS)) ?? 0;
  }

  kill(): number {
    const { parent, children } = this.#processes();
    const before = now();
    // The parent is stopped first, so that it can neither start a new child nor end one in an orderly way.
    process.kill(parent, "SIGSTOP");
    for (const child of children) process.kill(child, "SIGKILL");
    process.kill(parent, "SIGKILL");
    return before;
  }

  /** Its own parent is what starts the VRRP process again. */
  async killRespawned(): Promise<number> {
    const { children } = this.#processes();
    const before = now();
    for (const child of children) process.kill(child, "SIGKILL");
    return before;
  }

  freeze(): number {
    return this.#signalAll("SIGSTOP");
  }

  thaw(): number {
    return this.#signalAll("SIGCONT");
  }

  async reload(text: string | null): Promise<number> {
    const path = `${this.#directory ?? ""}/keepalived.conf`;
    if (text === null) await rm(path);
    else await Bun.write(path, text);
    const before = now();
    this.#child?.signal("SIGHUP");
    return before;
  }

  config(router: RouterSpec): string {
    return keepalivedConfig(router);
  }

  async close(): Promise<void> {
    if (this.running) {
      this.kill();
      await this.#child?.exited;
    }
    if (this.#directory !== null) removeScratch(this.#directory);
    this.#directory = null;
  }

  #signalAll(signal: "SIGSTOP" | "SIGCONT"): number {
    const { parent, children } = this.#processes();
    const before = now();
    for (const pid of [parent, ...children]) process.kill(pid, signal);
    return before;
  }

  #processes(): { parent: number; children: number[] } {
    if (this.#child === null || !this.#child.running) throw new Error("keepalived does not run");
    return { parent: this.#child.pid, children: childrenOf(this.#child.pid) };
  }
}
