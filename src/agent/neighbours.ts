/**
 * Whether somebody else on the link has an address that we hold, whatever that may be: neighbours are listened to, and asked once in a while, as
 * who has it need not speak by itself. What is heard is asked about again before it is an alarm, as an election may just be settling it; one that
 * is no router, nobody can settle it with: the address is told again, at most once in ten seconds (RFC 5227 2.4).
 */
import { BROADCAST_MAC, type Family, familyOf, type Ip, type Mac, multicastMac } from "../base/address.ts";
import type { Instant } from "../base/units.ts";
import { after, earlier, elapsed, ms, NEVER } from "../base/units.ts";
import { decodeArp, encodeArpProbe } from "../wire/arp.ts";
import { decodeNeighbourAdvertisement, encodeNeighbourProbe } from "../wire/ndp.ts";
import type { AddressKey, Event } from "./boundary.ts";
import { settling } from "./contend.ts";
import { announce } from "./drive.ts";
import type { Held } from "./held.ts";
import type { Holder } from "./holder.ts";
import { holderOf } from "./holder.ts";
import type { NeighbourWatch } from "./neighbour-watch.ts";
import { WATCHED_MAX } from "./neighbour-watch.ts";
import { Router } from "./router.ts";
import { ETHERTYPE } from "./send.ts";
import { seen } from "./signs.ts";
import { virtualMac } from "./virtual-mac.ts";
import type { Turn, World } from "./world.ts";

/** From taking an address to the first question about it, and between two. */
const FIRST = ms(5000);
const EVERY = ms(60_000);
/** Asked at once, and how long until the next ones: a thousand addresses take two minutes. */
const ASKED_MAX = 8;
const PACE = ms(1000);
/** While somebody is suspected; an alarm lasts until two questions more are not answered. */
const EVERY_SUSPECT = ms(10_000);
const LASTS = ms(2.5 * EVERY_SUSPECT);
/** So long two may have the address of a resource while it moves: who gives it up does so first. */
const SETTLING = ms(2000);
/** RFC 5227, DEFEND_INTERVAL. */
const DEFEND_EVERY = ms(10_000);

const textOf = ({ index, address }: Pick<AddressKey, "index" | "address">): string => `${index} ${address}`;

/** Who of ours has this. */
function haverOf(world: World, { holder: name, state }: Held): Holder | null {
  const holder = state === "added" || state === "found" ? holderOf(world, name) : null;
  return holder?.holds === true ? holder : null;
}

/** What is held on Ethernet, and by whom. */
function* watched(world: World): Generator<readonly [AddressKey, Holder]> {
  for (const held of world.ownership.all()) {
    const holder = haverOf(world, held);
    if (holder !== null && world.kernel.link(held.key.index)?.ethernet === true) yield [held.key, holder];
  }
}

/** Has the edge listen for what is held now; to be called when that changed. */
export function watchNeighbours(world: World, turn: Turn): void {
  const { neighbours } = world;
  const watches = new Map<string, { index: number; family: Family; addresses: Ip[] }>();
  const held = new Set<string>();
  for (const [{ index, address }] of watched(world)) {
    const family = familyOf(address);
    const watch = watches.get(`${index} ${family}`) ?? { index, family, addresses: [] };
    watches.set(`${index} ${family}`, watch);
    if (watch.addresses.length >= WATCHED_MAX) continue;
    watch.addresses.push(address);
    const text = textOf({ index, address });
    held.add(text);
    if (!neighbours.askAt.has(text)) neighbours.askAt.set(text, after(turn.now, FIRST));
  }
  for (const text of neighbours.askAt.keys()) if (!held.has(text)) neighbours.askAt.delete(text);
  for (const text of neighbours.suspects.keys()) if (!held.has(text)) neighbours.suspects.delete(text);
  schedule(world);
  const wanted: NeighbourWatch[] = [...watches.values()];
  const told = JSON.stringify(wanted);
  if (told === neighbours.told) return;
  neighbours.told = told;
  turn.out.finally({ kind: "neighbours", watches: wanted });
}

function schedule({ neighbours }: World, least: Instant | null = null): void {
  let next: Instant = NEVER;
  for (const at of neighbours.askAt.values()) next = earlier(next, at);
  neighbours.wakeAt = least !== null && next < least ? least : next;
}

/** Asks the neighbours about addresses that are due. */
export function neighboursDue(world: World, turn: Turn): void {
  const { neighbours, kernel } = world;
  if (neighbours.wakeAt > turn.now) return;
  let asked = 0;
  for (const [{ index, address }] of watched(world)) {
    const text = textOf({ index, address });
    if ((neighbours.askAt.get(text) ?? NEVER) > turn.now) continue;
    if (asked++ >= ASKED_MAX) break;
    neighbours.askAt.set(text, after(turn.now, EVERY));
    const mac = kernel.link(index)?.mac ?? null;
    if (mac !== null) ask(turn, index, address, mac);
  }
  schedule(world, after(turn.now, PACE));
}

function ask(turn: Turn, index: number, address: Ip, mac: Mac): void {
  if (familyOf(address) === 4) {
    const bytes = encodeArpProbe(mac, address);
    const frame = { index, ethertype: ETHERTYPE.arp, destination: BROADCAST_MAC, bytes };
    turn.out.afterAddresses({ kind: "neighbour-probe", ...frame });
  } else {
    const { group, bytes } = encodeNeighbourProbe(address);
    const frame = { index, ethertype: ETHERTYPE.ipv6, destination: multicastMac(group), bytes };
    turn.out.afterAddresses({ kind: "neighbour-probe", ...frame });
  }
}

/** The address that a neighbour says it has, and its link-layer address. */
function sayingOf(family: Family, bytes: Uint8Array): { readonly address: Ip; readonly mac: Mac } | null {
  if (family === 4) {
    const arp = decodeArp(bytes);
    return arp.ok ? { address: arp.value.senderIp, mac: arp.value.senderMac } : null;
  }
  const neighbour = decodeNeighbourAdvertisement(bytes);
  if (!neighbour.ok || neighbour.value.mac === null) return null;
  return { address: neighbour.value.target, mac: neighbour.value.mac };
}

/** A neighbour was heard. */
export function neighbourHeard(
  world: World,
  turn: Turn,
  { index, family, bytes }: Extract<Event, { kind: "neighbour" }>,
): void {
  const saying = sayingOf(family, bytes);
  if (saying === null) return;
  const { address, mac } = saying;
  for (const [key, holder] of watched(world)) {
    if (key.index !== index || key.address !== address) continue;
    if (!isOurs(world, holder, mac)) suspect(world, turn, holder, key, mac);
    return;
  }
}

/** Any of this host's interfaces, or the virtual MAC address that belongs to whoever is master. */
const isOurs = ({ kernel }: World, holder: Holder, mac: Mac): boolean =>
  kernel.hasMac(mac) ||
  (holder instanceof Router && holder.device !== null && virtualMac(holder.config) === mac);

function suspect(world: World, turn: Turn, holder: Holder, key: AddressKey, mac: Mac): void {
  const { neighbours } = world;
  const text = textOf(key);
  const known = neighbours.suspects.get(text);
  const goesOn = known !== undefined && elapsed(known.seenAt, turn.now) < LASTS;
  const since = goesOn ? known.since : turn.now;
  neighbours.suspects.set(text, { since, seenAt: turn.now });
  const settled = after(since, holder instanceof Router ? settling(holder) : SETTLING);
  // Whoever has it still then says so.
  const at = turn.now < settled ? after(settled, ms(1)) : after(turn.now, EVERY_SUSPECT);
  neighbours.askAt.set(text, earlier(neighbours.askAt.get(text) ?? at, at));
  schedule(world);
  if (turn.now < settled) return;
  const what = familyOf(key.address) === 4 ? "arp" : "nd";
  const meaning = `another host answers for ${key.address}, which this node holds, and does not give way`;
  const { name } = holder;
  if (holder instanceof Router) {
    seen(world, turn, holder, { what, source: mac, lasts: LASTS, text: meaning });
  } else if (world.alarms.allows(`contested ${name} ${what}`, turn.now)) {
    turn.out.log("error", "address.contested", { name, address: key.address, source: mac, text: meaning });
  }
  const defendedAt = neighbours.defendedAt.get(name);
  if (defendedAt !== undefined && elapsed(defendedAt, turn.now) < DEFEND_EVERY) return;
  neighbours.defendedAt.set(name, turn.now);
  announce(world, turn, holder);
}
