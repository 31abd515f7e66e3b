/**
 * What two nodes must have alike for groups to move between them, as haagents tell each other in a message of their own. A heartbeat numbers
 * and acknowledges it as it does with every type, and looks no further.
 *
 *   t=haagent-groups  failback=true  pings=1  groups=2 5d0d36ea 765e7680.ebc57560+ 1c291ca3.5d0d36ea-
 *
 * Of the groups it says how many there are, the checksum of all, and where they are few, of each: that of its name, that of its resources, and
 * whether the sender prefers it (+) or the other node (-). Checksums find a slip of an operator; against anybody else the message is signed.
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
  /** How many groups there are, and the checksum of all in the order of the configuration. */
  readonly count: number;
  readonly sum: number;
  /** Each, in that order; null: they are too many for a message. */
  readonly groups: readonly Mark[] | null;
}

const FAILBACKS: readonly Failback[] = [true, false, "legacy"];
/** Of so many groups each is told: on a line of 19,200 baud a longer message would keep statuses waiting for half a second. */
const MARKS_MAX = 24;
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
  count: groups.length,
  sum: checksum(groups.map((group) => `${group.node} ${wordsOf(group)}\n`).join("")),
  groups:
    groups.length > MARKS_MAX
      ? null
      : groups.map((group) => ({
          key: checksum(group.key),
          resources: checksum(wordsOf(group)),
          own: group.node === own,
        })),
});

const wordsOf = ({ resources }: Group): string => resources.map(({ text }) => text).join(" ");

const hex = (value: number): string => value.toString(16).padStart(8, "0");

/** The fields behind the type. */
export const encodeArrangement = ({
  failback,
  pings,
  count,
  sum,
  groups,
}: Arrangement): readonly (readonly [string, Octets])[] => [
  ["failback", String(failback)],
  ["pings", String(pings)],
  [
    "groups",
    [
      ...[`${count}`, hex(sum)],
      ...(groups ?? []).map(({ key, resources, own }) => `${hex(key)}.${hex(resources)}${own ? "+" : "-"}`),
    ].join(" "),
  ],
];

/** Null when it is none, or says of more or fewer groups than there are. */
export function decodeArrangement(message: Message): Arrangement | null {
  const failback = FAILBACKS.find((each) => String(each) === valueOf(message, "failback"));
  const pings = valueOf(message, "pings") ?? "";
  const text = valueOf(message, "groups");
  if (failback === undefined || !/^(0|[1-9][0-9]{0,3})$/.test(pings) || text === null) return null;
  const [number = "", total = "", ...words] = text.split(" ", GROUPS_MAX);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(number) || !/^[0-9a-f]{8}$/.test(total)) return null;
  const count = Number(number);
  const sum = Number.parseInt(total, 16);
  if (count > GROUPS_MAX || words.length !== (count > MARKS_MAX ? 0 : count)) return null;
  if (count > MARKS_MAX) return { failback, pings: Number(pings), count, sum, groups: null };
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
  return { failback, pings: Number(pings), count, sum, groups };
}

/** Names of groups that the other node does not have: they do not run there whatever it holds. */
export const absent = (groups: readonly Group[], theirs: Arrangement): ReadonlySet<string> =>
  new Set(matched(groups, theirs.groups).flatMap(([{ key }, mark]) => (mark === null ? [key] : [])));

/** The other node's mark of each of our groups, in their order; nothing where that does not say. */
const matched = (
  groups: readonly Group[],
  theirs: readonly Mark[] | null,
): readonly (readonly [Group, Mark | null])[] =>
  theirs === null
    ? []
    : groups.map((group) => [group, theirs.find(({ key }) => key === checksum(group.key)) ?? null]);

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
  if (groups.length === 0) return theirs.count === 0 ? [] : [`${peer} has groups, this node none`];
  if (theirs.count === 0) return [`${peer} has no groups`];
  const found = ours.sum === theirs.sum ? [] : groupDifferences(groups, ours, theirs, peer);
  if (ours.failback !== theirs.failback) {
    found.push(`auto_failback is ${String(ours.failback)} here, ${String(theirs.failback)} on ${peer}`);
  }
  if (ours.pings !== theirs.pings) {
    found.push(`ping nodes and groups are ${ours.pings} here, ${theirs.pings} on ${peer}`);
  }
  return found;
}

/** At least one, of groups that are not alike. */
function groupDifferences(
  groups: readonly Group[],
  { groups: ours }: Arrangement,
  { groups: theirs }: Arrangement,
  peer: string,
): string[] {
  if (ours === null || theirs === null) return [`other groups on ${peer}`];
  const found: string[] = [];
  const pairs = matched(groups, theirs);
  const keys = (which: (mark: Mark | null, at: number) => boolean): string[] =>
    pairs.filter(([, mark], at) => which(mark, at)).map(([{ key }]) => key);
  const missing = keys((mark) => mark === null);
  if (missing.length > 0) found.push(`not on ${peer}: ${named(missing)}`);
  const more = theirs.length - (pairs.length - missing.length);
  if (more > 0) found.push(`only on ${peer}: ${more} ${more === 1 ? "group" : "groups"}`);
  const turned = keys((mark, at) => mark !== null && mark.own === ours[at]?.own);
  if (turned.length > 0) found.push(`another preferred node on ${peer}: ${named(turned)}`);
  const changed = keys((mark, at) => mark !== null && mark.resources !== ours[at]?.resources);
  if (changed.length > 0) found.push(`other resources on ${peer}: ${named(changed)}`);
  return found.length > 0 ? found : [`another order of the groups on ${peer}`];
}
