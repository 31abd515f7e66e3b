/**
 * haresources: which groups of resources there are, in heartbeat's own words. A line is a group, on both nodes the same:
 *
 *     ha1 10.0.0.9/24/eth0 drbddisk::r0 Filesystem::/dev/drbd0::/srv::ext4 mysqld
 *     │   │                                └ arguments behind `::`
 *     │   └ its resources, started from left to right; the first one is the group's name on the wire. A bare address is IPaddr::ADDRESS
 *     └ the node that prefers it
 */
import type { Ip } from "../base/address.ts";
import { addressBits, familyOf, parseIp } from "../base/address.ts";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import { kindOf } from "./resource-kind.ts";

/** Groups of a cluster, resources of a group, characters of a resource: heartbeat's own tools break above a line of 511. */
export const GROUPS_MAX = 100;
const RESOURCES_MAX = 50;
export const TEXT_MAX = 400;

/** Something that is started and stopped. */
export interface Resource {
  /** As it is written. */
  readonly text: string;
  /** A file of resource_dirs, or one of the resources that are built in. */
  readonly script: string;
  readonly args: readonly string[];
}

/** Resources that are on one node together. */
export interface Group {
  /** The text of its first resource: its name among nodes, unique. */
  readonly key: string;
  /** The node that prefers it, lower case. */
  readonly node: string;
  /** At least one, in the order of their start. */
  readonly resources: readonly Resource[];
}

/** What is wrong, where, and what helps. */
export interface ResourcesFinding {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly text: string;
}

/** What stands behind `IPaddr::`. Null: to be taken from the route to the address. */
export interface AddressArgument {
  readonly ip: Ip;
  readonly prefix: number | null;
  readonly interface: string | null;
  readonly broadcast: Ip | null;
}

/** Resources that are an address, and so begin with one. */
const ADDRESSES: readonly string[] = ["IPaddr", "IPaddr2", "IPv6addr"];
/** Resources whose data two nodes that run them at once destroy. */
const SHARED: readonly string[] = ["Filesystem", "drbddisk"];
/** IFNAMSIZ of <net/if.h>, without the zero. */
const INTERFACE_LENGTH_MAX = 15;

/** Whether two nodes that both run the group destroy its data. */
export const isShared = ({ resources }: Group): boolean =>
  resources.some(({ script }) => SHARED.includes(script));

/** The number of leading ones in a mask like 255.255.255.0; null when it is none. */
function maskBits(text: string): number | null {
  const mask = parseIp(text);
  if (!mask.ok || familyOf(mask.value) !== 4) return null;
  const bits = mask.value
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
  return /^1*0*$/.test(bits) ? bits.replaceAll("0", "").length : null;
}

function prefixOf(text: string, ip: Ip): number | null {
  const bits = /^[0-9]{1,3}$/.test(text) ? Number(text) : maskBits(text);
  return bits !== null && bits <= addressBits(familyOf(ip)) ? bits : null;
}

/** `ip[/prefix[/interface[/broadcast]]]` or `ip/prefix/broadcast`, or what is wrong with it. */
export function parseAddressArgument(text: string): Result<AddressArgument, string> {
  const [address = "", mask, third, fourth, ...more] = text.split("/");
  const parsed = parseIp(address);
  if (!parsed.ok) return fail(parsed.error);
  const ip = parsed.value;
  const prefix = mask === undefined ? null : prefixOf(mask, ip);
  if (mask !== undefined && prefix === null) return fail(`"${mask}" is no prefix of ${ip}`);
  // As heartbeat takes it: what begins with a digit is no interface.
  const numeric = third !== undefined && /^[0-9]/.test(third);
  const interfaceName = numeric ? undefined : third;
  if (numeric && fourth !== undefined) return fail(`"${third}" is no interface`);
  if (interfaceName !== undefined && !isInterface(interfaceName)) {
    return fail(`"${interfaceName}" is no interface`);
  }
  const last = numeric ? third : fourth;
  const broadcast = last === undefined ? null : parseIp(last);
  if (broadcast !== null && (!broadcast.ok || familyOf(broadcast.value) !== 4 || familyOf(ip) !== 4)) {
    return fail(`"${last}" is no broadcast address of ${ip}`);
  }
  if (more.length > 0) return fail(`"${text}" has more than address/prefix/interface/broadcast`);
  return ok({ ip, prefix, interface: interfaceName ?? null, broadcast: broadcast?.value ?? null });
}

/** The addresses that these groups have among their resources. */
export const addressesOf = (groups: readonly Group[]): Ip[] =>
  groups
    .flatMap(({ resources }) => resources)
    .filter(({ script }) => ADDRESSES.includes(script))
    .flatMap(({ args: [text = ""] }) => {
      const argument = parseAddressArgument(text);
      return argument.ok ? [argument.value.ip] : [];
    });

const isInterface = (text: string): boolean =>
  text.length > 0 && text.length <= INTERFACE_LENGTH_MAX && !/[\s/:]/.test(text);

/** A word of a line, or what is wrong with it. */
export function parseResource(text: string): Result<Resource, string> {
  if (text.length > TEXT_MAX) return fail(`a resource has at most ${TEXT_MAX} characters`);
  const bare = bareAddress(text);
  // An IPv6 address may have `::` in it, so it is looked for first.
  const [script = "", ...words] = bare === null ? text.split("::") : [bare, text];
  // As heartbeat does: between `::` and `::` is no argument.
  const args = words.filter((word) => word !== "");
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/.test(script)) {
    return fail(
      `"${script}" is no name of a script: write NAME::ARGUMENT, its directory is in resource_dirs`,
    );
  }
  if (ADDRESSES.includes(script)) {
    const behind = words.join("::");
    const argument = parseAddressArgument(behind);
    if (!argument.ok)
      return fail(`${script} needs an address: ${argument.error}; write ${script}::10.0.0.9/24/eth0`);
    const isV6 = familyOf(argument.value.ip) === 6;
    if (script === "IPaddr" && isV6) return fail(`IPaddr is for IPv4: write IPv6addr::${behind}`);
    if (script === "IPv6addr" && !isV6) return fail(`IPv6addr is for IPv6: write IPaddr::${behind}`);
    return ok({ text, script, args: [behind] });
  }
  const kind = kindOf({ script, args });
  return kind.ok ? ok({ text, script, args }) : kind;
}

/** The script for a word that is an address only; null: it is none. */
function bareAddress(text: string): string | null {
  const [address = ""] = text.split("/");
  if (parseIp(address).ok) return address.includes(":") ? "IPv6addr" : "IPaddr";
  // What looks like one is none other: better an error than a script of that name.
  return /^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]/.test(address) ? "IPaddr" : null;
}

interface Word {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const blanks = (text: string): string => " ".repeat(text.length);

/** The words of each group: a `#` ends a line, a `\` at its end goes on in the next. What has line feeds in it is one line all the same. */
function wordsOf(lines: readonly string[]): Word[][] {
  const groups: Word[][] = [];
  let words: Word[] = [];
  for (const [at, whole] of lines.entries()) {
    const text = whole
      .replace(/#.*/g, blanks)
      .replace(/\\[ \t\r]*\n/g, blanks)
      .trimEnd();
    const goesOn = text.endsWith("\\");
    for (const { 0: word, index } of (goesOn ? text.slice(0, -1) : text).matchAll(/\S+/g)) {
      words.push({ text: word, line: at + 1, column: index + 1 });
    }
    if (goesOn && at + 1 < lines.length) continue;
    if (words.length > 0) groups.push(words);
    words = [];
  }
  return groups;
}

/** A resource and where it is written, from 1. */
export interface Placed {
  readonly resource: Resource;
  readonly line: number;
  readonly column: number;
}

/** The resources of these lines, as far as they can be read. */
export const placedResources = (lines: readonly string[]): Placed[] =>
  wordsOf(lines).flatMap(([, ...words]) =>
    words.flatMap(({ text, line, column }) => {
      const resource = parseResource(text);
      return resource.ok ? [{ resource: resource.value, line, column }] : [];
    }),
  );

/** The groups of these lines for a cluster of `nodes`, names in lower case; or all that is wrong, never an empty list. */
export function readHaresources(
  lines: readonly string[],
  nodes: readonly string[],
): Result<readonly Group[], readonly ResourcesFinding[]> {
  const findings: ResourcesFinding[] = [];
  const wrong = ({ line, column }: Word, text: string): void => void findings.push({ line, column, text });
  const groups: Group[] = [];
  for (const [head, ...words] of wordsOf(lines)) {
    if (head === undefined) continue;
    const node = head.text.toLowerCase();
    if (!nodes.includes(node)) {
      wrong(head, `"${head.text}" is none of the nodes: a group begins with ${nodes.join(" or ")}`);
    }
    if (words.length === 0) wrong(head, `the group has no resources: name them behind ${head.text}`);
    const resources: Resource[] = [];
    for (const word of words) {
      const resource = parseResource(word.text);
      if (resource.ok) resources.push(resource.value);
      else wrong(word, resource.error);
    }
    const [first] = words;
    const key = first?.text ?? "";
    if (first !== undefined && groups.some((each) => each.key === key)) {
      wrong(first, `a group with ${key} as its first resource is there already: put another one first`);
    }
    if (resources.length > RESOURCES_MAX) wrong(head, `a group has at most ${RESOURCES_MAX} resources`);
    groups.push({ key, node, resources });
    if (groups.length === GROUPS_MAX + 1) wrong(head, `there are at most ${GROUPS_MAX} groups`);
  }
  return findings.length > 0 ? fail(findings) : ok(groups);
}

/** The node that most groups prefer; of several, that of the first group. All nodes come to the same, as they have the same groups. */
export function preferredNode(groups: readonly Group[]): string | null {
  const count = (name: string): number => groups.filter(({ node }) => node === name).length;
  const better = (best: string | null, node: string): string =>
    best === null || count(node) > count(best) ? node : best;
  return groups.map(({ node }) => node).reduce<string | null>(better, null);
}
