/** What a message is about, by its type. Types that we do not know are the sender's business; the daemon ignores them too. */
import { unreachable } from "../base/assert.ts";
import type { Milliseconds } from "../base/units.ts";
import { ms } from "../base/units.ts";
import type { Field, Message, Octets, Values } from "../wire/heartbeat-message.ts";
import { TEXT, valueIn, valuesOf } from "../wire/heartbeat-message.ts";
import type { Arrangement } from "./arrangement.ts";
import { decodeArrangement, encodeArrangement } from "./arrangement.ts";
import type { Claim, Subject } from "./claim.ts";
import { decodeAnswer, decodeQuestion, encodeClaims, encodeSubjects } from "./claim.ts";
import { parseHex } from "./header.ts";

/** A node says that it runs (`up`), takes part (`active`), or has just begun (`init`). */
const STATUSES = ["init", "up", "active", "dead"] as const;
export type Status = (typeof STATUSES)[number];

/** Which resources, in the view of the one who speaks: those that prefer it (`local`), the others (`foreign`). */
const HOLDS = ["none", "local", "foreign", "all"] as const;
export type Hold = (typeof HOLDS)[number];

/** A day: no deadtime is longer. */
const DEADTIME_MAX = 24 * 3600 * 1000;

export type Content =
  | {
      readonly kind: "status";
      readonly status: Status;
      /** Silence after which others shall take the sender for dead. */
      readonly deadtime: Milliseconds;
    }
  /** `to` has been heard without a gap up to this number. */
  | { readonly kind: "ack"; readonly to: string; readonly sequence: number }
  /** `to` is asked for what was lost, `first` to `last`. */
  | { readonly kind: "rexmit"; readonly to: string; readonly first: number; readonly last: number }
  /** `to` will never get this number. */
  | { readonly kind: "nak"; readonly to: string; readonly sequence: number; readonly why: Nak }
  /** Asks `to` which nodes there are, before the asker becomes active. */
  | { readonly kind: "reqnodes"; readonly to: string }
  | {
      readonly kind: "repnodes";
      readonly to: string;
      readonly nodes: readonly string[];
      readonly removed: readonly string[];
    }
  /** The sender has become active. */
  | { readonly kind: "starting" }
  | {
      readonly kind: "resource";
      readonly hold: Hold;
      /** Says all that the sender holds, or what it has in addition. */
      readonly full: boolean;
      /** Whether nothing is under way; null where it says neither. */
      readonly stable: boolean | null;
      readonly info: Octets | null;
      /** The ping nodes that the sender hears: an haagent says so, and a heartbeat does not look at it. Null: not said. */
      readonly pings: number | null;
    }
  /** A step of a standby: `me`, `other` or `done`. */
  | { readonly kind: "standby"; readonly hold: Hold; readonly step: Octets }
  /** The sender wants what the other one holds. */
  | { readonly kind: "takeover"; readonly hold: Hold }
  /** auto_failback legacy: the owner of a group is asked to let it go. `group` is its first resource. */
  | { readonly kind: "ip-request"; readonly group: Octets }
  | { readonly kind: "ip-response"; readonly to: string; readonly group: Octets; readonly owned: boolean }
  /** ipfail: the sender hears so many ping nodes, and wants to know who of both hears more. */
  | { readonly kind: "ping-count"; readonly to: string; readonly count: number }
  /** ipfail: `to` hears fewer, and shall give up what it holds; or shall not, as both hear the same. */
  | { readonly kind: "give-up"; readonly to: string; readonly really: boolean }
  /** ipfail runs on the sender from now on: what it was told before, it was not. */
  | { readonly kind: "ipfail-joined" }
  /** All resources are released, and the sender is about to end. */
  | { readonly kind: "shutdone" }
  /** Of haagent: all are asked how their routers are that take part in these elections. `id` is that of the question, from 1. */
  | { readonly kind: "ask-claims"; readonly id: number; readonly about: readonly Subject[] }
  /** Of haagent: how routers of the sender are, at least one; to everyone where `to` is null. `answers` is the question's `id`, null unasked. */
  | {
      readonly kind: "claims";
      readonly to: string | null;
      readonly answers: number | null;
      readonly claims: readonly Claim[];
    }
  /** Of haagent: what `to` says is dropped, as this later life of it was heard. */
  | { readonly kind: "life"; readonly to: string; readonly generation: number }
  /** Of haagent: what the sender has of all that both nodes must have alike. */
  | { readonly kind: "arrangement"; readonly arrangement: Arrangement }
  | { readonly kind: "other" };

/** The daemon's words. */
export type Nak = "seqno too low" | "seqno not found";

type Fields = readonly (readonly [name: string, value: Octets])[];

/** Most types say `t` first. */
const of = (type: string, ...fields: Fields): Fields => [["t", type], ...fields];

const hex = (value: number): string => value.toString(16);
/** Each name is ended by a blank, and so is no name. */
const names = (list: readonly string[]): string =>
  list.length === 0 ? " " : list.map((name) => `${name} `).join("");

/** From one node's ipfail to the other's: a client of the daemon, which brings its messages to it by these. */
const ipfail = (to: string): Fields => [
  ["dest", to],
  ["from_id", "ipfail"],
  ["to_id", "ipfail"],
  ["client_gen", "0"],
];

function fieldsOf(content: Exclude<Content, { readonly kind: "other" }>): Fields {
  switch (content.kind) {
    case "status":
      return [
        ["t", "status"],
        ["st", content.status],
        ["dt", hex(Math.round(content.deadtime))],
        // Without it the daemon neither acknowledges nor asks for nodes any more.
        ["protocol", "1"],
      ];
    case "ack":
      return of("NS_ackmsg", ["dest", content.to], ["ackseq", hex(content.sequence)]);
    case "rexmit": {
      const { to, first, last } = content;
      // Decimal, here only.
      return of("NS_rexmit", ["dest", to], ["firstseq", String(first)], ["lastseq", String(last)]);
    }
    case "nak": {
      const { to, sequence, why } = content;
      return of("NS_nak_rexmit", ["firstseq", hex(sequence)], ["dest", to], ["info", why]);
    }
    case "reqnodes":
      return of("reqnodes", ["dest", content.to]);
    case "repnodes":
      return [
        ["dest", content.to],
        ["t", "repnodes"],
        ["nodelist", names(content.nodes)],
        ["delnodelist", names(content.removed)],
      ];
    case "starting":
      return [["t", "starting"]];
    case "resource":
      return [
        ["t", "resource"],
        ["rsc_hold", content.hold],
        ...(content.full ? [["rtype", "full"] as const] : []),
        ...(content.stable === null ? [] : [["isstable", content.stable ? "1" : "0"] as const]),
        ...(content.info === null ? [] : [["info", content.info] as const]),
        ...(content.pings === null ? [] : [["haagent", String(content.pings)] as const]),
      ];
    case "standby":
      return of("ask_resources", ["rsc_hold", content.hold], ["info", content.step]);
    case "takeover":
      return of("hb_takeover", ["rsc_hold", content.hold]);
    case "ip-request":
      return of("ip-request", ["ipaddr", content.group]);
    case "ip-response":
      return [
        ["t", "ip-request-resp"],
        ["dest", content.to],
        ["ipaddr", content.group],
        ["weown", content.owned ? "yes" : "no"],
        ["ok", "OK"],
      ];
    case "ping-count":
      return [["t", "num_ping_nodes"], ["num_ping", String(content.count)], ...ipfail(content.to)];
    case "give-up":
      return [["t", content.really ? "you_are_dead" : "abort_giveup"], ...ipfail(content.to)];
    case "shutdone":
      return of("shutdone", ["st", "dead"]);
    case "ask-claims":
      return [
        ["t", "haagent-ask"],
        ["ask", hex(content.id)],
        ["vrrp", encodeSubjects(content.about)],
      ];
    case "claims":
      return [
        ["t", "haagent-claim"],
        ...(content.to === null ? [] : [["dest", content.to] as const]),
        ...(content.answers === null ? [] : [["ask", hex(content.answers)] as const]),
        ["vrrp", encodeClaims(content.claims)],
      ];
    case "ipfail-joined":
      return of(
        "hbapi-clstat",
        ["st", "join"],
        ["from_id", "ipfail"],
        ["to_id", "ipfail"],
        ["info", "signon"],
        ["client_gen", "0"],
      );
    case "life":
      return of("haagent-life", ["dest", content.to], ["life", hex(content.generation)]);
    case "arrangement":
      return of("haagent-groups", ...encodeArrangement(content.arrangement));
    default:
      return unreachable(content);
  }
}

/** The fields of a content, for `compose` of header.ts. */
export const encodeContent = (content: Exclude<Content, { readonly kind: "other" }>): Message =>
  fieldsOf(content).map((each): Field => ({ name: each[0], type: TEXT, value: each[1] }));

const parseDecimal = (text: Octets | null): number | null =>
  text !== null && /^[0-9]{1,12}$/.test(text) ? Number(text) : null;

const word = <Word extends string>(words: readonly Word[], text: Octets | null): Word | null =>
  words.find((each) => each === text) ?? null;

const list = (text: Octets): readonly string[] => text.toLowerCase().split(" ").filter(Boolean);

/** `values` are those of the message, where they are at hand. Null when a message of a type that we know lacks what its type must have. */
export function decodeContent(message: Message, values: Values = valuesOf(message)): Content | null {
  const type = valueIn(values, "t");
  if (type === "status") {
    const status = word(STATUSES, valueIn(values, "st"));
    const deadtime = parseHex(valueIn(values, "dt"));
    if (status === null || deadtime === null || deadtime === 0 || deadtime > DEADTIME_MAX) return null;
    return { kind: "status", status, deadtime: ms(deadtime) };
  }
  const to = valueIn(values, "dest")?.toLowerCase() ?? null;
  const hold = word(HOLDS, valueIn(values, "rsc_hold"));
  const info = valueIn(values, "info");
  const group = valueIn(values, "ipaddr");
  switch (type) {
    case "NS_ackmsg": {
      const sequence = parseHex(valueIn(values, "ackseq"));
      return sequence === null || to === null ? null : { kind: "ack", to, sequence };
    }
    case "NS_rexmit": {
      const first = parseDecimal(valueIn(values, "firstseq"));
      const last = parseDecimal(valueIn(values, "lastseq"));
      if (first === null || last === null || to === null || last < first) return null;
      return { kind: "rexmit", to, first, last };
    }
    case "NS_nak_rexmit": {
      const sequence = parseHex(valueIn(values, "firstseq"));
      const why = word<Nak>(["seqno too low", "seqno not found"], info) ?? "seqno not found";
      return sequence === null || to === null ? null : { kind: "nak", to, sequence, why };
    }
    case "reqnodes":
      return to === null ? null : { kind: "reqnodes", to };
    case "repnodes": {
      const nodes = list(valueIn(values, "nodelist") ?? "");
      const removed = list(valueIn(values, "delnodelist") ?? "");
      return to === null || nodes.length === 0 ? null : { kind: "repnodes", to, nodes, removed };
    }
    case "starting":
      return { kind: "starting" };
    case "resource": {
      if (hold === null) return null;
      const stability = valueIn(values, "isstable");
      const stable = stability === null ? null : stability === "1";
      const full = valueIn(values, "rtype") === "full";
      return { kind: "resource", hold, full, stable, info, pings: parseDecimal(valueIn(values, "haagent")) };
    }
    case "ask_resources":
      return hold === null || info === null ? null : { kind: "standby", hold, step: info };
    case "hb_takeover":
      return hold === null ? null : { kind: "takeover", hold };
    case "ip-request":
      return group === null ? null : { kind: "ip-request", group };
    case "ip-request-resp": {
      if (group === null || to === null) return null;
      return { kind: "ip-response", to, group, owned: valueIn(values, "weown") === "yes" };
    }
    case "num_ping_nodes": {
      const count = parseDecimal(valueIn(values, "num_ping"));
      return to === null || count === null ? null : { kind: "ping-count", to, count };
    }
    case "you_are_dead":
    case "abort_giveup":
      return to === null ? null : { kind: "give-up", to, really: type === "you_are_dead" };
    case "hbapi-clstat": {
      const joins = valueIn(values, "st") === "join" && valueIn(values, "from_id") === "ipfail";
      return { kind: joins ? "ipfail-joined" : "other" };
    }
    case "shutdone":
      return { kind: "shutdone" };
    case "haagent-ask": {
      const question = decodeQuestion(message);
      return question === null ? null : { kind: "ask-claims", ...question };
    }
    case "haagent-claim": {
      const answer = decodeAnswer(message);
      return answer === null ? null : { kind: "claims", to, ...answer };
    }
    case "haagent-life": {
      const generation = parseHex(valueIn(values, "life"));
      return to === null || generation === null ? null : { kind: "life", to, generation };
    }
    case "haagent-groups": {
      const arrangement = decodeArrangement(message);
      return arrangement === null ? null : { kind: "arrangement", arrangement };
    }
    default:
      return { kind: "other" };
  }
}
