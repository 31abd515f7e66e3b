/**
 * Two masters that do not hear each other, found by what the nodes of the cluster say. Each master tells them every two seconds that it
 * is one, and each second while it knows of another one, which it asks where that says nothing, until it is over or no passing moment any more.
 * Then it is an alarm, and where no advert of the other comes, one gives way: whose adverts do not leave, else the one of lower priority, and of
 * equals the lower address. It stays away as long as the other goes on to say that it is master, for which it asks: who gave way takes over again
 * when {@link PATIENCE} questions have brought nothing of the kind.
 */
import type { Milliseconds } from "../base/units.ts";
import { after, earlier, elapsed, ms, NEVER } from "../base/units.ts";
import type { Claim } from "../heartbeat/claim.ts";
import { CLAIM_TEXT_MAX } from "../heartbeat/claim.ts";
import { outranks } from "../vrrp/rank.ts";
import type { Believed } from "./cluster/claims.ts";
import { askClaims, claimOf, speaking, tellClaims } from "./cluster/claims.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { announce, drive } from "./drive.ts";
import type { Rival } from "./rival.ts";
import type { Router } from "./router.ts";
import { seen } from "./signs.ts";
import type { Turn, World } from "./world.ts";

/** A master says that it is one this often; of many, some at a time. */
const TELL_EVERY: Milliseconds = ms(2000);
/** A rival is told or asked this often, and of so many of them at once, of fewer where a slow line carries it. */
const ASK_EVERY: Milliseconds = ms(1000);
const ASKED_MAX = 8;
/** Questions without an answer after which nobody is taken for master any more. */
const PATIENCE = 3.5;
/** Bytes of a claim, usually; and the part of a second for which the slowest line may carry those of one message. */
const CLAIM_BYTES = 48;
const LINE_SHARE = 0.25;
const BITS_PER_BYTE = 10;

const isMaster = (router: Router): boolean => router.machine.kind === "master" && router.role === "master";

/** Claims in one message: of a slow line it takes no more than its part of a second. */
function room(cluster: Cluster | null): number {
  const speeds = Array.from(cluster?.links.values() ?? [], ({ config }) =>
    config.type === "serial" ? config.baud : Infinity,
  );
  const bytes = Math.min(CLAIM_TEXT_MAX, (Math.min(...speeds) / BITS_PER_BYTE) * LINE_SHARE);
  return Math.max(1, Math.floor(bytes / CLAIM_BYTES));
}

const askedMax = ({ cluster }: World): number => Math.min(ASKED_MAX, room(cluster));

/** So many seconds pass until all rivals were told, or asked about. */
const rounds = (world: World): number => Math.ceil(world.rivals.known.size / askedMax(world));

/** How long a rival counts after it was heard of: of many, each is asked about less often. */
const lasts = (world: World): Milliseconds => ms(ASK_EVERY * (PATIENCE + rounds(world) - 1));

/** After so long one that tells of itself has not been heard. */
const unheardAfter = (world: World): Milliseconds => ms(ASK_EVERY * (rounds(world) + 0.5));

/** A node said how its router is that is in one election with this one of ours; nothing newer of it was heard before. */
export function heedClaim(world: World, turn: Turn, { router, node, claim }: Believed): void {
  const { rivals } = world;
  const known = rivals.known.get(router);
  const { address: source } = claim;
  if (claim.state !== "master" || source === null || source === router.source) {
    const gaveWay = known?.node === node || claim.state === "released";
    if (known?.node === node) rivals.known.delete(router);
    // Whoever was told by it believes that it has the addresses.
    if (gaveWay && isMaster(router)) announce(world, turn, router);
    return;
  }
  // With several at once, the first one that is found is dealt with first.
  if (known !== undefined && known.node !== node) return;
  const rival: Rival = {
    ...{ node, source, saidAt: turn.now },
    ...{ since: known?.since ?? turn.now, yieldedAt: known?.yieldedAt ?? null },
  };
  if (isMaster(router)) contend(world, turn, router, { ...rival, yieldedAt: null }, claim);
  else if (rival.yieldedAt !== null) stayAway(world, turn, router, rival, claim);
}

/** Time that adverts need to settle it, with one of them lost. */
export const settling = ({ config }: Router): Milliseconds =>
  ms(Math.max(500, (config.tie === "sticky" ? 4.5 : 2.5) * config.advertInterval));

/** Whether an advert of a rival came while both were master: then adverts decide who stays. */
const isHeard = ({ peers }: Router, { source, since }: Rival): boolean =>
  (peers.get(source)?.heardAt ?? -1) >= since;

/** Whether a rival stays and not this router: who is heard, as a master whose adverts do not leave serves nobody; then as in an election. */
function isBetter({ now }: Turn, router: Router, rival: Rival, { healthy, priority }: Claim): boolean {
  const { source, sending } = router;
  const mute = sending.isMute(now);
  if (healthy === mute) return mute;
  return source !== null && outranks(priority, rival.source, router.priority, source);
}

function contend(world: World, turn: Turn, router: Router, rival: Rival, claim: Claim): void {
  const { rivals } = world;
  rivals.known.set(router, rival);
  rivals.askAt = earlier(rivals.askAt, after(turn.now, ASK_EVERY));
  if (elapsed(rival.since, turn.now) < settling(router) || isHeard(router, rival)) return;
  const gives = isBetter(turn, router, rival, claim);
  show(world, turn, router, rival, gives);
  if (!gives) return;
  rival.yieldedAt = turn.now;
  giveWay(world, turn, router, rival, claim);
}

function stayAway(world: World, turn: Turn, router: Router, rival: Rival, claim: Claim): void {
  const { rivals } = world;
  const { machine } = router;
  const better = isBetter(turn, router, rival, claim);
  // Its adverts come again: the election goes its way.
  const heardAt = router.peers.get(rival.source)?.heardAt ?? -1;
  if (machine.kind !== "backup" || !better || heardAt > (rival.yieldedAt ?? turn.now)) {
    rivals.known.delete(router);
    return;
  }
  rivals.known.set(router, rival);
  show(world, turn, router, rival, true);
  giveWay(world, turn, router, rival, claim);
}

/** An alarm for as long as it counts. */
function show(world: World, turn: Turn, router: Router, { node, source }: Rival, gives: boolean): void {
  const rule = gives ? "this node gives way while that one says so" : "that node has to give way";
  const text = `node ${node} says that it is master, and no advert of it comes: ${rule}`;
  seen(world, turn, router, { what: "claim", source, lasts: lasts(world), text });
}

function giveWay(world: World, turn: Turn, router: Router, { source }: Rival, { priority }: Claim): void {
  const until = after(turn.now, lasts(world));
  drive(world, turn, router, { kind: "outranked", source, priority, until });
}

/** Who did not run has asked nobody meanwhile: one that gave way takes over when as many questions as ever have brought nothing from now on. */
export function rivalsSlept(world: World, turn: Turn): void {
  const { rivals } = world;
  if (elapsed(rivals.askAt, turn.now) <= ASK_EVERY) return;
  for (const [router, rival] of rivals.known) {
    rivals.known.set(router, { ...rival, saidAt: turn.now });
    const claim = router.claims.get(rival.node)?.claim;
    if (rival.yieldedAt !== null && claim !== undefined) giveWay(world, turn, router, rival, claim);
  }
}

/** Says who is master here, and settles who else is, where that is due. */
export function rivalsDue(world: World, turn: Turn): void {
  const { rivals } = world;
  const cluster = speaking(world);
  if (rivals.askAt <= turn.now) {
    for (const [router, { saidAt }] of rivals.known) {
      if (elapsed(saidAt, turn.now) > lasts(world)) rivals.known.delete(router);
    }
    if (cluster !== null) contest(world, turn);
    rivals.askAt = rivals.known.size === 0 ? NEVER : after(turn.now, ASK_EVERY);
  }
  if (rivals.tellAt > turn.now) return;
  const { told } = rivals;
  const masters = [...world.routers.values()].filter(isMaster);
  for (const router of told.keys()) if (!masters.includes(router)) told.delete(router);
  if (cluster !== null) {
    const untold = masters.filter((router) => turn.now - rivals.toldAt(router) >= ASK_EVERY);
    tell(world, turn, untold, room(cluster));
  }
  rivals.tellAt = after(turn.now, TELL_EVERY);
}

/**
 * Two masters tell each other, which is less than to ask and to be answered, on a line that may be slow, and who gives way tells that. Who has given
 * way asks, and who does not hear the other one.
 */
function contest(world: World, turn: Turn): void {
  const { known } = world.rivals;
  const most = askedMax(world);
  const tells = ([router, { yieldedAt }]: [Router, Rival]): boolean =>
    isMaster(router) || (yieldedAt !== null && elapsed(yieldedAt, turn.now) <= ASK_EVERY);
  const telling = [...known].filter(tells).map(([router]) => router);
  tell(world, turn, telling, most);
  const unheard = unheardAfter(world);
  // Those that were heard of longest ago first.
  const asked = [...known]
    .filter(([router, { saidAt }]) => !isMaster(router) || elapsed(saidAt, turn.now) > unheard)
    .sort(([, one], [, other]) => one.saidAt - other.saidAt)
    .slice(0, most);
  askClaims(
    world,
    turn,
    asked.map(([router]) => router),
  );
}

/** Tells of so many of these masters at most, those first that were not told of for longest. */
function tell(world: World, turn: Turn, masters: readonly Router[], most: number): void {
  const { rivals } = world;
  const next = masters.toSorted((one, other) => rivals.toldAt(one) - rivals.toldAt(other)).slice(0, most);
  for (const router of next) rivals.told.set(router, turn.now);
  tellClaims(
    world,
    turn,
    next.map((router) => claimOf(world, turn.now, router)),
  );
}
