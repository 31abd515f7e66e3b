/**
 * What masters tell their cluster: that they are one, where adverts do not pass, which is a reason to stay backup and has a bound for two of
 * them; and that they released.
 */
import type { Action } from "../../src/agent/boundary.ts";
import type { Members } from "./members.ts";
import { shared } from "./members.ts";
import type { Node } from "./node.ts";
import { movedBy } from "./plan.ts";
import type { Part, Scene } from "./scene.ts";
import { isMaster, pairs, partsOf, violate } from "./scene.ts";

/** A master tells of itself so often, its rival asks so often and counts that long, milliseconds; see contend.ts. */
const TOLD_EVERY = 2000;
const ASKED_EVERY = 1000;
export const COUNTS = 3500;
/** Intervals that adverts have to settle it, and milliseconds at least. */
const SETTLING = 4.5;
const SETTLING_MIN = 500;
/** What messages take, on a line too, and what a busy node is late. */
const SLACK = 2000;

const inCluster = (...parts: readonly Part[]): boolean =>
  parts.every(({ node }) => node.config.cluster !== null);

/** Some master of the same election may be known to this part by a link of its cluster. */
export const knowsMaster = (scene: Scene, part: Part, virtualRouter: string): boolean =>
  partsOf(scene, virtualRouter).some(
    (other) =>
      other.node !== part.node &&
      inCluster(other, part) &&
      isMaster(scene, other.node, other.router) &&
      // A mute one is believed by who was mute itself: the better of the two stays.
      (!other.node.mute.has(other.router.segment) || part.node.excuses.muted.has(part.router.segment)) &&
      shared(part.node, other.node).some((link) => !part.node.cables.blocks(link, other.node, part.node)),
  );

/** Checker 20: two masters that can exchange messages of their cluster do not last, whatever becomes of their adverts. */
export function judgeRivals(scene: Scene, members: Members): void {
  for (const [virtualRouter, { interval }] of scene.bounds) {
    for (const [a, b] of pairs(partsOf(scene, virtualRouter))) {
      const both = [a, b].every((part) => isMaster(scene, part.node, part.router));
      // Who has no way for its adverts claims nothing.
      const claimed = [a, b].some(({ node, router }) => !node.mute.has(router.segment));
      const talk = inCluster(a, b) && members.hears(a.node, b.node) && members.hears(b.node, a.node);
      const limit = TOLD_EVERY + Math.max(SETTLING_MIN, SETTLING * interval) + 2 * ASKED_EVERY + SLACK;
      const key = `rivals ${virtualRouter} ${a.node.number} ${b.node.number}`;
      scene.watches.update(key, both && talk && claimed, limit, scene.schedule.now, () => {
        const names = `${a.node.plan.name} and ${b.node.plan.name}`;
        return `${virtualRouter}: ${names} are both master, and their cluster knows`;
      });
    }
  }
}

/** Checker 21: whose word that it released is heeded holds nothing any more, unless it is master again. */
export function judgeWord(
  scene: Scene,
  listener: Node,
  { event, fields }: Extract<Action, { kind: "log" }>,
): void {
  if (event !== "vrrp.released") return;
  const speaker = scene.nodes.find(({ plan }) => plan.name === fields["node"]);
  const router = speaker?.config.routers.find(({ name }) => name === fields["name"]);
  if (speaker?.running !== true || router === undefined || isMaster(scene, speaker, router)) return;
  const added = new Set(speaker.kernel.added().map(({ address }) => address));
  const left = movedBy(router).filter(({ address }) => added.has(address));
  if (left.length === 0) return;
  violate(
    scene,
    `${listener.plan.name} heeds that ${speaker.plan.name} released ${router.name}, which holds ${left[0]?.address}`,
  );
}
