/**
 * A packet filter as far as it can be judged without being the kernel: chains of rules, whoever wrote them. A condition that cannot
 * be told (a rate, a set that is filled at run time, where a packet was before) leaves the packet the benefit of the doubt.
 */
import type { Family, Ip } from "../base/address.ts";

/** What the kernel's table of connections makes of a packet. */
export type ConnectionState = "new" | "invalid" | "untracked";

/** A packet to ask about; what is null is not known. */
export interface Probe {
  readonly family: Family;
  readonly direction: "in" | "out";
  readonly interface: string;
  /** IP protocol number. */
  readonly protocol: number;
  readonly source: Ip | null;
  readonly destination: Ip;
  /** Destination port. */
  readonly port: number | null;
  /** TCP flags that are set, as nft names them. */
  readonly flags: readonly string[] | null;
  readonly state: ConnectionState | null;
}

/** What a rule asks of a packet; null: it cannot be told. */
export type Test = (probe: Probe) => boolean | null;

/** What becomes of a packet that a rule matches; `untrack` keeps it out of the table of connections, and the next rule follows. */
export type Verdict =
  | { readonly kind: "accept" | "drop" | "return" | "untrack" }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

/** One rule; where `verdicts` are several, it is that of the first whose own test holds (a verdict map). */
export interface Rule {
  readonly tests: readonly Test[];
  readonly verdicts: readonly { readonly test: Test; readonly verdict: Verdict }[];
}

/** One chain; a base chain has a hook. */
export interface Chain {
  /** Unique among all: `inet filter input`. */
  readonly name: string;
  readonly families: readonly Family[];
  readonly direction: "in" | "out" | null;
  readonly policy: "accept" | "drop";
  /** Packets of a virtual service do not come to it. */
  readonly behindIpvs: boolean;
  readonly rules: readonly Rule[];
}

/** Chains that call each other this deep are not followed; the kernel allows 16 (NFT_JUMP_STACK_SIZE). */
const DEPTH_MAX = 16;

/** Always, never: verdicts and tests without a condition. */
export const always: Test = () => true;
export const never: Test = () => false;
/** A test that cannot be told. */
export const unknown: Test = () => null;

/** The opposite of a test. */
export const not =
  (test: Test): Test =>
  (probe) => {
    const result = test(probe);
    return result === null ? null : !result;
  };

/** IP protocol number. */
export const TCP = 6;

/** Whether of the flags in `mask` (null: of all) those in `wanted` are set and no others; `inverse`: not so. False for what is not TCP. */
export const tcpFlags =
  (mask: readonly string[] | null, wanted: readonly string[], inverse: boolean): Test =>
  ({ protocol, flags }) => {
    if (protocol !== TCP) return false;
    if (flags === null) return null;
    const set = flags.filter((flag) => mask?.includes(flag) ?? true);
    const same = set.length === wanted.length && set.every((flag) => wanted.includes(flag));
    return same !== inverse;
  };

/** Whether all hold: false as soon as one does not, whatever cannot be told of the others. */
function all(tests: readonly Test[], probe: Probe): boolean | null {
  const results = tests.map((test) => test(probe));
  if (results.includes(false)) return false;
  return results.includes(null) ? null : true;
}

type End = "accept" | "drop" | "return";

/** What a walk has seen: whether something might have accepted the packet before, or kept it out of the table of connections. */
interface Seen {
  doubt: boolean;
  untracked: boolean;
}

/** Walks one chain. */
function walk(
  chains: ReadonlyMap<string, Chain>,
  chain: Chain,
  probe: Probe,
  seen: Seen,
  depth: number,
): End {
  for (const { tests, verdicts } of chain.rules) {
    const matched = all(tests, probe);
    if (matched === false) continue;
    for (const { test, verdict } of verdicts) {
      const chosen = test(probe);
      if (chosen === false) continue;
      if (verdict.kind === "untrack") {
        seen.untracked = true;
        continue;
      }
      if (matched === null || chosen === null) {
        // What might drop it here changes nothing for one that is dropped later on.
        if (verdict.kind !== "drop") seen.doubt = true;
        continue;
      }
      if (!("chain" in verdict)) return verdict.kind;
      const target = chains.get(verdict.chain);
      if (target === undefined || depth >= DEPTH_MAX) {
        seen.doubt = true;
        continue;
      }
      const end = walk(chains, target, probe, seen, depth + 1);
      if (end !== "return") return end;
      if (verdict.kind === "goto") return "return";
      break;
    }
  }
  return "return";
}

/** The base chains that a packet passes. */
const passed = (chains: readonly Chain[], { direction, family }: Probe): Chain[] =>
  chains.filter((chain) => chain.direction === direction && chain.families.includes(family));

/** Whether a rule may keep the packet out of the table of connections, so that it has none of its states. */
export function mayUntrack(chains: readonly Chain[], probe: Probe): boolean {
  const named = new Map(chains.map((chain) => [chain.name, chain]));
  return passed(chains, probe).some((chain) => {
    const seen = { doubt: false, untracked: false };
    walk(named, chain, probe, seen, 0);
    return seen.untracked;
  });
}

/** The base chain that certainly drops the packet, or null. */
export function dropper(chains: readonly Chain[], probe: Probe): Chain | null {
  const named = new Map(chains.map((chain) => [chain.name, chain]));
  for (const chain of passed(chains, probe)) {
    const seen = { doubt: false, untracked: false };
    const end = walk(named, chain, probe, seen, 0);
    const drops = end === "drop" || (end === "return" && chain.policy === "drop");
    if (drops && !seen.doubt) return chain;
  }
  return null;
}

/** /etc/protocols, as far as packet filters name what is near to us. */
const PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  "ipv6-icmp": 58,
  ospf: 89,
  ospfigp: 89,
  pim: 103,
  vrrp: 112,
  carp: 112,
  sctp: 132,
};

/** A protocol by number or name; null for a name that we do not know. */
export function protocolNumber(word: string | number): number | null {
  if (typeof word === "number") return word;
  return /^[0-9]{1,3}$/.test(word) ? Number(word) : (PROTOCOLS[word.toLowerCase()] ?? null);
}
