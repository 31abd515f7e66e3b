/**
 * What haagent nodes tell each other of their virtual routers over the links of their cluster, in two messages of their own. A heartbeat
 * daemon numbers and acknowledges them as it does with every type, and looks no further. Both are signed and numbered like any other message, so
 * nobody can make one up, nor say it again later.
 *
 *   t=haagent-ask    ask=2f  vrrp=51.4 52.6
 *   t=haagent-claim  dest=ha2  ask=2f  vrrp=VI_1 51 4 1 master 1 150 7f3 10.0.0.1;VI_6 52 6 1 backup 1 100 0 fe80::1
 *
 * A claim is NAME VRID FAMILY ONLY STATE HEALTHY PRIORITY ADVERTS ADDRESS; words behind those are for later versions.
 */
import type { Family, Ip } from "../base/address.ts";
import { familyOf, parseIp } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import type { Priority } from "../base/units.ts";
import { priority } from "../base/units.ts";
import type { Message, Octets } from "../wire/heartbeat-message.ts";
import { valueOf } from "../wire/heartbeat-message.ts";

/** Which election a question is about: routers of the same VRID and family. */
export interface Subject {
  /** 1 to 255. */
  readonly vrid: number;
  readonly family: Family;
}

/** The role of a router; `released` is said once, by a master that has just given its addresses up and is none any more. */
export const CLAIM_STATES = ["init", "backup", "master", "fault", "standby", "released"] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];

/** What a node says of one of its routers. Whose it is, and of which life, the message around it says. */
export interface Claim extends Subject {
  /** The router's name on that node; another one here is no other router, unless there are several with its VRID and family. */
  readonly name: string;
  /** No other router of that node has its VRID and family. */
  readonly only: boolean;
  readonly state: ClaimState;
  /** Of a master: its adverts leave. Of another: nothing keeps it from taking over. */
  readonly healthy: boolean;
  /** The effective one, 0 to 255. */
  readonly priority: Priority;
  /** Adverts sent in this life of the node: of two claims the one with fewer is the older one. */
  readonly adverts: number;
  /** What its adverts come from; null while there is none. */
  readonly address: Ip | null;
}

/** Characters of the claims in a message: it takes a line of 19,200 baud less than half a second, headers included. */
export const CLAIM_TEXT_MAX = 480;
/** Elections in a question, which is then about as long. */
export const SUBJECTS_MAX = 64;
/** What is read of others, who may pack more tightly. */
const READ_MAX = 4 * CLAIM_TEXT_MAX;
const NAME_MAX = 64;
/** The digits of a number that counts up: more is none of ours. */
const COUNT_DIGITS_MAX = 12;

export const subjectText = ({ vrid, family }: Subject): string => `${vrid}.${family}`;

const claimText = (claim: Claim): string =>
  [
    ...[claim.name, claim.vrid, claim.family, claim.only ? 1 : 0, claim.state, claim.healthy ? 1 : 0],
    ...[claim.priority, claim.adverts.toString(16), claim.address ?? "-"],
  ].join(" ");

export const encodeSubjects = (subjects: readonly Subject[]): Octets => {
  assert(subjects.length <= SUBJECTS_MAX, "a question is bounded");
  return subjects.map(subjectText).join(" ");
};

export const encodeClaims = (claims: readonly Claim[]): Octets => claims.map(claimText).join(";");

/** Distributes claims over as few messages as {@link CLAIM_TEXT_MAX} allows, in their order. */
export function bundles(claims: readonly Claim[]): Claim[][] {
  const made: Claim[][] = [];
  let room = 0;
  for (const claim of claims) {
    const length = claimText(claim).length + 1;
    const last = made.at(-1);
    if (last === undefined || length > room) {
      made.push([claim]);
      room = CLAIM_TEXT_MAX - length;
    } else {
      last.push(claim);
      room -= length;
    }
  }
  return made;
}

function whole(text: string, least: number, most: number): number | null {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return null;
  const value = Number(text);
  return value >= least && value <= most ? value : null;
}

const familyFrom = (text: string): Family | null => (text === "4" ? 4 : text === "6" ? 6 : null);
const bit = (text: string): boolean | null => (text === "1" ? true : text === "0" ? false : null);

function parseCount(text: Octets | null): number | null {
  if (text === null || text.length > COUNT_DIGITS_MAX || !/^(0|[1-9a-f][0-9a-f]*)$/.test(text)) return null;
  return Number.parseInt(text, 16);
}

/** At least one; null when the text is no such list, or too long. */
export function decodeSubjects(text: Octets | null): readonly Subject[] | null {
  const items = text === null || text.length > READ_MAX ? [] : text.split(" ");
  if (items.length === 0 || items.length > SUBJECTS_MAX) return null;
  const subjects: Subject[] = [];
  for (const item of items) {
    const [number = "", kind = "", ...rest] = item.split(".");
    const vrid = whole(number, 1, 255);
    const family = familyFrom(kind);
    if (vrid === null || family === null || rest.length > 0) return null;
    subjects.push({ vrid, family });
  }
  return subjects;
}

function decodeClaim(text: string): Claim | null {
  const [
    name = "",
    number = "",
    kind = "",
    alone = "",
    word = "",
    well = "",
    rank = "",
    count = "",
    from = "",
  ] = text.split(" ");
  const [vrid, family] = [whole(number, 1, 255), familyFrom(kind)];
  const [only, healthy] = [bit(alone), bit(well)];
  const state = CLAIM_STATES.find((each) => each === word);
  const [ranked, adverts] = [whole(rank, 0, 255), parseCount(count)];
  if (!/^[\x21-\x7e]+$/.test(name) || name.length > NAME_MAX) return null;
  if (vrid === null || family === null || only === null || healthy === null) return null;
  if (state === undefined || ranked === null || adverts === null) return null;
  const address = from === "-" ? null : parseIp(from);
  if (address !== null && (!address.ok || familyOf(address.value) !== family)) return null;
  const common = { name, vrid, family, only, state, healthy, priority: priority(ranked), adverts };
  return { ...common, address: address === null ? null : address.value };
}

/** At least one; null when the text is no such list, or too long. */
export function decodeClaims(text: Octets | null): readonly Claim[] | null {
  if (text === null || text.length > READ_MAX) return null;
  const claims: Claim[] = [];
  for (const item of text.split(";")) {
    const claim = decodeClaim(item);
    if (claim === null) return null;
    claims.push(claim);
  }
  return claims;
}

/** What is asked, and the id to answer it under, from 1; null when either is missing. */
export function decodeQuestion(
  message: Message,
): { readonly id: number; readonly about: readonly Subject[] } | null {
  const id = parseCount(valueOf(message, "ask"));
  const about = decodeSubjects(valueOf(message, "vrrp"));
  return id === null || id === 0 || about === null ? null : { id, about };
}

/** What is claimed, and the id of the question that it answers, null unasked; null when there is no claim, or an id that is none. */
export function decodeAnswer(
  message: Message,
): { readonly answers: number | null; readonly claims: readonly Claim[] } | null {
  const asked = valueOf(message, "ask");
  const answers = asked === null ? null : parseCount(asked);
  const claims = decodeClaims(valueOf(message, "vrrp"));
  return claims === null || (asked !== null && (answers ?? 0) === 0) ? null : { answers, claims };
}
