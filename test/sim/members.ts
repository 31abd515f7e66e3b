/**
 * Who takes whom for dead, against who can be heard: nobody is dead whose status comes in over some link, and nobody lives long who is heard on
 * none. In peace everybody has everybody.
 */
import type { Action } from "../../src/agent/boundary.ts";
import { LATENESS } from "./bounds.ts";
import { type Cables, hasCarrier } from "./cables.ts";
import { type ClusterPlan, GATEWAY, idOf } from "./cluster-plan.ts";
import type { Node } from "./node.ts";
import { judgeRivals, judgeWord } from "./rivals.ts";
import { type Scene, violate } from "./scene.ts";

/** A node that runs this long in peace has all the others: initdead, and an answer that went to one that left, milliseconds. */
const TOGETHER = 4000;
/** What a node announces above its deadtime in the first seconds. */
const EXTRA = 2000;
/** Bytes of a message. */
const MESSAGE = 350;
/** A line has so much waiting, at most. */
const LINE = 1200;
/** Of a node that can be heard, so many keepalives until it surely was: one may just have gone, and a line takes its time. */
const KEEPALIVES = 2.5;

/** From the moment when packets flow and agents run. */
export const togetherAfter = ({ initdead }: ClusterPlan): number => TOGETHER + 2 * initdead;

/** The links that both have open. */
export const shared = (one: Node, other: Node): readonly string[] => {
  const theirs = other.config.cluster?.links.map(idOf) ?? [];
  const ids = one.config.cluster?.links.map(idOf) ?? [];
  return ids.filter((id) => theirs.includes(id));
};

/** What a message takes over a link, with what may be on the way before it: a line is slow. */
function takes({ config }: Node, link: string): number {
  const plan = config.cluster?.links.find((each) => idOf(each) === link);
  return plan?.type === "serial" ? (2 * MESSAGE * 10_000) / plan.baud : 0;
}

export class Members {
  readonly #scene: Scene;
  readonly #cables: Cables;
  /** Since when one can hear the other, whatever it believes: `listener speaker`. */
  readonly #heardSince = new Map<string, number>();

  constructor(scene: Scene, cables: Cables) {
    this.#scene = scene;
    this.#cables = cables;
  }

  /** To be called after whatever may have changed who hears whom. */
  judge(): void {
    const { nodes, schedule } = this.#scene;
    for (const listener of nodes) {
      for (const speaker of nodes) {
        if (listener === speaker) continue;
        const key = `${listener.number} ${speaker.number}`;
        if (!this.hears(listener, speaker)) this.#heardSince.delete(key);
        else if (!this.#heardSince.has(key)) this.#heardSince.set(key, schedule.now);
        this.#judgeSilence(listener, speaker);
      }
    }
    judgeRivals(this.#scene, this);
  }

  /** All that the speaker says reaches the listener over some link, within so many milliseconds. */
  hears(listener: Node, speaker: Node, within = Number.POSITIVE_INFINITY): boolean {
    if (!listener.running || !speaker.running || speaker.stopping || listener.stopping) return false;
    return shared(listener, speaker).some(
      (link) =>
        [listener, speaker].every(({ process }) => process?.cluster.isOpen(link) === true) &&
        takes(speaker, link) <= within &&
        this.#cables.carries(link, speaker, listener),
    );
  }

  /** Nothing that the speaker says can reach the listener. */
  isDeaf(listener: Node, speaker: Node): boolean {
    if (this.#cables.replays) return false;
    if (speaker.process === null || speaker.process.frozen) return true;
    return shared(listener, speaker).every((link) => this.#cables.blocks(link, speaker, listener));
  }

  #judgeSilence(listener: Node, speaker: Node): void {
    const { watches, schedule, network } = this.#scene;
    const { cluster } = listener.config;
    const state = listener.running ? listener.process?.agent.members().get(speaker.plan.name) : undefined;
    const believes = state === "up" || state === "active";
    const patience = Math.max(cluster?.initdead ?? 0, (speaker.plan.config.cluster?.deadtime ?? 0) + EXTRA);
    const late = LINE + network.longestDelay + this.#cables.longestDelay + LATENESS;
    const key = `unheard ${listener.number} ${speaker.number}`;
    watches.update(key, believes && this.isDeaf(listener, speaker), patience + late, schedule.now, () => {
      return `${listener.plan.name} hears nothing of ${speaker.plan.name} and takes it for ${state}`;
    });
  }

  log(node: Node, action: Extract<Action, { kind: "log" }>): void {
    judgeWord(this.#scene, node, action);
    const { event, fields } = action;
    if (event !== "heartbeat.node" || fields["state"] !== "dead") return;
    const { nodes, schedule } = this.#scene;
    const other = nodes.find(({ plan }) => plan.name === fields["node"]);
    const keepalive = other?.config.cluster?.keepalive;
    if (other === undefined || keepalive === undefined) return;
    const since = this.#heardSince.get(`${node.number} ${other.number}`);
    if (since === undefined || schedule.now - since <= KEEPALIVES * keepalive + LATENESS) return;
    violate(
      this.#scene,
      `${node.plan.name} takes ${other.plan.name} for dead, and a link between them lives`,
    );
  }

  /** The end of a peace that began at `peaceAt`. */
  finish(peaceAt: number): void {
    const { nodes, schedule } = this.#scene;
    const settled = nodes.filter((node) => {
      const { cluster } = node.config;
      const since = Math.max(peaceAt, node.startedAt, node.thawedAt);
      return cluster !== null && node.running && schedule.now - since > togetherAfter(cluster);
    });
    for (const one of settled) {
      const known = one.process?.agent.members();
      const gateway =
        one.config.cluster?.pings === true && hasCarrier(one, "lan") ? known?.get(GATEWAY) : "ping";
      if (gateway !== "ping")
        violate(this.#scene, `${one.plan.name} takes the gateway for ${gateway} in peace`);
      for (const other of settled) {
        const state = known?.get(other.plan.name);
        if (other === one || state === "active" || !this.hears(one, other)) continue;
        violate(this.#scene, `${one.plan.name} takes ${other.plan.name} for ${state ?? "nobody"} in peace`);
      }
    }
  }
}
