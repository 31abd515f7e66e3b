/**
 * Checker 4. Two masters that heard each other both told the world that the addresses are theirs; whoever believed the loser is
 * misled until the winner tells it again. So after a contest an announcement of the winner must follow, for every address.
 */
import type { Ip } from "../../src/base/address.ts";
import type { Gates } from "./gates.ts";
import { sightAdvert } from "./packets.ts";
import { movedBy, segmentOf, virtualRouterOf } from "./plan.ts";
import type { Node } from "./node.ts";
import type { Part, Scene } from "./scene.ts";
import { isMaster, partsOf } from "./scene.ts";
import { compatible, partIn, reliable } from "./truth.ts";
import type { Event } from "../../src/agent/boundary.ts";

interface Awaited {
  readonly key: string;
  readonly winner: Part;
  readonly loser: Node;
  readonly address: Ip;
}

export class Contests {
  readonly #scene: Scene;
  readonly #gates: Gates;
  /** One of two masters heard the other: `VIRTUAL-ROUTER a b`, node numbers in ascending order. */
  readonly #heard = new Set<string>();
  #awaited: Awaited[] = [];

  constructor(scene: Scene, gates: Gates) {
    this.#scene = scene;
    this.#gates = gates;
  }

  /** A node is about to handle an event. */
  hear(node: Node, event: Event): void {
    if (event.kind !== "frame") return;
    const advert = sightAdvert(event.family, event.bytes);
    const link = node.kernel.link(event.index);
    if (advert === null || link === null || advert.priority === 0 || advert.hopLimit !== 255) return;
    const segment = segmentOf(link.name);
    const virtualRouter = `${segment} vrid ${advert.vrid} ipv${advert.family}`;
    const mine = partIn(node, virtualRouter);
    if (mine === null || !isMaster(this.#scene, node, mine)) return;
    const sender = partsOf(this.#scene, virtualRouter).find(({ node: other }) =>
      other.plan.own[segment].some(({ address }) => address === advert.source),
    );
    if (sender === undefined || sender.node === node || !compatible(mine, sender.router)) return;
    if (!isMaster(this.#scene, sender.node, sender.router)) return;
    this.#heard.add(pairKey(virtualRouter, node, sender.node));
  }

  /**
   * A router ceased to be master in a turn of its own agent; `said`: with a last advert. One that stalled says nothing, as it must
   * listen first, and one that died cannot: then nobody can be asked to know that a contest is over.
   */
  lost(node: Node, name: string, said: boolean): void {
    const router = node.config.routers.find((each) => each.name === name);
    if (router === undefined) return;
    const virtualRouter = virtualRouterOf(router);
    const parts = partsOf(this.#scene, virtualRouter);
    const masters = parts.filter((part) => isMaster(this.#scene, part.node, part.router));
    const winner = masters[0];
    for (const other of parts) {
      const heard = this.#heard.delete(pairKey(virtualRouter, node, other.node));
      if (!said || !heard || winner === undefined || masters.length > 1 || other.node !== winner.node)
        continue;
      for (const { address } of movedBy(winner.router)) {
        const awaited = `contest ${virtualRouter} ${winner.node.number} ${address}`;
        this.#scene.watches.forget(awaited);
        this.#awaited = this.#awaited.filter(({ key: old }) => old !== awaited);
        this.#awaited.push({ key: awaited, winner, loser: node, address });
      }
    }
  }

  /** A node told an address. */
  announced(node: Node, address: Ip): void {
    const done = this.#awaited.filter((each) => each.winner.node === node && each.address === address);
    for (const { key } of done) this.#scene.watches.forget(key);
    this.#awaited = this.#awaited.filter((each) => !done.includes(each));
  }

  /** Drops what can no longer be asked for: the winner lost, or the loser's last word may not reach it. */
  judge(): void {
    const { watches, network, schedule, bounds } = this.#scene;
    this.#awaited = this.#awaited.filter((awaited) => {
      const { key, winner, loser, address } = awaited;
      const { node, router } = winner;
      const asked =
        this.#gates.holds(node, router) && reliable(network, node, loser, router.segment) && loser.running;
      const limit = bounds.get(virtualRouterOf(router))?.announced(network.longestDelay) ?? 0;
      watches.update(key, asked, limit, schedule.now, () => {
        return `${node.plan.name} won against ${loser.plan.name} and did not announce ${address} again`;
      });
      return asked;
    });
  }
}

const pairKey = (virtualRouter: string, a: Node, b: Node): string =>
  `${virtualRouter} ${Math.min(a.number, b.number)} ${Math.max(a.number, b.number)}`;
