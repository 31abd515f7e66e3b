/** Agents of one heartbeat cluster on a clock that only moves when told: every link carries to all that have it open, at once or with losses. */
import { Agent } from "../../src/agent/agent.ts";
import type { Action, Event, Reply, Request } from "../../src/agent/boundary.ts";
import type { Medium } from "../../src/agent/cluster/boundary.ts";
import type { Family, Ip } from "../../src/base/address.ts";
import { instant } from "../../src/base/units.ts";
import { WireKernel } from "./wire-kernel.ts";
import { WireDisk } from "./wire-disk.ts";
import { WireScripts } from "./wire-scripts.ts";

/** On every link, in milliseconds. */
const LATENCY = 1;
/** Turns at one moment; more is two that answer each other without end. */
const TURNS_MAX = 2000;
const WALL_CLOCK = 1_800_000_000_000;

type Log = Extract<Action, { kind: "log" }>;
type Send = Extract<Action, { kind: "heartbeat"; what: "send" }>;

export class Wire {
  now = 1_000_000;
  readonly nodes: WireNode[] = [];
  /** Says whether a message from one node reaches another over a link. */
  passes: (link: string, from: WireNode, to: WireNode) => boolean = () => true;
  /** Sees every message that a node sends. */
  overhears: (link: string, from: WireNode, bytes: Uint8Array) => void = () => {};
  /** Says whether an address answers a node's echo requests. */
  answers: (address: Ip, to: WireNode) => boolean = () => true;
  /** Says whether an advert from one node reaches another over an interface. */
  hears: (index: number, from: WireNode, to: WireNode) => boolean = () => true;
  /** Messages that left a node, whatever became of them. */
  sent = 0;
  #queue: { readonly at: number; readonly run: () => void }[] = [];

  /** A node of that name, with `[heartbeat]` as given; it runs from now on. */
  node(name: string, text: string): WireNode {
    const made = new WireNode(this, this.nodes.length, name, text);
    this.nodes.push(made);
    made.start();
    return made;
  }

  run(milliseconds: number): void {
    const end = this.now + milliseconds;
    let turns = 0;
    for (;;) {
      const next = Math.min(this.#queue[0]?.at ?? Infinity, ...this.nodes.map((node) => node.wakeAt));
      if (next > end) break;
      turns = next > this.now ? 0 : turns + 1;
      if (turns > TURNS_MAX) throw new Error(`turns without end at ${this.now}`);
      this.now = Math.max(this.now, next);
      const due = this.#queue[0];
      if (due !== undefined && due.at <= this.now) {
        this.#queue.shift();
        due.run();
      } else for (const node of this.nodes) node.tick();
    }
    this.now = end;
  }

  soon(run: () => void, later = LATENCY): void {
    this.#queue.push({ at: this.now + later, run });
    this.#queue.sort((one, other) => one.at - other.at);
  }

  carryFrame(from: WireNode, { index, ethertype, bytes }: Frame): void {
    const family = FAMILIES[ethertype];
    if (family === undefined) return;
    for (const node of this.nodes) {
      if (node === from || !this.hears(index, from, node)) continue;
      this.soon(() => node.handle({ kind: "frame", index, family, bytes }));
    }
  }

  carry(from: WireNode, { links, bytes }: Send): void {
    this.sent += links.length;
    for (const link of links) {
      this.overhears(link, from, bytes);
      for (const node of this.nodes) {
        if (node === from || !this.passes(link, from, node)) continue;
        this.soon(() => node.hear(link, bytes));
      }
    }
  }
}

type Frame = Extract<Action, { kind: "frame" }>;

const FAMILIES: Readonly<Record<number, Family>> = { 0x0800: 4, 0x86dd: 6 };

export class WireNode {
  readonly wire: Wire;
  readonly name: string;
  text: string;
  readonly logs: (Log & { readonly at: number })[] = [];
  media: readonly Medium[] = [];
  wakeAt = Infinity;
  /** What is kept in state_dir. */
  kept: { readonly uuid: string; readonly generation: number } | null = null;
  readonly disk = new WireDisk();
  readonly scripts = new WireScripts();
  /** Answers that came later than the turn of their request. */
  readonly replies: Reply[] = [];
  readonly kernel: WireKernel;
  /** Links that cannot be opened, with the reason. */
  readonly broken = new Map<string, string>();
  /** What its clock says, milliseconds since 1970. */
  wallClock = WALL_CLOCK;
  /** Commands of the fence that were started, and `cancel`; the test answers. */
  readonly fences: string[] = [];
  exit: number | null = null;
  /** Everything the agent wanted done, in order. */
  readonly actions: Action[] = [];
  readonly #number: number;
  #agent: Agent | null = null;
  #frozen: Event[] | null = null;

  constructor(wire: Wire, number: number, name: string, text: string) {
    this.wire = wire;
    this.#number = number;
    this.kernel = new WireKernel(number);
    this.name = name;
    this.text = text;
  }

  start(): void {
    this.#agent = new Agent();
    this.kernel.boot();
    this.handle({
      ...{ kind: "start", pid: 1, version: "0", bootId: this.disk.bootId, forwarding: [], ledger: [] },
      source: this.#source(),
      links: this.kernel.links,
      addresses: this.kernel.addresses,
    });
  }

  #source() {
    const text = `[agent]\nnode = "${this.name}"\n${this.text}`;
    return { path: "x", text, failure: null, mode: 0o600, hostname: "h", accounts: null };
  }

  /** It dies without a word. */
  kill(): void {
    this.#agent = null;
    this.media = [];
    this.wakeAt = Infinity;
  }

  reload(text: string): void {
    this.text = text;
    this.handle({ kind: "config", source: this.#source(), connection: 1 });
  }

  stop(): void {
    this.handle({ kind: "signal", signal: "SIGTERM" });
  }

  /** SIGSTOP: what comes waits. */
  freeze(): void {
    this.#frozen = [];
  }

  thaw(): void {
    const waiting = this.#frozen ?? [];
    this.#frozen = null;
    for (const event of waiting) this.handle(event);
    // What was due meanwhile is looked at now.
    if (this.#agent !== null) this.wakeAt = this.wire.now;
  }

  tick(): void {
    if (this.#frozen !== null) this.wakeAt = Infinity;
    else if (this.wakeAt <= this.wire.now) this.handle({ kind: "deadline" });
  }

  hear(link: string, bytes: Uint8Array): void {
    if (!this.media.some(({ id }) => id === link)) return;
    this.handle({ kind: "heartbeat", what: "received", link, bytes });
  }

  status(): Record<string, unknown> {
    return { ...Object(this.request({ command: "status", name: null }).body) };
  }

  /** Its virtual router, as the status has it. */
  router(name = "VI_1"): Record<string, unknown> {
    const { vrrp } = this.status();
    const routers: unknown[] = Array.isArray(vrrp) ? vrrp : [];
    return { ...Object(routers.map(Object).find((router) => router.name === name)) };
  }

  /** The answer to a command; what it does is done. */
  request(request: Request): Reply {
    let reply: Reply = { exit: -1, body: null };
    const handled = this.#agent?.handle(
      { kind: "request", connection: 9, request, wallClock: WALL_CLOCK },
      instant(this.wire.now),
    );
    for (const action of handled?.actions ?? []) {
      if (action.kind === "reply") ({ reply } = action);
      else this.#perform(action);
    }
    if (handled !== undefined) this.wakeAt = handled.wakeAt;
    return reply;
  }

  /** What was logged of heartbeat, in words: the event's own and the values. */
  said(event = "heartbeat.", from = 0): string[] {
    return this.logs
      .filter(({ event: each, at }) => each.startsWith(event) && at >= from)
      .map(({ fields }) => Object.values(fields).join(" "));
  }

  handle(event: Event): void {
    if (this.#frozen !== null) return void this.#frozen.push(event);
    const agent = this.#agent;
    if (agent === null) return;
    const { actions, wakeAt } = agent.handle(event, instant(this.wire.now));
    this.wakeAt = wakeAt;
    for (const action of actions) this.#perform(action);
  }

  #perform(action: Action): void {
    this.actions.push(action);
    switch (action.kind) {
      case "log":
        return void this.logs.push({ ...action, at: this.wire.now });
      case "exit":
        this.exit = action.code;
        return this.kill();
      case "heartbeat":
        return this.#heartbeat(action);
      case "frame":
        return this.wire.carryFrame(this, action);
      case "addresses":
        this.kernel.change(action.changes);
        return this.handle({
          kind: "addresses-changed",
          results: action.changes.map((change) => ({ change, errno: null })),
        });
      case "resync":
        return this.handle({ kind: "kernel", links: this.kernel.links, addresses: this.kernel.addresses });
      case "probe":
        return this.#probe(action);
      case "resource":
        return this.wire.soon(() => this.handle(this.scripts.run(action)), this.scripts.takes(action));
      case "reply":
        return void this.replies.push(action.reply);
      default:
    }
  }

  #probe({ check, probe, timeout }: Extract<Action, { kind: "probe" }>): void {
    const healthy = probe.type === "ping" && this.wire.answers(probe.address, this);
    const told = { kind: "probe", check, healthy, detail: "" } as const;
    this.wire.soon(() => this.handle(told), healthy ? undefined : timeout);
  }

  #heartbeat(action: Extract<Action, { kind: "heartbeat" }>): void {
    const host = { wallClock: this.wallClock, load: "0.00 0.00 0.00 1/1 1" };
    switch (action.what) {
      case "recall": {
        const fresh = String.fromCharCode(this.#number + 1).repeat(16);
        const kept = { ...(this.kept ?? { uuid: null, generation: null }), resources: this.disk.resources };
        const told = { ...kept, fresh, host, failure: null };
        return this.wire.soon(() => this.handle({ kind: "heartbeat", what: "recalled", ...told }));
      }
      case "keep":
        return this.wire.soon(() => {
          this.kept = { uuid: action.uuid, generation: action.generation };
          this.handle({ kind: "heartbeat", what: "kept", failure: null });
        });
      case "keep-resources":
        return this.disk.keep(action, (event) => this.wire.soon(() => this.handle(event)));
      case "look":
        return this.handle({ kind: "heartbeat", what: "host", host });
      case "media": {
        const fresh = action.media.filter(({ id }) => !this.media.some((open) => open.id === id));
        this.media = action.media.filter(({ id }) => !this.broken.has(id));
        for (const { id } of fresh) {
          this.handle({ kind: "heartbeat", what: "opened", link: id, failure: this.broken.get(id) ?? null });
        }
        return;
      }
      case "fence":
      case "fence-cancel":
        return void this.fences.push(action.what === "fence" ? action.argv.join(" ") : "cancel");
      case "ping":
        for (const address of action.addresses) {
          if (!this.wire.answers(address, this)) continue;
          const told = { what: "pinged", address, failure: null } as const;
          this.wire.soon(() => this.handle({ kind: "heartbeat", ...told }));
        }
        return;
      case "send":
        return this.wire.carry(this, action);
      default:
    }
  }
}
