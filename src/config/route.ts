/** Routes as a configuration says them: in the words of ip-route(8). */
import type { Family, Ip } from "../base/address.ts";
import { familyOf, isLinkLocal, isMulticast } from "../base/address.ts";
import type { Kind } from "./kind.ts";
import type { Grammar, NetworkSaid, Phrase } from "./phrase.ts";
import {
  readAddress,
  readInterface,
  readNetwork,
  readNumber,
  readPhrase,
  readTable,
  showTable,
} from "./phrase.ts";
import { quote } from "./words.ts";

/** A route that moves with a router. */
export interface RouteConfig {
  readonly family: Family;
  readonly type: "unicast" | "blackhole" | "unreachable" | "prohibit" | "throw";
  readonly destination: Ip;
  /** Prefix length in bits. */
  readonly prefix: number;
  readonly via: Ip | null;
  /** Null: the kernel finds it by `via`, or there is none. */
  readonly interface: string | null;
  readonly table: number;
  /** Metric; IPv6: 1 or more. */
  readonly metric: number;
  readonly source: Ip | null;
  /** RT_SCOPE_*; 0 for IPv6. */
  readonly scope: number;
  readonly onlink: boolean;
  /** Null: that of the interface. */
  readonly mtu: number | null;
}

const OURS = "routes of haagent carry the protocol number 112, by which it knows them again";
const ONE = "a route has one next router here";
const GRAMMAR: Grammar = {
  what: "a route",
  types: ["unicast", "blackhole", "unreachable", "prohibit", "throw"],
  keys: {
    to: "to",
    via: "via",
    dev: "dev",
    table: "table",
    metric: "metric",
    preference: "metric",
    priority: "metric",
    src: "src",
    scope: "scope",
    mtu: "mtu",
  },
  flags: ["onlink"],
  free: "to",
  refused: { proto: OURS, protocol: OURS, nexthop: ONE, nhid: ONE },
};

const U32_MAX = 0xffff_ffff;
const MTU_MAX = 65_535;
/** RFC 791 3.2, RFC 8200 5. */
const MTU_LEAST: Readonly<Record<Family, number>> = { 4: 68, 6: 1280 };
/** IP6_RT_PRIO_USER: what the kernel makes of none. */
const METRIC_IP6 = 1024;
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254 };
const SCOPE_LINK = 253;
const MAIN = 254;

/** Reads an argument where the word is said; undefined where it is not, null after reporting. */
function optional<Value>(
  phrase: Phrase,
  key: string,
  read: (text: string) => Value | null,
): Value | null | undefined {
  const text = phrase.said.get(key);
  return text === undefined ? undefined : read(text);
}

/** A route in quotes. */
export const route: Kind<RouteConfig> = {
  manual: "a route in the words of ip-route(8)",
  read(written, report) {
    const phrase = readPhrase(written, GRAMMAR, report);
    return phrase === null ? null : understand(phrase);
  },
  show: (value) => quote(showRoute(value)),
};

function understand(phrase: Phrase): RouteConfig | null {
  const to = optional(phrase, "to", (text) => readNetwork(phrase, text));
  if (to === undefined) return phrase.wrong('a route needs a destination: a network, or "default"');
  const via = optional(phrase, "via", (text) => readAddress(phrase, "via", text));
  const source = optional(phrase, "src", (text) => readAddress(phrase, "src", text));
  if (to === null || via === null || source === null) return null;
  const family = familyOfRoute(phrase, to, [via, source]);
  if (family === null) return null;
  const number = (key: string, low: number, high: number): number | null | undefined =>
    optional(phrase, key, (text) => readNumber(phrase, key, text, low, high));
  const device = optional(phrase, "dev", (text) => readInterface(phrase, "dev", text));
  const table = optional(phrase, "table", (text) => readTable(phrase, text));
  const metric = number("metric", 0, U32_MAX);
  const mtu = number("mtu", MTU_LEAST[family], MTU_MAX);
  const scope = optional(phrase, "scope", (text) => readScope(phrase, family, text));
  if (device === null || table === null || metric === null || mtu === null || scope === null) return null;
  const type = typeOf(phrase);
  const network = to === "any" ? { address: family === 4 ? ANY4 : ANY6, prefix: 0 } : to;
  const read: RouteConfig = {
    family,
    type,
    destination: network.address,
    prefix: network.prefix,
    via: via ?? null,
    interface: device ?? null,
    table: table ?? MAIN,
    metric: family === 6 && (metric ?? 0) === 0 ? METRIC_IP6 : (metric ?? 0),
    source: source ?? null,
    // As ip(8) does: what has a next router is global, what is on the link is of the link.
    scope: scope ?? (family === 4 && type === "unicast" && via === undefined ? SCOPE_LINK : 0),
    onlink: phrase.flags.has("onlink"),
    mtu: mtu ?? null,
  };
  const why = impossible(read);
  return why === null ? read : phrase.wrong(why);
}

const ANY4 = "0.0.0.0" as Ip;
const ANY6 = "::" as Ip;

function typeOf({ type }: Phrase): RouteConfig["type"] {
  return type === "blackhole" || type === "unreachable" || type === "prohibit" || type === "throw"
    ? type
    : "unicast";
}

/** IPv4 where nothing tells, as with ip(8). */
function familyOfRoute(
  phrase: Phrase,
  to: NetworkSaid | "any",
  others: readonly (Ip | undefined)[],
): Family | null {
  const told = [to === "any" ? undefined : to.address, ...others].filter((ip) => ip !== undefined);
  const families = [...(phrase.family === null ? [] : [phrase.family]), ...told.map(familyOf)];
  const family = families[0] ?? 4;
  return families.every((each) => each === family) ? family : phrase.wrong("mixes IPv4 and IPv6");
}

function readScope(phrase: Phrase, family: Family, text: string): number | null {
  const named = Object.hasOwn(SCOPES, text) ? SCOPES[text] : undefined;
  const scope = named ?? readNumber(phrase, "scope", text, 0, 254);
  if (scope === null || family === 4 || scope === 0) return scope;
  return phrase.wrong("IPv6 knows no scope of a route");
}

/** Why the kernel would not take it, or null. */
function impossible(read: RouteConfig): string | null {
  const { type, via, interface: device, onlink, source, mtu, family, destination, prefix } = read;
  if (prefix > 0 && isMulticast(destination)) return `${destination} is a multicast group`;
  if (type !== "unicast") {
    const given = via !== null || device !== null || onlink || source !== null || mtu !== null;
    return given ? `a ${type} route leads nowhere: it has no via, dev, src, mtu or onlink` : null;
  }
  if (via === null && device === null) return "a route needs via or dev";
  if (onlink && (via === null || device === null)) return "onlink needs via and dev";
  if (via !== null && isLinkLocal(via) && device === null) return `via ${via} needs dev: it is link-local`;
  if (via !== null && isMulticast(via)) return `via ${via} is a multicast group`;
  if (family === 4 && read.scope === SCOPE_LINK && via !== null) {
    return "scope link is for what is on the link, without via";
  }
  return null;
}

/** A network as ip(8) prints it. */
export const showNetwork = (address: Ip, prefix: number): string =>
  prefix > 0 ? `${address}/${prefix}` : familyOf(address) === 4 ? "default" : "::/0";

/** A route as ip(8) takes it, always in the same words. */
export function showRoute(value: RouteConfig): string {
  const { family, type, destination, prefix, via, interface: device, table, metric, source, mtu } = value;
  const words: string[] = type === "unicast" ? [] : [type];
  words.push(showNetwork(destination, prefix));
  if (via !== null) words.push("via", via);
  if (device !== null) words.push("dev", device);
  if (table !== MAIN) words.push("table", showTable(table));
  if (metric !== (family === 6 ? METRIC_IP6 : 0)) words.push("metric", `${metric}`);
  if (source !== null) words.push("src", source);
  const usual = family === 4 && type === "unicast" && via === null ? SCOPE_LINK : 0;
  if (value.scope !== usual) {
    const name = Object.entries(SCOPES).find(([, number]) => number === value.scope)?.[0];
    words.push("scope", name ?? `${value.scope}`);
  }
  if (value.onlink) words.push("onlink");
  if (mtu !== null) words.push("mtu", `${mtu}`);
  return words.join(" ");
}
