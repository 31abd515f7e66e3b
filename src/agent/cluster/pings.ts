/** Ping nodes: asked for an echo with each status of ours, as heartbeat does, and known to membership as nodes without a say. */
import type { Ip } from "../../base/address.ts";
import type { Instant } from "../../base/units.ts";
import { elapsed } from "../../base/units.ts";
import type { Action } from "../../heartbeat/membership.ts";
import type { Cluster } from "./cluster.ts";
import { happen } from "./members.ts";
import { tellNode } from "./notify.ts";
import { fenceState } from "../resource/fence.ts";
import { give } from "../resource/machine.ts";
import type { Turn } from "../world.ts";

/** Asks all of them. */
export function askPings(cluster: Cluster, turn: Turn): void {
  const addresses = new Set(cluster.config.pings.flatMap((ping) => ping.addresses));
  if (addresses.size > 0) turn.out.defer({ kind: "heartbeat", what: "ping", addresses: [...addresses] });
}

/** The names of those that an address belongs to. */
const pingsAt = (cluster: Cluster, address: Ip): readonly string[] =>
  cluster.config.pings.filter(({ addresses }) => addresses.includes(address)).map(({ name }) => name);

/** An address has answered: those that have it are heard, and a fence that waits for them learns it. */
export function echoCame(cluster: Cluster, turn: Turn, address: Ip): void {
  cluster.pingFailures.delete(address);
  const names = pingsAt(cluster, address);
  for (const name of names) happen(cluster, turn, { kind: "heard", name, link: name, what: null });
  if (names.length > 0 && fenceState(cluster) !== null) give(cluster, turn, { kind: "echo" });
}

/** How many are heard; null where there are none in the configuration, or one was neither heard nor given up yet. */
function pingsAlive({ config, state }: Cluster): number | null {
  const states = config.pings.map(({ name }) => state?.peers.get(name)?.status ?? "init");
  if (states.length === 0 || states.includes("init")) return null;
  return states.filter((each) => each === "ping").length;
}

/** Groups move to the node that hears more. */
export function countPings(cluster: Cluster, turn: Turn): void {
  const alive = pingsAlive(cluster);
  const known = cluster.resources?.state.pings ?? null;
  if (alive !== known) give(cluster, turn, { kind: "pings", alive });
}

/** Why the addresses of a ping node could not be asked; null where that is not known. */
export function pingFailure({ config, pingFailures }: Cluster, name: string): string | null {
  const addresses = config.pings.find((ping) => ping.name === name)?.addresses ?? [];
  const failures = addresses.flatMap((address) => pingFailures.get(address) ?? []);
  return failures.length === 0 ? null : [...new Set(failures)].join(", ");
}

/** A ping node answers, or does not any more: that is told, and counted. */
export function pingIs(
  cluster: Cluster,
  turn: Turn,
  { name, from, to }: Extract<Action, { readonly kind: "node" }>,
): void {
  const fields = { node: name, type: "ping", from, state: to } as const;
  if (to === "dead") tellNode(cluster, turn, "warning", { ...fields, reason: silence(cluster, turn, name) });
  else tellNode(cluster, turn, "info", fields);
  countPings(cluster, turn);
}

function silence(cluster: Cluster, turn: Turn, name: string): string {
  const heardAt: Instant | null = cluster.state?.peers.get(name)?.heardAt ?? null;
  const long =
    heardAt === null ? "never answered" : `no answer for ${Math.round(elapsed(heardAt, turn.now))} ms`;
  const why = pingFailure(cluster, name);
  return why === null ? long : `${long}: ${why}`;
}
