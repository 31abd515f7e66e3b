/** A node's part in a heartbeat cluster: what it is, what it knows of the others, and what goes over each link. */
import { Random } from "../random.ts";
import type { HeartbeatConfig, LinkConfig } from "../../config/heartbeat-model.ts";
import type { Tracking } from "../../heartbeat/admission.ts";
import { UNHEARD } from "../../heartbeat/admission.ts";
import type { Content } from "../../heartbeat/content.ts";
import type { Identity } from "../../heartbeat/header.ts";
import { History } from "../../heartbeat/history.ts";
import type { KeyRing } from "../../heartbeat/keys.ts";
import type { Settings, State } from "../../heartbeat/membership.ts";
import type { DropReason, Reading } from "../../heartbeat/receive.ts";
import { SerialFramer } from "../../heartbeat/serial.ts";
import type { Instant } from "../../base/units.ts";
import { instant, ms, NEVER } from "../../base/units.ts";
import type { Ip } from "../../base/address.ts";
import type { Octets } from "../../wire/heartbeat-message.ts";
import { octetBytes } from "../../wire/heartbeat-message.ts";
import { Limiter } from "../limiter.ts";
import type { Resources } from "../resource/resources.ts";
import { Agreement } from "./agreement.ts";
import type { HostTime, Medium } from "./boundary.ts";
import { ResourceRuns } from "../resource/runs.ts";

/** How often a peer asks again for what it lacks, as heartbeat's max_rexmit_delay has it. */
export const REPEAT_EVERY = ms(250);

/** Why something that came in counted for nothing: a reason of heartbeat/receive.ts, or of a line. */
export type Drop =
  | DropReason
  /** Bytes of a line that belong to no message. */
  | "noise"
  /** Messages of a line in which another one began. */
  | "half"
  /** Thrown away unread. */
  | "flood";

/** What is known of another node. */
export interface Node {
  readonly name: string;
  tracking: Tracking;
  uuid: Octets | null;
  /** Of ten numbers, the one that is acknowledged: 0 to 9. */
  readonly turn: number;
  /** It has said that it holds nothing any more and ends. */
  left: boolean;
  /** It has said that it waits for nothing. */
  stable: boolean;
  /** Until when it is not told again that a later life of it was heard. */
  toldAt: Instant;
  /** Its last sign of life on each link. */
  readonly heardOn: Map<string, Instant>;
}

/** A question or an answer about virtual routers. */
export type AboutRouters = Extract<Content, { readonly kind: "ask-claims" | "claims" }>;

/** Such a message as it came in. */
export interface Told {
  /** Who sent it. */
  readonly node: string;
  readonly content: AboutRouters;
  /** Its life, and the message's number in it: which of two was said later. */
  readonly generation: number;
  readonly sequence: number;
}

/** One link as it is. */
export interface Link {
  readonly id: string;
  readonly config: LinkConfig;
  open: boolean;
  /** Why it is not open. */
  failure: string | null;
  /** The last message that was not sent. */
  unsent: { readonly reason: string; readonly at: Instant } | null;
  readonly framer: SerialFramer;
  readonly counters: {
    sentMessages: number;
    sentBytes: number;
    receivedMessages: number;
    receivedBytes: number;
    /** Messages that could not be sent. */
    errors: number;
  };
}

/** What names a link, in the agent and at the edge. */
const linkId = (link: LinkConfig): string => {
  const base = `${link.type} ${link.name}`;
  if (link.type === "multicast") return `${base} ${link.group}`;
  return link.type === "unicast" ? `${base} IPv${link.family}` : base;
};

export class Cluster {
  config: HeartbeatConfig;
  /** Lower case. */
  readonly name: string;
  ring: KeyRing;
  /** Who notify commands run as; see {@link AgentConfig}. */
  scriptUser: string | null = null;
  /** Of this boot. */
  bootId = "";
  readonly nodes = new Map<string, Node>();
  readonly links = new Map<string, Link>();
  readonly drops = new Map<Drop, number>();
  /** Addresses of ping nodes that could not be asked last, each with the reason. */
  readonly pingFailures = new Map<Ip, string>();
  /** Messages of others that were passed over, whether they came later or not. */
  lost = 0;
  /** For what others can make us say. */
  readonly limiter = new Limiter();
  history = new History(REPEAT_EVERY);
  /** What is done for resources. */
  readonly runs = new ResourceRuns();
  /** Null: none are configured, or this node has not begun. */
  resources: Resources | null = null;
  /** Whether the other node has the same groups. */
  readonly agreement = new Agreement();
  /** The agent was told to stop a second time: it waits for no script of a resource any more. */
  hurried = false;
  /** What state_dir has of them, as it stands there. */
  keptResources: string | null = null;
  /** Null until state_dir has told it. */
  identity: Identity | null = null;
  generation = 0;
  /** The number under which this life goes on once it is kept; null: it stays. */
  nextLife: number | null = null;
  host: { readonly time: HostTime; readonly at: Instant } | null = null;
  /** Null until generation and UUID are kept. */
  state: State | null = null;
  /** The deadline of a state of membership, by the settings that it was worked out with. */
  due: { readonly state: State; readonly settings: Settings; readonly at: Instant } | null = null;
  /** What came in of virtual routers in this turn. */
  inbox: Told[] = [];
  /** The last authentic bytes, and the keys that they were read with: most messages come once more, over another link. */
  lastRead: { readonly ring: KeyRing; readonly bytes: Uint8Array; readonly reading: Reading } | null = null;
  /** Of the last authentic message, the key. */
  heardIndex: number | null = null;
  /** What the edge was told last, as JSON. */
  told = "";
  media: readonly Medium[] = [];
  retryAt: Instant = NEVER;
  /** When to say the first words: links are opened before. */
  startAt: Instant = NEVER;
  lookAt: Instant = instant(0);
  /** When any of this is due. */
  wakeAt: Instant = NEVER;
  /** Has said good-bye. */
  left = false;
  readonly #random = new Random(1);
  #settings: Settings | null = null;

  constructor(config: HeartbeatConfig, name: string) {
    this.config = config;
    this.name = name.toLowerCase();
    this.ring = ringOf(config);
    this.reconfigure(config);
  }

  /** Takes up another configuration: what is known of nodes and links that stay is kept. */
  reconfigure(config: HeartbeatConfig): void {
    this.config = config;
    this.ring = ringOf(config);
    const others = config.nodes.filter((each) => each !== this.name);
    for (const name of this.nodes.keys()) if (!others.includes(name)) this.nodes.delete(name);
    for (const name of others) if (!this.nodes.has(name)) this.nodes.set(name, this.#node(name));
    const wanted = new Map(config.links.map((link) => [linkId(link), link]));
    for (const [id, { config: before }] of this.links) {
      if (JSON.stringify(wanted.get(id)) !== JSON.stringify(before)) this.links.delete(id);
    }
    for (const [id, link] of wanted) if (!this.links.has(id)) this.links.set(id, newLink(id, link));
    this.pingFailures.clear();
    this.#settings = null;
  }

  #node(name: string): Node {
    const turn = this.random(10);
    return {
      name,
      tracking: UNHEARD,
      uuid: null,
      turn,
      left: false,
      stable: false,
      toldAt: instant(0),
      heardOn: new Map(),
    };
  }

  /** What membership runs on: made once for a configuration, as it is asked for with every message. */
  settings(): Settings {
    return (this.#settings ??= this.#makeSettings());
  }

  #makeSettings(): Settings {
    const { keepalive, warntime, deadtime, initdead } = this.config;
    const links = [...this.links.keys()];
    const nodes = Array.from(this.nodes.keys(), (name) => ({ name, kind: "node" as const, links }));
    // A ping node is its own link, as in heartbeat.
    const pings = this.config.pings.map(({ name }) => ({ name, kind: "ping" as const, links: [name] }));
    return { peers: [...nodes, ...pings], keepalive, warntime, deadtime, initdead };
  }

  /** Messages count from 1 in each life. */
  beginHistory(): void {
    this.history = new History(REPEAT_EVERY);
  }

  drop(reason: Drop, count = 1): void {
    if (count > 0) this.drops.set(reason, (this.drops.get(reason) ?? 0) + count);
  }

  /** Makes {@link random} another sequence on each node. */
  seed(fresh: Octets): void {
    for (const byte of octetBytes(fresh)) this.#random.mix(byte);
    for (const [name, node] of this.nodes) this.nodes.set(name, { ...node, turn: this.random(10) });
  }

  /** A whole number from 0 to below `end`. */
  random(end: number): number {
    return this.#random.below(end);
  }
}

const newLink = (id: string, config: LinkConfig): Link => ({
  id,
  config,
  open: false,
  failure: null,
  unsent: null,
  framer: new SerialFramer(),
  counters: { sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0, errors: 0 },
});

const ringOf = ({ auth: { signing, keys } }: HeartbeatConfig): KeyRing => ({
  signing,
  keys: new Map(keys.map(({ index, method, secret }) => [index, { method, secret: octetBytes(secret) }])),
});
