/** What the nodes of a cluster tell each other of their virtual routers: asked, answered, and kept with the router that it is about. */
import { unreachable } from "../../base/assert.ts";
import { isEarlierLife } from "../../heartbeat/generation.ts";
import type { Instant } from "../../base/units.ts";
import type { Claim, ClaimState, Subject } from "../../heartbeat/claim.ts";
import { bundles, SUBJECTS_MAX, subjectText } from "../../heartbeat/claim.ts";
import type { Cluster, Told } from "./cluster.ts";
import { say } from "./send.ts";
import { guardHears } from "../guard.ts";
import type { Router } from "../router.ts";
import type { Turn, World } from "../world.ts";

/** What another node of the cluster said last of its router in the same election. */
export interface Heard {
  readonly claim: Claim;
  /** The life in which it said so, and the number of the message. */
  readonly generation: number;
  readonly sequence: number;
  readonly at: Instant;
}

/** Our routers in one election: several, when they are on different links. */
const inElection = (world: World, { vrid, family }: Subject): Router[] =>
  [...world.routers.values()].filter(({ config }) => config.vrid === vrid && config.family === family);

/** Which router of ours a claim is about: the one with its VRID and family; its name decides where either node has several. */
export function claimed(world: World, claim: Claim): Router | null {
  const routers = inElection(world, claim);
  const [first = null] = routers;
  if (claim.only && routers.length === 1) return first;
  return routers.find(({ config }) => config.name === claim.name) ?? null;
}

/** What we say of a router of ours: its role, unless it is something that is said once. */
export function claimOf(world: World, now: Instant, router: Router, state: ClaimState = router.role): Claim {
  const { name, vrid, family } = router.config;
  const { role, source, counters } = router;
  return {
    ...{ name, vrid, family, state },
    only: inElection(world, router.config).every((each) => each === router),
    healthy: role === "master" ? !router.sending.isMute(now) : role === "backup",
    priority: router.priority,
    adverts: counters.sent,
    address: source,
  };
}

/** The cluster, where it can be spoken to. */
export const speaking = ({ cluster }: World): Cluster | null =>
  cluster === null || cluster.state === null || cluster.left ? null : cluster;

/** Says unasked how these routers are, to all nodes, on every link. */
export function tellClaims(world: World, turn: Turn, claims: readonly Claim[]): void {
  const cluster = speaking(world);
  if (cluster === null) return;
  for (const bundle of bundles(claims)) {
    say(cluster, turn, { kind: "claims", to: null, answers: null, claims: bundle });
  }
}

/** Asks all nodes, on every link, how their routers are that are in one election with these; `id` names the question. */
export function askClaims(
  world: World,
  turn: Turn,
  routers: readonly Router[],
  id = world.guards.another(),
): void {
  const cluster = speaking(world);
  if (cluster === null) return;
  const about = [...new Map(routers.map(({ config }) => [subjectText(config), config])).values()];
  for (let at = 0; at < about.length; at += SUBJECTS_MAX) {
    const part = about.slice(at, at + SUBJECTS_MAX).map(({ vrid, family }) => ({ vrid, family }));
    say(cluster, turn, { kind: "ask-claims", id, about: part });
  }
}

/** Something new that a node said of what is in one election with a router of ours. */
export interface Believed {
  readonly router: Router;
  readonly node: string;
  readonly claim: Claim;
  /** It said other things after that, which came before it. */
  readonly late: boolean;
}

/** What came in is answered, or believed where nothing newer of its sender was. */
export function claimsReceived(world: World, turn: Turn, cluster: Cluster): Believed[] {
  const { inbox } = cluster;
  if (inbox.length === 0) return [];
  cluster.inbox = [];
  const believed: Believed[] = [];
  for (const told of inbox) {
    switch (told.content.kind) {
      case "ask-claims":
        answer(world, turn, told.node, told.content.id, told.content.about);
        break;
      case "claims":
        for (const claim of told.content.claims) {
          const router = believe(world, turn, told, told.content.answers, claim);
          if (router === null) continue;
          const late = told.sequence < (cluster.nodes.get(told.node)?.tracking.highest ?? 0);
          believed.push({ router, node: told.node, claim, late });
        }
        break;
      default:
        unreachable(told.content);
    }
  }
  return believed;
}

function answer(world: World, turn: Turn, to: string, id: number, about: readonly Subject[]): void {
  const cluster = speaking(world);
  if (cluster === null) return;
  const routers = new Set(about.flatMap((subject) => inElection(world, subject)));
  // Of two nodes the other one is everybody who is to be told.
  if (cluster.config.nodes.length === 2)
    for (const router of routers) world.rivals.told.set(router, turn.now);
  for (const claims of bundles([...routers].map((router) => claimOf(world, turn.now, router)))) {
    say(cluster, turn, { kind: "claims", to, answers: id, claims });
  }
}

const isNewer = ({ generation, sequence }: Told, known: Heard | undefined): boolean =>
  known === undefined ||
  isEarlierLife(known.generation, generation) ||
  (generation === known.generation && sequence > known.sequence);

/** The router that a claim is about, where it is the newest of its sender. */
function believe(world: World, turn: Turn, told: Told, answers: number | null, claim: Claim): Router | null {
  const router = claimed(world, claim);
  if (router === null || !isNewer(told, router.claims.get(told.node))) return null;
  const { generation, sequence } = told;
  router.claims.set(told.node, { claim, generation, sequence, at: turn.now });
  guardHears(world, turn, router, told.node, claim, answers);
  return router;
}
