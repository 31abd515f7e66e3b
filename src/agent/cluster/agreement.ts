/**
 * Whether the other node has the same groups as this one. A haresources that differs is what makes both run the same, or nobody, and no heartbeat
 * notices it: haagents tell each other what they have (heartbeat/arrangement.ts), and an operator when that is not alike. Nothing is stopped for
 * it: which of the two files is right only he knows.
 */
import type { Instant } from "../../base/units.ts";
import { after, earlier, ms, NEVER } from "../../base/units.ts";
import type { Arrangement } from "../../heartbeat/arrangement.ts";
import { absent, arrangementOf, differences } from "../../heartbeat/arrangement.ts";
import type { Group } from "../../heartbeat/haresources.ts";
import type { Cluster, Node } from "./cluster.ts";
import { tellAgreement } from "./notify.ts";
import { say } from "./send.ts";
import type { Turn } from "../world.ts";

/** Only the messages of two nodes can say who runs a group. */
const NODES = 2;
/** It is said when it is new to somebody, and this often: what was said before a link was up is lost. */
const SAY_EVERY = ms(30_000);
/** In keepalives. */
const SAY_AFTER = 2;
/** Two that were alike are not while one is reloaded, and then the other: so long that is no news. */
const GRACE = ms(60_000);

/** What the other node has said. */
interface Theirs {
  readonly node: string;
  readonly arrangement: Arrangement;
  /** Its life, and the number of the message: an earlier one may come later. */
  readonly generation: number;
  readonly sequence: number;
}

export class Agreement {
  /** Null: it has said nothing in this life, as no heartbeat does. */
  theirs: Theirs | null = null;
  /** In words; empty where both are alike, or that is not known. */
  differences: readonly string[] = [];
  /** Groups that it does not have. */
  absent: ReadonlySet<string> = new Set();
  /** What an operator was told last of it; empty: that all is well. */
  told = "";
  /** When to tell it. */
  tellAt: Instant = NEVER;
  /** Both were alike, in this life of the other one. */
  alike = false;
  /** When to say what we have. */
  sayAt: Instant = NEVER;
  /** That was said last, as JSON. */
  said = "";
}

const groupsOf = ({ config }: Cluster): readonly Group[] => config.resources?.groups ?? [];

const ownArrangement = (cluster: Cluster): Arrangement =>
  arrangementOf(
    cluster.name,
    groupsOf(cluster),
    cluster.config.resources?.failback ?? true,
    cluster.config.pings.length,
  );

/** Somebody may not know yet what we have: it is said after what nodes say first. A node without groups keeps silent until it hears of some. */
export function arrangementDue(cluster: Cluster, turn: Turn): void {
  const { agreement, config } = cluster;
  const concerned = groupsOf(cluster).length > 0 || (agreement.theirs?.arrangement.count ?? 0) > 0;
  const at = after(turn.now, ms(config.keepalive * SAY_AFTER));
  if (config.nodes.length === NODES && concerned) agreement.sayAt = earlier(agreement.sayAt, at);
}

/** The other node begins another life: what it said counts no more. */
export function agreementForgets({ agreement }: Cluster): void {
  agreement.theirs = null;
  agreement.differences = [];
  agreement.absent = new Set();
  agreement.tellAt = NEVER;
  agreement.alike = false;
}

/** The configuration is another one. */
export function agreementReconfigured(cluster: Cluster, turn: Turn): void {
  const { agreement, nodes } = cluster;
  if (agreement.theirs !== null && !nodes.has(agreement.theirs.node)) agreementForgets(cluster);
  if (JSON.stringify(ownArrangement(cluster)) !== agreement.said) arrangementDue(cluster, turn);
  compare(cluster, turn, false);
}

/** The other node has said what it has. */
export function arrangementTold(
  cluster: Cluster,
  turn: Turn,
  { name: node }: Node,
  arrangement: Arrangement,
  { generation, sequence }: { readonly generation: number | null; readonly sequence: number | null },
): void {
  const { agreement } = cluster;
  const { theirs } = agreement;
  if (generation === null || sequence === null || cluster.config.nodes.length !== NODES) return;
  if (theirs !== null && theirs.generation === generation && sequence < theirs.sequence) return;
  agreement.theirs = { node, arrangement, generation, sequence };
  if (agreement.sayAt === NEVER) arrangementDue(cluster, turn);
  compare(cluster, turn, theirs === null);
}

/** `anew`: in this life of the other node it was not told yet. */
function compare(cluster: Cluster, turn: Turn, anew: boolean): void {
  const { agreement } = cluster;
  const { theirs } = agreement;
  agreement.differences =
    theirs === null
      ? []
      : differences(groupsOf(cluster), ownArrangement(cluster), theirs.arrangement, theirs.node);
  agreement.absent = theirs === null ? new Set() : absent(groupsOf(cluster), theirs.arrangement);
  const text = agreement.differences.join("; ");
  if (text === "") {
    agreement.alike ||= theirs !== null;
    agreement.tellAt = NEVER;
    if (agreement.told !== "") tell(cluster, turn);
  } else if (anew || text !== agreement.told) {
    const at = agreement.alike ? after(turn.now, GRACE) : turn.now;
    agreement.tellAt = earlier(agreement.tellAt, at);
  }
}

function tell(cluster: Cluster, turn: Turn): void {
  const { agreement } = cluster;
  agreement.tellAt = NEVER;
  agreement.told = agreement.differences.join("; ");
  if (agreement.told !== "") agreement.alike = false;
  if (agreement.theirs !== null) tellAgreement(cluster, turn, agreement.theirs.node, agreement.told);
}

/** Whatever is due of it. */
export function agreementDue(cluster: Cluster, turn: Turn): void {
  const { agreement } = cluster;
  if (agreement.tellAt <= turn.now) tell(cluster, turn);
  if (agreement.sayAt > turn.now || cluster.state === null) return;
  const arrangement = ownArrangement(cluster);
  agreement.said = JSON.stringify(arrangement);
  agreement.sayAt = arrangement.count > 0 ? after(turn.now, SAY_EVERY) : NEVER;
  say(cluster, turn, { kind: "arrangement", arrangement });
}

/** When that is; in the past where it is now. */
export const agreementAt = ({ agreement, state }: Cluster): Instant =>
  earlier(agreement.tellAt, state === null ? NEVER : agreement.sayAt);

/** In the status: null where there is nothing to agree on. */
export function agreementStatus(cluster: Cluster): object | null {
  const { agreement, config, nodes } = cluster;
  const [peer] = nodes.keys();
  if (config.nodes.length !== NODES || peer === undefined) return null;
  const { theirs, differences: found } = agreement;
  if (groupsOf(cluster).length === 0 && found.length === 0) return null;
  const state = theirs === null ? "unknown" : found.length === 0 ? "same" : "differs";
  return { node: peer, state, differences: found };
}

/** Whether an operator was told that the two differ, and they do still. */
export const disagrees = ({ agreement }: Cluster): boolean =>
  agreement.told !== "" && agreement.differences.length > 0;
