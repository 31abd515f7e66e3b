/** The packet filters of this host, whoever wrote them: what they certainly drop, and where. */
import type { Facts } from "./facts.ts";
import { readIptables } from "./iptables.ts";
import { readNft } from "./nft.ts";
import type { Family, Ip } from "../base/address.ts";
import type { Protocol } from "../wire/ipvs.ts";
import type { Chain, Probe } from "./ruleset.ts";
import { dropper, mayUntrack } from "./ruleset.ts";

/** One filter program's rules. */
export interface Filter {
  readonly program: string;
  readonly chains: readonly Chain[];
}

/** What could be read of them. */
export function readFilters({ filters }: Facts): Filter[] {
  // The rules of an iptables that is built on nftables are in both listings: they are cured where they were written.
  const ordered = filters.toSorted((a, b) => Number(a.program === "nft") - Number(b.program === "nft"));
  return ordered.flatMap(({ program, text }): Filter[] => {
    if (text === null) return [];
    if (program !== "nft") {
      return [{ program, chains: readIptables(text, program === "iptables-save" ? 4 : 6) }];
    }
    const chains = readNft(text);
    return chains === null ? [] : [{ program, chains }];
  });
}

/** The chain of a filter that drops a packet. */
export interface Dropped {
  readonly program: string;
  readonly chain: string;
}

/** The first filter that certainly drops a packet. */
export function dropped(filters: readonly Filter[], probe: Probe): Dropped | null {
  const doubtful = probe.state !== "untracked" && filters.some(({ chains }) => mayUntrack(chains, probe));
  const asked = doubtful ? { ...probe, state: null } : probe;
  for (const { program, chains } of filters) {
    const chain = dropper(chains, asked);
    if (chain !== null) return { program: program.replace("-save", ""), chain: chain.name };
  }
  return null;
}

/** Where that is, for people. */
export const said = ({ program, chain }: Dropped): string => `${program}, chain ${chain}`;

/** The chain that drops a packet, if it is dropped on each of these interfaces. */
export function everywhere(
  filters: readonly Filter[],
  names: readonly string[],
  probe: Omit<Probe, "interface">,
): Dropped | null {
  const drops = names.map((name) => dropped(filters, { ...probe, interface: name }));
  return drops.includes(null) ? null : (drops[0] ?? null);
}

/** What tells a packet of a connection from others of that connection. */
export type Packet = Pick<Probe, "flags" | "state">;

/** Where connections go. */
interface Target {
  readonly family: Family;
  readonly destination: Ip;
  readonly protocol: Protocol;
  /** Null: to every port. */
  readonly port: number | null;
}

/** A rule that comes first in a chain and accepts what meets these conditions, in the words of nft or of iptables. */
export function inserted(
  { program, chain }: Dropped,
  nft: readonly string[],
  iptables: readonly string[],
): string {
  if (program === "nft") return ["nft insert rule", chain, ...nft, "accept"].join(" ");
  const [table = "", name = ""] = chain.split(" ");
  return [`${program} -t ${table} -I ${name}`, ...iptables, "-j ACCEPT"].join(" ");
}

/** The rule that lets connections through a chain: all of their packets, or those that the table of connections takes so. */
export function accepting(by: Dropped, target: Target, packet: Packet | null): string {
  const { family, destination, protocol, port } = target;
  const state = packet?.state ?? null;
  // What is new to the table, and does not begin.
  const stray = state === "new" && packet?.flags?.includes("syn") === false;
  return inserted(
    by,
    [
      `${family === 4 ? "ip" : "ip6"} daddr ${destination}`,
      port === null ? `meta l4proto ${protocol}` : `${protocol} dport ${port}`,
      ...(stray ? ["tcp flags & (fin|syn|rst|ack) != syn"] : []),
      ...(state === null ? [] : [`ct state ${state}`]),
    ],
    [
      `-d ${destination} -p ${protocol}`,
      ...(port === null ? [] : [`--dport ${port}`]),
      ...(stray ? ["! --syn"] : []),
      ...(state === null ? [] : [`-m conntrack --ctstate ${state.toUpperCase()}`]),
    ],
  );
}
