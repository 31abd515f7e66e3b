/**
 * What two nodes must have alike for groups to move between them, as haagents tell each other in a message of their own. A heartbeat numbers
 * and acknowledges it as it does with every type, and looks no further.
 *
 *   t=haagent-groups  failback=true  pings=1  groups=765e7680.ebc57560+ 1c291ca3.5d0d36ea-
 *
 * A group is the checksum of its name, that of its resources, and whether the sender prefers it (+) or the other node (-). Checksums find
 * a slip of an operator; against anybody else the message is signed.
 */
import { crc32 } from "../wire/crc32.ts";
import type { Message, Octets } from "../wire/heartbeat-message.ts";
import { valueOf } from "../wire/heartbeat-message.ts";
import type { Group } from "./haresources.ts";
import { GROUPS_MAX } from "./haresources.ts";
import type { Failback } from "./takeover-state.ts";

/** A group as the other node can compare it. */
interface Mark {
  /** Of its name, and of its resources in their order: checksums. */
  readonly key: number;
  readonly resources: number;
  /** The sender prefers it. */
  readonly own: boolean;
}

export interface Arrangement {
  readonly failback: Failback;
  /** Ping nodes and groups of them, that there are. */
  readonly pings: number;
  /** In the order of the configuration. */
  readonly groups: readonly Mark[];
}

const FAILBACKS: readonly Failback[] = [true, false, "legacy"];
/** Where there are no groups: a field is not empty on any wire. */
const NONE = "-";
const PINGS_MAX = 9999;
/** Names in a list of differences. */
const NAMED_MAX = 5;

const checksum = (text: string): number => crc32(new TextEncoder().encode(text), 0);

/** The arrangement of the node `own`. */
export const arrangementOf = (
  own: string,
  groups: readonly Group[],
  failback: Failback,
  pings: number,
): Arrangement => ({
  failback,
  pings: Math.min(pings, PINGS_MAX),
  groups: groups.map(({ key, node, resources }) => ({
    key: checksum(key),
    resources: checksum(resources.map(({ text }) => text).join(" ")),
    own: node === own,
  })),
});

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** The fields behind the type. */
export const encodeArrangement = ({
  failback,
  pings,
  groups,
}: Arrangement): readonly (readonly [string, Octets])[] => [
  ["failback", String(failback)],
  ["pings", String(pings)],
  [
    "groups",
    groups.map(({ key, resources, own }) => `${hex(key)}.${hex(resources)}${own ? "+" : "-"}`).join(" ") ||
      NONE,
  ],
];

/** Null when it is none, or has more groups than there can be. */
export function decodeArrangement(message: Message): Arrangement | null {
  const failback = FAILBACKS.find((each) => String(each) === valueOf(message, "failback"));
  const pings = valueOf(message, "pings") ?? "";
  const text = valueOf(message, "groups");
  if (failback === undefined || !/^(0|[1-9][0-9]{0,3})$/.test(pings) || text === null) return null;
  const words = text === NONE ? [] : text.split(" ", GROUPS_MAX + 1);
  if (words.length > GROUPS_MAX) return null;
  const groups: Mark[] = [];
  for (const word of words) {
    const [, key, resources, sign] = /^([0-9a-f]{8})\.([0-9a-f]{8})([+-])$/.exec(word) ?? [];
    if (key === undefined || resources === undefined) return null;
    groups.push({
      key: Number.parseInt(key, 16),
      resources: Number.parseInt(resources, 16),
      own: sign === "+",
    });
  }
  return { failback, pings: Number(pings), groups };
}

/** Names of groups that the other node does not have: they do not run there whatever it holds. */
export const absent = (groups: readonly Group[], theirs: Arrangement): ReadonlySet<string> =>
  new Set(matched(groups, theirs).flatMap(([{ key }, mark]) => (mark === null ? [key] : [])));

/** The other node's mark of each of our groups, in their order. */
const matched = (groups: readonly Group[], theirs: Arrangement): readonly (readonly [Group, Mark | null])[] =>
  groups.map((group) => [group, theirs.groups.find(({ key }) => key === checksum(group.key)) ?? null]);

const named = (keys: readonly string[]): string =>
  keys.length > NAMED_MAX
    ? `${keys.slice(0, NAMED_MAX).join(", ")} and ${keys.length - NAMED_MAX} more`
    : keys.join(", ");

/**
 * What the two have otherwise, in words for an operator of the node that has `groups`; `peer` is the name of the other one. Empty where they are
 * alike, and where neither has groups: then nothing moves.
 */
export function differences(
  groups: readonly Group[],
  ours: Arrangement,
  theirs: Arrangement,
  peer: string,
): string[] {
  if (groups.length === 0) return theirs.groups.length === 0 ? [] : [`${peer} has groups, this node none`];
  if (theirs.groups.length === 0) return [`${peer} has no groups`];
  const found: string[] = [];
  const pairs = matched(groups, theirs);
  const keys = (which: (mark: Mark | null, at: number) => boolean): string[] =>
    pairs.filter(([, mark], at) => which(mark, at)).map(([{ key }]) => key);
  const missing = keys((mark) => mark === null);
  if (missing.length > 0) found.push(`not on ${peer}: ${named(missing)}`);
  const known = pairs.length - missing.length;
  const more = theirs.groups.length - known;
  if (more > 0) found.push(`only on ${peer}: ${more} ${more === 1 ? "group" : "groups"}`);
  const turned = keys((mark, at) => mark !== null && mark.own === ours.groups[at]?.own);
  if (turned.length > 0) found.push(`another preferred node on ${peer}: ${named(turned)}`);
  const changed = keys((mark, at) => mark !== null && mark.resources !== ours.groups[at]?.resources);
  if (changed.length > 0) found.push(`other resources on ${peer}: ${named(changed)}`);
  const ordered = ours.groups.every(({ key }, at) => key === theirs.groups[at]?.key);
  if (found.length === 0 && !ordered) found.push(`another order of the groups on ${peer}`);
  if (ours.failback !== theirs.failback) {
    found.push(`auto_failback is ${String(ours.failback)} here, ${String(theirs.failback)} on ${peer}`);
  }
  if (ours.pings !== theirs.pings) {
    found.push(`ping nodes and groups are ${ours.pings} here, ${theirs.pings} on ${peer}`);
  }
  return found;
}
