/** Policy rules as a configuration says them: in the words of ip-rule(8). */
import type { Family, Ip } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import type { Kind } from "./kind.ts";
import type { Grammar, NetworkSaid, Phrase } from "./phrase.ts";
import { readInterface, readNetwork, readNumber, readPhrase, readTable, showTable } from "./phrase.ts";
import { quote } from "./words.ts";

/** A rule that moves with a router. */
export interface RuleConfig {
  readonly family: Family;
  readonly priority: number;
  readonly action: "lookup" | "blackhole" | "unreachable" | "prohibit";
  /** 0 where the action looks nothing up. */
  readonly table: number;
  /** It is for packets that do not match. */
  readonly not: boolean;
  readonly from: { readonly address: Ip; readonly prefix: number } | null;
  readonly to: { readonly address: Ip; readonly prefix: number } | null;
  readonly iif: string | null;
  readonly oif: string | null;
  readonly mark: { readonly value: number; readonly mask: number } | null;
}

/** Just before the rule for the main table, as `ip rule add` on a host without other rules. */
export const PRIORITY_USUAL = 32_765;

const OURS = "rules of haagent carry the protocol number 112, by which it knows them again";
const GRAMMAR: Grammar = {
  what: "a rule",
  types: ["blackhole", "unreachable", "prohibit"],
  keys: {
    from: "from",
    to: "to",
    iif: "iif",
    dev: "iif",
    oif: "oif",
    fwmark: "fwmark",
    table: "table",
    lookup: "table",
    priority: "priority",
    preference: "priority",
    pref: "priority",
    order: "priority",
  },
  flags: ["not"],
  free: null,
  refused: { proto: OURS, protocol: OURS },
};

const U32_MAX = 0xffff_ffff;
const MAIN = 254;

/** A rule in quotes. */
export const rule: Kind<RuleConfig> = {
  manual: "a rule in the words of ip-rule(8)",
  read(written, report) {
    const phrase = readPhrase(written, GRAMMAR, report);
    return phrase === null ? null : understand(phrase);
  },
  show: (value) => quote(showRule(value)),
};

/** What a word says: `absent` where it is not there, null after reporting. */
function optional<Value>(
  phrase: Phrase,
  key: string,
  absent: Value,
  read: (text: string) => Value | null,
): { readonly value: Value } | null {
  const text = phrase.said.get(key);
  if (text === undefined) return { value: absent };
  const value = read(text);
  return value === null ? null : { value };
}

function understand(phrase: Phrase): RuleConfig | null {
  const network = (key: string) =>
    optional<NetworkSaid | "any">(phrase, key, "any", (text) => readNetwork(phrase, text));
  const from = network("from");
  const to = network("to");
  if (from === null || to === null) return null;
  const device = (key: string) => optional(phrase, key, "", (text) => readInterface(phrase, key, text));
  const iif = device("iif");
  const oif = device("oif");
  const mark = optional<RuleConfig["mark"] | "none">(phrase, "fwmark", "none", (text) =>
    readMark(phrase, text),
  );
  const table = optional(phrase, "table", MAIN, (text) => readTable(phrase, text));
  const priority = optional(phrase, "priority", PRIORITY_USUAL, (text) =>
    readNumber(phrase, "priority", text, 0, U32_MAX),
  );
  if (iif === null || oif === null || mark === null || table === null || priority === null) return null;
  const action = actionOf(phrase);
  if (action !== "lookup" && phrase.said.has("table")) {
    return phrase.wrong(`a ${action} rule looks nothing up: it has no table`);
  }
  const networks = [from.value, to.value].filter((each) => each !== "any");
  const families = [
    ...(phrase.family === null ? [] : [phrase.family]),
    ...networks.map(({ address }) => familyOf(address)),
  ];
  const family = families[0] ?? 4;
  if (!families.every((each) => each === family)) return phrase.wrong("mixes IPv4 and IPv6");
  return {
    family,
    priority: priority.value,
    action,
    table: action === "lookup" ? table.value : 0,
    not: phrase.flags.has("not"),
    from: narrowed(from.value),
    to: narrowed(to.value),
    iif: iif.value === "" ? null : iif.value,
    oif: oif.value === "" ? null : oif.value,
    mark: mark.value === "none" ? null : mark.value,
  };
}

/** A network of all addresses is none. */
const narrowed = (network: NetworkSaid | "any"): NetworkSaid | null =>
  network === "any" || network.prefix === 0 ? null : network;

function actionOf({ type }: Phrase): RuleConfig["action"] {
  return type === "blackhole" || type === "unreachable" || type === "prohibit" ? type : "lookup";
}

/** `1`, `0x10/0xf0`. */
function readMark(phrase: Phrase, text: string): RuleConfig["mark"] {
  const slash = text.indexOf("/");
  const head = slash < 0 ? text : text.slice(0, slash);
  const value = readNumber(phrase, "fwmark", head, 0, U32_MAX);
  if (value === null) return null;
  const mask =
    slash < 0 ? U32_MAX : readNumber(phrase, "the mask of fwmark", text.slice(slash + 1), 1, U32_MAX);
  if (mask === null) return null;
  if ((value & ~mask) !== 0) return phrase.wrong(`fwmark ${quote(text)} has bits outside its mask`);
  return { value, mask };
}

/** A rule as ip(8) takes it, always in the same words. */
export function showRule(value: RuleConfig): string {
  const { family, action, not, from, to, iif, oif, mark, table, priority } = value;
  const words = family === 6 && from === null && to === null ? ["-6"] : [];
  if (action !== "lookup") words.push(action);
  if (not) words.push("not");
  words.push("from", from === null ? "all" : `${from.address}/${from.prefix}`);
  if (to !== null) words.push("to", `${to.address}/${to.prefix}`);
  if (iif !== null) words.push("iif", iif);
  if (oif !== null) words.push("oif", oif);
  if (mark !== null) words.push("fwmark", showMark(mark));
  if (action === "lookup") words.push("table", showTable(table));
  if (priority !== PRIORITY_USUAL) words.push("priority", `${priority}`);
  return words.join(" ");
}

const showMark = ({ value, mask }: NonNullable<RuleConfig["mark"]>): string =>
  mask === U32_MAX ? `0x${value.toString(16)}` : `0x${value.toString(16)}/0x${mask.toString(16)}`;
