/**
 * Addresses of resources, by the same hand as those of virtual routers: they are added and removed in the batches of ownership.ts, written
 * into the ledger before, given lifetimes, announced, and put back when somebody takes them away.
 */
import { unreachable } from "../../base/assert.ts";
import type { Milliseconds } from "../../base/units.ts";
import { after, earlier, elapsed, fromSeconds, ms, seconds } from "../../base/units.ts";
import type { AddressConfig } from "../../config/model.ts";
import { parseAddressArgument } from "../../heartbeat/haresources.ts";
import type { Link } from "../boundary.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Held } from "../held.ts";
import type { LedgerRecord } from "../ledger.ts";
import { hasLifetimes, lifetimeOf } from "../lifetimes.ts";
import { placeOf, ResourceAddress } from "./address.ts";
import { logRun } from "./run.ts";
import type { Underway } from "./runs.ts";
import { nameOf } from "./runs.ts";
import { keyOf } from "../kernel.ts";
import { LONG_AGO } from "../router.ts";
import { linkFault, usable } from "../tracking.ts";
import type { Turn, World } from "../world.ts";

/** How long an address that was refused, or taken away again and again, is left alone. */
const PAUSE = ms(10_000);

const FAILED = 1;

/** Whether the kernel has it, by us. */
const isHeld = (world: World, name: string): boolean =>
  world.ownership.of(name).some(({ state }) => state === "added" || state === "found");

/** Begins a task of an address. */
export function beginAddress(world: World, turn: Turn, cluster: Cluster, run: Underway): void {
  const name = nameOf(run);
  switch (run.task) {
    case "status": {
      const output = isHeld(world, name) ? "running" : "stopped";
      cluster.runs.add(run, { code: 0, output });
      logRun(turn, run, output, null);
      return;
    }
    case "start":
      return start(world, turn, cluster, name, run);
    case "stop": {
      const holder = cluster.runs.addresses.get(name);
      if (holder === undefined) return ended(turn, cluster, run, null);
      holder.awaited = run;
      letGo(world, turn, holder);
      return;
    }
    default:
      unreachable(run.task);
  }
}

function start(world: World, turn: Turn, cluster: Cluster, name: string, run: Underway): void {
  const argument = parseAddressArgument(run.resource.args[0] ?? "");
  const place = argument.ok ? placeOf(world.kernel, world.moved, argument.value) : argument;
  if (!place.ok) return ended(turn, cluster, run, place.error);
  const key = keyOf(world.kernel, place.value);
  const found = key === null ? null : world.kernel.find(key.index, key.address);
  if (found !== null && world.ownership.get(found) === null) {
    const where = `${found.address}/${found.prefix} is on ${place.value.interface} already`;
    return ended(turn, cluster, run, `${where}, and not by us: take it away there, or out of resources`);
  }
  const holder = cluster.runs.addresses.get(name) ?? new ResourceAddress(name, place.value, cluster.config);
  cluster.runs.addresses.set(name, holder);
  holder.place = place.value;
  holder.wanted = true;
  holder.paused = false;
  holder.losses = [];
  holder.awaited = run;
  turn.addresses = true;
}

function letGo(world: World, turn: Turn, holder: ResourceAddress): void {
  holder.wanted = false;
  holder.paused = false;
  world.announcer.cancel(holder.name);
  turn.addresses = true;
}

/** A task has ended; `failure` says why not well. */
function ended(turn: Turn, cluster: Cluster, run: Underway, failure: string | null): void {
  logRun(turn, run, "", failure);
  cluster.runs.add(run, { code: failure === null ? 0 : FAILED, output: "" });
}

/** What is waited for and has come, an address that is there or gone; or has not in time, as its interface went with the question. */
export function addressesCame(world: World, turn: Turn, cluster: Cluster): void {
  for (const [name, holder] of cluster.runs.addresses) {
    const run = holder.awaited;
    if (run === null) continue;
    const done = holder.wanted ? isHeld(world, name) : world.ownership.of(name).length === 0;
    const late = elapsed(run.since, turn.now) >= run.timeout;
    if (!done && !late) continue;
    holder.awaited = null;
    if (!done) letGo(world, turn, holder);
    if (!holder.wanted) cluster.runs.addresses.delete(name);
    ended(turn, cluster, run, done ? null : `timeout after ${run.timeout / 1000}s`);
  }
}

/** The kernel would not have it: a start has failed; what was held before is tried again later. */
export function addressRefused(world: World, turn: Turn, { holder: name, key }: Held, errno: string): void {
  const { cluster } = world;
  const holder = cluster?.runs.addresses.get(name);
  if (cluster === null || holder === undefined) return;
  const why =
    errno === "EEXIST"
      ? `${key.address} is there already, and not by us`
      : `${key.address} could not be added: ${errno}`;
  const run = holder.awaited;
  if (run === null) return pause(world, turn, holder, why);
  holder.awaited = null;
  letGo(world, turn, holder);
  cluster.runs.addresses.delete(name);
  ended(turn, cluster, run, why);
}

/**
 * So long no event was handled: the lifetimes may be over, and another node may have what was ours. It is not put back before whoever has
 * it was heard, and has let go of it or made us do so.
 */
export function addressesStalled(world: World, turn: Turn, gap: Milliseconds): void {
  const { cluster, config } = world;
  if (cluster === null || !hasLifetimes(config.agent, world.addressTotal)) return;
  for (const holder of cluster.runs.addresses.values()) {
    if (
      !holder.holds ||
      gap < fromSeconds(lifetimeOf(config.agent, holder, world.addressTotal) ?? seconds(0))
    )
      continue;
    pause(world, turn, holder, `the agent was stalled for ${Math.round(gap)} ms`, cluster.config.deadtime);
  }
}

/** It is left alone for a while, and so is whoever takes it away. */
export function pause(
  world: World,
  turn: Turn,
  holder: ResourceAddress,
  why: string,
  span: Milliseconds = PAUSE,
): void {
  const { name, place } = holder;
  const fields = { name, address: place.address, reason: why, pause_ms: span };
  turn.out.log("warning", "address.lost", fields);
  holder.paused = true;
  holder.pausedUntil = after(turn.now, span);
  holder.losses = [];
  world.announcer.cancel(holder.name);
  world.troubleUntil = earlier(world.troubleUntil, holder.pausedUntil);
  turn.addresses = true;
}

/** Those whose pause is over may try again. */
export function endPauses(world: World, turn: Turn): void {
  for (const holder of world.cluster?.runs.addresses.values() ?? []) {
    if (!holder.paused) continue;
    if (elapsed(turn.now, holder.pausedUntil) > 0) {
      world.troubleUntil = earlier(world.troubleUntil, holder.pausedUntil);
    } else {
      holder.paused = false;
      turn.addresses = true;
    }
  }
}

/** An interface came back, or has another MAC address: what it lost is added, and the neighbours are told. */
export function addressLink(world: World, turn: Turn, link: Link): void {
  for (const holder of world.cluster?.runs.addresses.values() ?? []) {
    if (!holder.holds || holder.place.interface !== link.name) continue;
    turn.gained.add(holder.name);
    turn.addresses = true;
  }
}

/** An interface that is no use takes its addresses along. The group runs on, as in heartbeat: ping nodes move it; but somebody must know. */
export function addressLinks(world: World, turn: Turn): void {
  for (const holder of world.cluster?.runs.addresses.values() ?? []) {
    const { name, place } = holder;
    const reason = linkFault(place.interface, world.kernel.named(place.interface));
    const cut = holder.holds && holder.awaited === null ? reason : null;
    if (cut !== null && holder.cut === null)
      turn.out.log("warning", "address.lost", { name, address: place.address, reason: cut });
    holder.cut = cut;
  }
}

/** Whether an address that is started is of no use at the moment: its interface is, or it is not there. */
export const lacksAddress = (world: World): boolean =>
  [...(world.cluster?.runs.addresses.values() ?? [])].some(
    ({ name, wanted, awaited, place }) =>
      wanted && awaited === null && !(isHeld(world, name) && usable(world.kernel.named(place.interface))),
  );

/** Where addresses of resources are or are to be. */
export const addressPlaces = (world: World): AddressConfig[] =>
  Array.from(world.cluster?.runs.addresses.values() ?? [], ({ place }) => place);

/** What the ledger says of it: nobody resumes by it, what it vouches for is taken away. */
export const addressRecord = (world: World, { name, holds }: ResourceAddress): LedgerRecord => ({
  router: name,
  bootId: world.bootId,
  configHash: "",
  index: 0,
  mac: "",
  state: holds ? "master" : "backup",
  added: world.ownership.record(name),
  forwarding: [],
  resumes: [],
  lastAdvertAt: LONG_AGO,
});

/** The agent ends: an address that stayed, as something beside it would not stop, would be on two nodes in a moment. */
export function releaseAddresses(world: World, turn: Turn): void {
  for (const holder of world.cluster?.runs.addresses.values() ?? []) {
    letGo(world, turn, holder);
    turn.out.finally({ kind: "ledger", router: holder.name, record: null });
  }
}
