/** `nft -j list ruleset` (libnftables-json(5)) as chains that can be judged. */
import type { Family, Ip } from "../base/address.ts";
import { isMulticast, parseIp, within } from "../base/address.ts";
import type { Chain, Probe, Rule, Test, Verdict } from "./ruleset.ts";
import { always, not, protocolNumber, tcpFlags, unknown } from "./ruleset.ts";

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const FAMILIES: Readonly<Record<string, readonly Family[]>> = { ip: [4], ip6: [6], inet: [4, 6] };
const DIRECTIONS: Readonly<Record<string, "in" | "out">> = {
  prerouting: "in",
  input: "in",
  output: "out",
  postrouting: "out",
};
/** Where IPVS takes what is for a virtual service from the hook of input (NF_IP_PRI_NAT_SRC - 2). */
const IPVS_PRIORITY = 98;
/** What is sent with the highest TTL: VRRP, and that behind an authentication header. */
const ADVERTS: readonly number[] = [112, 51];
/** The least priority of a protocol number field, by the header that has it. */
const NUMBER_FIELDS: readonly string[] = ["protocol", "nexthdr"];

/** The sets of a ruleset by table and name, with their elements where those are written down. */
type Sets = ReadonlyMap<string, readonly unknown[]>;

/** The chains of a ruleset; null for a text that is none. */
export function readNft(text: string): readonly Chain[] | null {
  const objects = parse(text);
  if (objects === null) return null;
  const sets = new Map<string, readonly unknown[]>();
  const rules = new Map<string, Rule[]>();
  const chains: Chain[] = [];
  for (const { set, map } of objects) {
    const named = isObject(set) ? set : isObject(map) ? map : null;
    // What is added while packets pass is not in the listing for long.
    if (named === null || listOf(named["flags"]).includes("dynamic")) continue;
    sets.set(`${placeOf(named)} ${textOf(named["name"])}`, listOf(named["elem"]));
  }
  for (const { rule } of objects) {
    if (!isObject(rule)) continue;
    const name = `${placeOf(rule)} ${textOf(rule["chain"])}`;
    rules.set(name, [...(rules.get(name) ?? []), readRule(rule, sets)]);
  }
  for (const { chain } of objects) {
    if (!isObject(chain)) continue;
    const name = `${placeOf(chain)} ${textOf(chain["name"])}`;
    chains.push({
      name,
      families: FAMILIES[textOf(chain["family"])] ?? [],
      direction: DIRECTIONS[textOf(chain["hook"])] ?? null,
      policy: chain["policy"] === "drop" ? "drop" : "accept",
      behindIpvs: chain["hook"] === "input" && Number(chain["prio"]) >= IPVS_PRIORITY,
      rules: rules.get(name) ?? [],
    });
  }
  return chains;
}

function parse(text: string): readonly Json[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? listOf(value["nftables"]).filter(isObject) : null;
  } catch {
    return null;
  }
}

const placeOf = (object: Json): string => `${textOf(object["family"])} ${textOf(object["table"])}`;

/** Statements that neither choose nor end. */
const HARMLESS: readonly string[] = ["counter", "log", "comment", "mangle", "flow", "ct helper"];

function readRule(rule: Json, sets: Sets): Rule {
  const place = placeOf(rule);
  const tests: Test[] = [];
  const verdicts: { test: Test; verdict: Verdict }[] = [];
  for (const statement of listOf(rule["expr"]).filter(isObject)) {
    const [key = ""] = Object.keys(statement);
    const value = statement[key];
    const verdict = readVerdict(statement, place);
    if (verdict !== null) verdicts.push({ test: always, verdict });
    else if (key === "match" && isObject(value)) tests.push(readMatch(value, place, sets));
    else if (key === "vmap" && isObject(value)) verdicts.push(...readMap(value, place, sets));
    // A rate that is kept to lets everything pass.
    else if (key !== "limit" && !HARMLESS.includes(key)) tests.push(unknown);
  }
  return { tests, verdicts };
}

function readVerdict(statement: Json, place: string): Verdict | null {
  if ("accept" in statement) return { kind: "accept" };
  if ("drop" in statement || "reject" in statement) return { kind: "drop" };
  if ("return" in statement) return { kind: "return" };
  if ("notrack" in statement) return { kind: "untrack" };
  for (const kind of ["jump", "goto"] as const) {
    const target = statement[kind];
    if (isObject(target)) return { kind, chain: `${place} ${textOf(target["target"])}` };
  }
  return null;
}

function readMatch({ op, left, right }: Json, place: string, sets: Sets): Test {
  const flags = tcpFlagsOf(left);
  if (flags !== null) return flagTest(op, flags.mask, right);
  if (op !== "==" && op !== "in" && op !== "!=") return unknown;
  const test = fieldTest(left, right, place, sets);
  // A rule ends at a field that the packet does not have, whatever it asks of it.
  return (probe) => (op === "!=" && !isAbsent(fieldOf(left, probe)) ? not(test)(probe) : test(probe));
}

const isTcpFlags = (value: unknown): boolean =>
  isObject(value) &&
  isObject(value["payload"]) &&
  value["payload"]["protocol"] === "tcp" &&
  value["payload"]["field"] === "flags";

/** `tcp flags`, or `tcp flags & (fin | syn)` with its mask; null for any other field. */
function tcpFlagsOf(left: unknown): { readonly mask: readonly string[] | null } | null {
  if (isTcpFlags(left)) return { mask: null };
  const [field, mask] = isObject(left) ? listOf(left["&"]) : [];
  return isTcpFlags(field) ? { mask: flagNames(mask) } : null;
}

/** `"syn"`, `["fin", "syn"]` or `{"|": ["fin", "syn"]}`, which may hold further ones. */
function flagNames(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return (isObject(value) ? listOf(value["|"]) : listOf(value)).flatMap(flagNames);
}

/** `in` asks whether any of them is set, `!` whether none is. */
function flagTest(op: unknown, mask: readonly string[] | null, right: unknown): Test {
  const wanted = flagNames(right);
  if (wanted.length === 0 && right !== 0) return unknown;
  if (op === "in" || op === "!") return mask === null ? tcpFlags(wanted, [], op === "in") : unknown;
  return op === "==" || op === "!=" ? tcpFlags(mask, wanted, op === "!=") : unknown;
}

function readMap({ key, data }: Json, place: string, sets: Sets): { test: Test; verdict: Verdict }[] {
  const named = typeof data === "string" ? sets.get(`${place} ${data.slice(1)}`) : undefined;
  const elements = named ?? (isObject(data) ? listOf(data["set"]) : []);
  return elements.flatMap((element) => {
    const [wanted, target] = listOf(element);
    const verdict = isObject(target) ? readVerdict(target, place) : null;
    return verdict === null ? [] : [{ test: fieldTest(key, wanted, place, sets), verdict }];
  });
}

/** What a field of the probe is: null where it cannot be told, `absent` where the packet has no such field. */
type Field = Ip | string | number | null | { readonly absent: true };
const ABSENT = { absent: true } as const;
const isAbsent = (field: Field): field is typeof ABSENT => typeof field === "object" && field !== null;

function fieldOf(left: unknown, probe: Probe): Field {
  if (!isObject(left)) return null;
  const { meta, payload, ct } = left;
  if (isObject(meta)) return metaField(textOf(meta["key"]), probe);
  if (isObject(payload)) return payloadField(textOf(payload["protocol"]), textOf(payload["field"]), probe);
  if (!isObject(ct)) return null;
  if (ct["key"] === "state") return probe.state;
  // What is invalid or not tracked belongs to no connection.
  return probe.state === "invalid" || probe.state === "untracked" ? ABSENT : null;
}

function metaField(key: string, probe: Probe): Field {
  const incoming = probe.direction === "in";
  switch (key) {
    case "iif":
    case "iifname":
      return incoming ? probe.interface : "";
    case "oif":
    case "oifname":
      return incoming ? "" : probe.interface;
    case "l4proto":
      return probe.protocol;
    case "nfproto":
      return `ipv${probe.family}`;
    case "protocol":
      return probe.family === 4 ? "ip" : "ip6";
    case "pkttype":
      return incoming ? (isMulticast(probe.destination) ? "multicast" : "host") : null;
    default:
      return null;
  }
}

function payloadField(header: string, field: string, probe: Probe): Field {
  if (header === "ip" || header === "ip6") {
    if (header !== (probe.family === 4 ? "ip" : "ip6")) return ABSENT;
    if (NUMBER_FIELDS.includes(field)) return probe.protocol;
    if (field === "daddr") return probe.destination;
    if (field === "saddr") return probe.source;
    return (field === "ttl" || field === "hoplimit") && ADVERTS.includes(probe.protocol) ? 255 : null;
  }
  const protocol = protocolNumber(header);
  if (protocol !== null && protocol !== probe.protocol) return ABSENT;
  // `th`: of any protocol that has ports.
  return field === "dport" && (protocol !== null || header === "th") ? probe.port : null;
}

function fieldTest(left: unknown, right: unknown, place: string, sets: Sets): Test {
  return (probe) => {
    const field = fieldOf(left, probe);
    if (isAbsent(field)) return false;
    return field === null ? null : equals(field, right, place, sets);
  };
}

/** Whether a field is one of what a rule names. */
function equals(field: Ip | string | number, right: unknown, place: string, sets: Sets): boolean | null {
  if (typeof right === "string" && right.startsWith("@")) {
    const elements = sets.get(`${place} ${right.slice(1)}`);
    return elements === undefined ? null : any(elements.map((each) => equals(field, each, place, sets)));
  }
  if (Array.isArray(right)) return any(right.map((each) => equals(field, each, place, sets)));
  if (isObject(right)) {
    const { set, prefix, range, elem } = right;
    if (set !== undefined) return equals(field, set, place, sets);
    if (isObject(elem)) return equals(field, elem["val"], place, sets);
    if (isObject(prefix)) return inPrefix(field, textOf(prefix["addr"]), Number(prefix["len"]));
    if (Array.isArray(range) && typeof field === "number") {
      const [low, high] = range.map(Number);
      return low !== undefined && high !== undefined && field >= low && field <= high;
    }
    return null;
  }
  if (typeof field === "number") {
    const number = typeof right === "string" || typeof right === "number" ? protocolNumber(right) : null;
    return number === null ? false : number === field;
  }
  if (typeof right !== "string") return null;
  if (right.endsWith("*")) return field.startsWith(right.slice(0, -1));
  const address = parseIp(right);
  return address.ok ? address.value === field : right === field;
}

function inPrefix(field: Ip | string | number, address: string, length: number): boolean | null {
  const [ip, network] = [parseIp(String(field)), parseIp(address)];
  return ip.ok && network.ok ? within(ip.value, network.value, length) : null;
}

/** Whether one of them holds. */
function any(results: readonly (boolean | null)[]): boolean | null {
  if (results.includes(true)) return true;
  return results.includes(null) ? null : false;
}
