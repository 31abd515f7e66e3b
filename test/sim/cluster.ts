/**
 * Heartbeat between the nodes: the links of each life of an agent, what carries between them, and what a disk keeps. All chance is drawn from a
 * stream of its own: runs without heartbeat stay what they were.
 */
import type { Event } from "../../src/agent/boundary.ts";
import type {
  HeartbeatAction,
  HeartbeatEvent,
  Medium,
  ResourceAction,
} from "../../src/agent/heartbeat-boundary.ts";
import { unreachable } from "../../src/base/assert.ts";
import type { Network } from "./network.ts";
import type { Node } from "./node.ts";
import { type NodePlan, INTERFACE_OF, SEGMENTS } from "./plan.ts";
import type { Process } from "./process.ts";
import type { Prng } from "./prng.ts";
import { type Scene, violate } from "./scene.ts";
import type { Schedule } from "./schedule.ts";

/** So many runs have a cluster. */
const ODDS = 0.3;
/** 1 January 2027: what the nodes' clocks of day say when the world begins, milliseconds. */
const WALL_CLOCK = 1_798_761_600_000;
/** What a disk takes to keep something, milliseconds. */
const DISK_MAX = 30;
/** Messages that wait for a process that does not run. */
const WAITING_MAX = 200;
/** A node that runs this long in peace has all the others: deadtime, initdead, and an answer that went to one that left. */
export const TOGETHER = 8000;

/** `[heartbeat]` of a node. */
export interface ClusterPlan {
  readonly nodes: readonly string[];
  /** Segments with a broadcast link, and whether there is a serial line. */
  readonly links: readonly ("lan" | "wan" | "line")[];
}

/** Gives some runs a cluster; a reload may change its links. */
export function withCluster(chance: Prng, nodes: readonly NodePlan[]): NodePlan[] {
  if (!chance.chance(ODDS)) return [...nodes];
  const names = nodes.map(({ name }) => name);
  const media = [...SEGMENTS, ...(nodes.length === 2 ? (["line"] as const) : [])];
  const drawn = chance.shuffle(media).slice(0, chance.integer(1, media.length));
  // The ones that stay are the same on all nodes: without one in common they would be two clusters.
  const kept = chance.chance(0.5) ? drawn : drawn.slice(0, 1);
  return nodes.map((node) => ({
    ...node,
    config: { ...node.config, cluster: { nodes: names, links: drawn } },
    later: { ...node.later, cluster: { nodes: names, links: kept } },
  }));
}

export function clusterText({ nodes, links }: ClusterPlan): string {
  const media = links.map((link) =>
    link === "line"
      ? '{ type = "serial", device = "/dev/ttyS0", baud = 115200 }'
      : `{ type = "broadcast", interface = "${INTERFACE_OF[link]}" }`,
  );
  return [
    "[heartbeat]",
    `nodes = ${JSON.stringify(nodes)}`,
    'keepalive = "200ms"',
    'deadtime = "1500ms"',
    'initdead = "3s"',
    'auth = { method = "sha1", key = "k" }',
    `links = [${media.join(", ")}]`,
  ].join("\n");
}

/** What carries between the nodes, and their disks. */
export class Cables {
  readonly #schedule: Schedule;
  readonly #chance: Prng;
  readonly #network: Network;
  readonly #ends = new Map<number, ClusterEdge>();
  readonly #disks = new Map<number, { readonly uuid: string; readonly generation: number }>();

  constructor(schedule: Schedule, chance: Prng, network: Network) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.#network = network;
  }

  /** The agent of a node that runs now. */
  plug(node: Node, edge: ClusterEdge): void {
    this.#ends.set(node.number, edge);
  }

  recall({ number }: Node): { uuid: string | null; generation: number | null } {
    return this.#disks.get(number) ?? { uuid: null, generation: null };
  }

  /** A generation never goes back, whatever died in between. */
  keep(node: Node, uuid: string, generation: number): void {
    const before = this.#disks.get(node.number);
    if (before !== undefined && (generation <= before.generation || uuid !== before.uuid)) {
      node.complain(`began life ${generation} after ${before.generation}`);
    }
    this.#disks.set(node.number, { uuid, generation });
  }

  later(run: () => void): void {
    this.#schedule.after(this.#chance.between(0.1, DISK_MAX), run);
  }

  octets(): string {
    return String.fromCharCode(...Array.from({ length: 16 }, () => this.#chance.integer(1, 255)));
  }

  send(from: Node, link: string, bytes: Uint8Array): void {
    const segment = SEGMENTS.find((each) => link.endsWith(INTERFACE_OF[each])) ?? null;
    for (const [number, end] of this.#ends) {
      if (number === from.number) continue;
      if (segment === null) {
        this.#schedule.after(20, () => end.hear(link, bytes));
        continue;
      }
      if (this.#network.isCut(segment, from.number, number) || !carries(from, segment)) continue;
      const { loss, delay } = this.#network.weather(segment);
      if (this.#chance.chance(loss)) continue;
      this.#schedule.after(this.#chance.between(...delay), () => {
        if (carries(end.node, segment)) end.hear(link, bytes);
      });
    }
  }
}

const carries = (node: Node, segment: "lan" | "wan"): boolean =>
  node.kernel.links.get(INTERFACE_OF[segment])?.carrier === true;

/** Heartbeat's edge in one life of an agent. */
export class ClusterEdge {
  readonly node: Node;
  readonly #process: Process;
  #media: readonly Medium[] = [];
  #waiting = 0;

  constructor(node: Node, process: Process) {
    this.node = node;
    this.#process = process;
    node.cables.plug(node, this);
  }

  hear(link: string, bytes: Uint8Array): void {
    const { alive, frozen } = this.#process;
    if (!alive || !this.#media.some(({ id }) => id === link)) return;
    this.#waiting = frozen ? this.#waiting + 1 : 0;
    if (this.#waiting > WAITING_MAX) return;
    this.#process.control({ kind: "heartbeat", what: "received", link, bytes });
  }

  perform(action: HeartbeatAction | ResourceAction): Event[] {
    // What is asked of a resource never runs, and starts and stops at once.
    if (action.kind === "resource")
      return [{ kind: "resource-ended", id: action.id, code: 0, output: "", failure: null }];
    const { node } = this;
    const { cables } = node;
    const host = { wallClock: WALL_CLOCK + node.schedule.now, load: "0.00 0.00 0.00 1/1 1" };
    const soon = (event: HeartbeatEvent): void =>
      cables.later(() => this.#process.alive && this.#process.control(event));
    switch (action.what) {
      case "recall": {
        const fresh = cables.octets();
        soon({ kind: "heartbeat", what: "recalled", ...cables.recall(node), fresh, host, failure: null });
        return [];
      }
      case "keep":
        cables.keep(node, action.uuid, action.generation);
        soon({ kind: "heartbeat", what: "kept", failure: null });
        return [];
      case "look":
        return [{ kind: "heartbeat", what: "host", host }];
      case "media":
        return this.#want(action.media);
      case "send":
        for (const link of action.links) cables.send(node, link, action.bytes);
        return [];
      default:
        return unreachable(action);
    }
  }

  #want(media: readonly Medium[]): Event[] {
    const known = new Set(this.#media.map((each) => JSON.stringify(each)));
    this.#media = media.filter(
      (each) => each.kind === "serial" || this.node.kernel.link(each.index) !== null,
    );
    return media
      .filter((each) => !known.has(JSON.stringify(each)))
      .map(({ id }) => {
        const failure = this.#media.some((open) => open.id === id) ? null : "ENODEV";
        return { kind: "heartbeat", what: "opened", link: id, failure };
      });
  }
}

/** In peace everybody who has run for a while, and whose configuration says so, has everybody else. */
export function judgeTogether(scene: Scene, peaceAt: number): void {
  const { nodes, schedule } = scene;
  const long = (node: Node): boolean =>
    node.running && schedule.now - Math.max(peaceAt, node.startedAt, node.thawedAt) > TOGETHER;
  const settled = nodes.filter((node) => node.config.cluster !== null && long(node));
  for (const one of settled) {
    const known = one.process?.agent.members();
    for (const other of settled) {
      const state = known?.get(other.plan.name);
      if (other === one || state === "active" || !shares(one, other)) continue;
      violate(scene, `${one.plan.name} takes ${other.plan.name} for ${state ?? "nobody"} in peace`);
    }
  }
}

/** Some link that both have leads from one to the other. */
const shares = (one: Node, other: Node): boolean =>
  (one.config.cluster?.links ?? []).some(
    (link) =>
      other.config.cluster?.links.includes(link) === true &&
      (link === "line" || (carries(one, link) && carries(other, link))),
  );
