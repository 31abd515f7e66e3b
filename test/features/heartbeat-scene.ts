/** A cluster of two on one wire: Debian's heartbeat, `real`, and a node made of our codec, `ours`. */
import { decodeContent } from "../../src/heartbeat/content.ts";
import type { Opened } from "../../src/heartbeat/packet.ts";
import { open } from "../../src/heartbeat/packet.ts";
import { CLASSIC_FIRST, encodeClassic } from "../../src/wire/heartbeat-classic.ts";
import type { Message } from "../../src/wire/heartbeat-message.ts";
import { encodeNetstrings, encodeTrailer } from "../../src/wire/heartbeat-netstring.ts";
import { sign } from "../../src/heartbeat/keys.ts";
import { ring } from "../heartbeat/ring.ts";
import type { HeartbeatFiles } from "../lab/heartbeat.ts";
import { Heartbeat } from "../lab/heartbeat.ts";
import type { NodeLine, NodeSettings } from "../lab/heartbeat-node.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import type { Child } from "../lab/process.ts";
import { until } from "../lab/process.ts";
import { hex } from "../wire/hex.ts";

const LINE_MS = 10_000;
const NODE = new URL("../lab/heartbeat-node.ts", import.meta.url).pathname;

/** Of both nodes, in milliseconds. */
const KEEPALIVE = 200;
/** A stall of seconds is no death. */
const DEADTIME = 10_000;
const config = (deadtime: number, initdead: number, failback: string): string[] => [
  `keepalive ${KEEPALIVE}ms`,
  `deadtime ${deadtime}ms`,
  `warntime ${deadtime / 2}ms`,
  `initdead ${initdead}`,
  `auto_failback ${failback}`,
  "node real ours",
];

export interface SceneSettings {
  readonly keys: NodeSettings["keys"];
  readonly link?: "broadcast" | "unicast" | "multicast" | "serial";
  /** Of both, milliseconds. */
  readonly deadtime?: number;
  /** Of real heartbeat, in seconds. */
  readonly initdead?: number;
  readonly failback?: "on" | "off" | "legacy";
  readonly oursFirst?: boolean;
  /** Real heartbeat is started by the test. */
  readonly alone?: boolean;
  /** More lines of ha.cf, and other files. */
  readonly real?: Partial<HeartbeatFiles>;
  readonly ours?: Partial<NodeSettings>;
}

const GROUP = "225.0.0.1";
/** ha.cf's line for a link, and where our node sends to. */
const LINKS = {
  broadcast: { line: `bcast ${INTERFACE}`, to: "10.77.0.255" },
  unicast: { line: `ucast ${INTERFACE} 10.77.0.2`, to: "10.77.0.1" },
  multicast: { line: `mcast ${INTERFACE} ${GROUP} 694 1 0`, to: GROUP },
  serial: { line: "serial", to: "" },
} as const;

type Line<Kind extends NodeLine["kind"]> = Extract<NodeLine, { readonly kind: Kind }>;

export class Scene {
  readonly lab: Lab;
  readonly real: Heartbeat;
  readonly #settings: NodeSettings;
  #ours: Child;

  private constructor(lab: Lab, real: Heartbeat, settings: NodeSettings, ours: Child) {
    this.lab = lab;
    this.real = real;
    this.#settings = settings;
    this.#ours = ours;
  }

  get ours(): Child {
    return this.#ours;
  }

  /** Starts our node again after its end, in another life. */
  again(generation: number): void {
    this.#ours = spawnNode(this.lab, { ...this.#settings, generation });
  }

  /** Starts both, real heartbeat first, unless ours has to make the line. */
  static async create(scene: SceneSettings): Promise<Scene> {
    const { keys, link = "broadcast", deadtime = DEADTIME, real = {}, ours = {} } = scene;
    const { initdead = 60, failback = "off", oursFirst = link === "serial", alone = false } = scene;
    const lab = await Lab.create(2);
    try {
      for (const { namespace, address4 } of lab.nodes) {
        await namespace.ip(
          `addr del ${address4}/24 dev ${INTERFACE}`,
          `addr add ${address4}/24 broadcast + dev ${INTERFACE}`,
        );
      }
      const { line, to } = LINKS[link];
      const settings: NodeSettings = {
        ...{ name: "ours", peer: "real", to, keys, generation: 1, keepalive: KEEPALIVE, deadtime },
        ...(link === "multicast" ? { join: lab.node(1).address4 } : {}),
        ...(link === "serial" ? { serial: true } : {}),
        ...ours,
      };
      const first = oursFirst ? spawnNode(lab, settings) : null;
      const heartbeat = new Heartbeat(lab.node(0), "real", {
        authkeys: [
          `auth ${keys[0]?.[0] ?? 0}`,
          ...keys.map(([index, method, secret]) => `${index} ${method} ${secret}`),
        ],
        ...real,
        config: [
          ...config(deadtime, initdead, failback),
          ...(real.config ?? []),
          first === null || link !== "serial" ? line : `${line} ${await lineOf(first)}`,
        ],
      });
      lab.atClose(() => heartbeat.close());
      if (!alone) await heartbeat.start();
      const made = new Scene(lab, heartbeat, settings, first ?? spawnNode(lab, settings));
      lab.atClose(() => made.ours.end("SIGKILL"));
      return made;
    } catch (cause) {
      await lab.close();
      throw cause;
    }
  }

  /** What our node has told of one kind. */
  told<Kind extends NodeLine["kind"]>(kind: Kind): Line<Kind>[] {
    return toldBy(this.ours, kind);
  }

  /** Waits until our node's membership has said something. */
  async sees(kind: "peer" | "link" | "self", what: string, limit: number): Promise<void> {
    await until(
      () => `our node sees ${kind} ${what}; it told: ${this.ours.lines.slice(-20).join("\n")}`,
      limit,
      () => this.told(kind).some((line) => line.what === what),
    );
  }

  /** Waits until our node has told so many lines of one kind. */
  async tells(kind: NodeLine["kind"], count: number, limit: number): Promise<void> {
    await until(
      () => `our node tells ${kind} ${count} times; it told: ${this.ours.lines.slice(-20).join("\n")}`,
      limit,
      () => this.told(kind).length >= count,
    );
  }

  /** Every datagram of real heartbeat, opened; one that is not authentic, or that we would write otherwise, throws. */
  opened(): Opened[] {
    const keys = ring(...this.#settings.keys);
    return this.told("heard").map((line) => {
      const bytes = hex(line.hex);
      const opened = open(bytes, keys);
      if (!opened.ok) throw new Error(`${opened.error}: ${line.hex}`);
      const { message, index } = opened.value;
      if (decodeContent(message) === null) throw new Error(`not read: ${line.hex}`);
      const body = encodeNetstrings(message);
      const again =
        bytes[0] === CLASSIC_FIRST
          ? encodeClassic(message).toHex()
          : body.toHex() + encodeTrailer(sign(keys, index, body)).toHex();
      if (again !== line.hex && !compressed(bytes)) throw new Error(`${line.hex} is written ${again}`);
      return opened.value;
    });
  }

  /** Puts a message of text fields into real heartbeat, as its own tools do; it goes out to all nodes. */
  async inject(fields: readonly (readonly [string, string])[]): Promise<void> {
    const text = `>>>\n${fields.map(([name, value]) => `${name}=${value}\n`).join("")}<<<\n`;
    await this.real.feed(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
  }
}

const spawnNode = (lab: Lab, settings: NodeSettings): Child =>
  lab.node(1).namespace.spawn([process.execPath, NODE, JSON.stringify(settings)]);

const toldBy = <Kind extends NodeLine["kind"]>(node: Child, kind: Kind): Line<Kind>[] =>
  node.lines
    .filter((line) => line.startsWith("{"))
    .map((line): NodeLine => JSON.parse(line))
    .filter((line): line is Line<Kind> => line.kind === kind);

/** Where the other end of a node's line is. */
async function lineOf(node: Child): Promise<string> {
  await node.says('"line"', LINE_MS);
  return toldBy(node, "line")[0]?.path ?? "";
}

const compressed = (bytes: Uint8Array): boolean =>
  new TextDecoder("latin1").decode(bytes).includes("(1)_compressed_payload=");

/** Messages of one type. */
export const ofType = (opened: readonly Opened[], type: string): Message[] =>
  opened
    .map(({ message }) => message)
    .filter((message) => message.some(({ name, value }) => name === "t" && value === type));
