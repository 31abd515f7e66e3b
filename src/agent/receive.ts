/** A packet's way in: IP header, the router it belongs to, admission, the machine; and what is said of those that fail. */
import type { Ip } from "../base/address.ts";
import type { Difference, Expectation, Rejection } from "../vrrp/admit.ts";
import { admitAdvertisement, admitOrigin, differences, intervalOf, rejectionOf } from "../vrrp/admit.ts";
import { RELEASING } from "../vrrp/state.ts";
import type { IpPacket } from "../wire/ip.ts";
import { decodeAh, PROTOCOL_AH } from "../wire/ah.ts";
import { decodeIp } from "../wire/ip.ts";
import { decodeAdvertisement, PROTOCOL_VRRP } from "../wire/vrrp.ts";
import type { Event } from "./boundary.ts";
import { contested } from "./contest.ts";
import { drive, prepare } from "./drive.ts";
import { rivalry } from "./operator.ts";
import type { Router } from "./router.ts";
import type { Sealed } from "./seal.ts";
import { unseal } from "./seal.ts";
import { authOf } from "./send.ts";
import type { Turn, World } from "./world.ts";
import { isEcho, mayBeHalf, spokeNow } from "./versions.ts";
import { wire } from "./world.ts";

type Frame = Extract<Event, { kind: "frame" }>;

const NONE: ReadonlySet<Difference> = new Set();

/** Handles one received packet of protocol 112. */
export function receive(world: World, turn: Turn, frame: Frame): void {
  const ip = decodeIp(frame.family, frame.bytes);
  if (!ip.ok) {
    rejectForAll(world, turn, frame, "length", null);
    return;
  }
  const sealed = ip.value.family === 4 && ip.value.protocol === PROTOCOL_AH;
  const header = sealed ? decodeAh(ip.value) : null;
  if (header?.ok === false) {
    // A header about anything else than VRRP is not for us.
    if (header.error.kind !== "next") rejectForAll(world, turn, frame, "length", ip.value.source);
    return;
  }
  const packet = header === null ? ip.value : header.value.packet;
  const vrid = packet.payload[1];
  if (packet.protocol !== PROTOCOL_VRRP) return;
  if (vrid === undefined) {
    rejectForAll(world, turn, frame, "length", packet.source);
    return;
  }
  const router = world.wires.get(wire(frame.index, frame.family, vrid));
  if (router === undefined) rejectForAll(world, turn, frame, "vrid", packet.source);
  else
    hear(world, turn, router, packet, header === null ? null : { bytes: frame.bytes, header: header.value });
}

function expectationOf(router: Router): Expectation {
  const { version, advertInterval, addresses, unicastPeers } = router.config;
  router.expectation ??= {
    version,
    interval: advertInterval,
    source: router.source,
    auth: authOf(router),
    addresses: new Set(addresses.map(({ address }) => address)),
    peers: new Map(unicastPeers.map(({ address, minTtl }) => [address, minTtl])),
  };
  return router.expectation;
}

function hear(world: World, turn: Turn, router: Router, packet: IpPacket, sealed: Sealed | null): void {
  const expected = expectationOf(router);
  const { source, payload } = packet;
  const stranger = admitOrigin(expected, packet);
  if (stranger !== null) {
    reject(world, turn, router, stranger, source);
    return;
  }
  const decoded = decodeAdvertisement(payload, packet);
  if (!decoded.ok) {
    reject(world, turn, router, rejectionOf(decoded.error), source);
    return;
  }
  const { advertisement } = decoded.value;
  const { version } = advertisement;
  if (isEcho(router, source, version, turn.now)) {
    router.counters.received += 1;
    return;
  }
  const opened =
    expected.auth.type === "ah" && sealed !== null ? unseal(router, sealed, expected.auth.key) : null;
  if (opened === "old") {
    reject(world, turn, router, "auth", source, "its sequence number was there before");
    return;
  }
  const refused = opened === "forged" ? "auth" : admitAdvertisement(expected, advertisement, sealed !== null);
  if (refused !== null) {
    reject(world, turn, router, refused, source);
    // It advertises, so it is a master; what it says cannot be believed, so neither side will ever yield.
    const heard = { source, interval: intervalOf(advertisement), setting: refused };
    if (router.machine.kind === "master") contested(world, turn, router, heard);
    else router.ignored = { ...heard, heardAt: turn.now };
    return;
  }
  // What a master heard sets the count that it would have to resume from.
  if (sealed !== null && router.machine.kind === "master") turn.records.add(router.config.name);
  router.counters.received += 1;
  const { priority } = advertisement;
  const interval = intervalOf(advertisement);
  const before = router.peers.get(source);
  const known = before?.mismatch ?? NONE;
  const differing = priority === RELEASING ? known : differences(expected, packet, advertisement);
  const mismatch = mayBeHalf(router, before, version) ? known : differing;
  for (const what of mismatch) {
    if (before?.mismatch.has(what) === true) continue;
    if (!world.limiter.allows(`${what} differs ${router.config.name} ${source}`, turn.now)) continue;
    turn.out.log("warning", "vrrp.mismatch", { name: router.config.name, what, source });
  }
  const spoke = spokeNow(before?.spoke ?? null, version, turn.now);
  router.heard({ address: source, priority, interval, heardAt: turn.now, mismatch, spoke });
  const rivals = rivalry(router, source, priority, turn.now);
  if (!rivals) drive(world, turn, router, { kind: "advert", source, priority, interval, version });
  if (router.machine.kind === "backup") prepare(world, router);
  if (router.machine.kind === "master" && priority !== RELEASING) {
    // All that is different: its other half puts that right at once, and there may never be another advert.
    contested(world, turn, router, { source, interval, setting: [...differing].join(",") });
  }
}

function reject(
  world: World,
  turn: Turn,
  router: Router,
  reason: Rejection,
  source: Ip | null,
  text = "",
): void {
  router.counters.rejected[reason] += 1;
  say(world, turn, router.config.name, reason, source, text);
}

/** A packet that is for none of the routers which listen there: counted for each of them, said once, of the interface if they are several. */
function rejectForAll(world: World, turn: Turn, frame: Frame, reason: Rejection, source: Ip | null): void {
  let name: string | null = null;
  for (const { config, index, counters } of world.routers.values()) {
    if (index !== frame.index || config.family !== frame.family) continue;
    counters.rejected[reason] += 1;
    name = name === null ? config.name : config.interface;
  }
  if (name !== null) say(world, turn, name, reason, source);
}

function say(world: World, turn: Turn, name: string, reason: Rejection, source: Ip | null, text = ""): void {
  if (!world.limiter.allows(`${reason} ${name} ${source}`, turn.now)) return;
  // Another group's VRID on the same link is nothing unusual; our own address as a sender is an alarm.
  const level = reason === "self" ? "error" : reason === "vrid" ? "debug" : "warning";
  const why = reason === "self" ? "another host sends from our own address" : text;
  const more = why === "" ? {} : { text: why };
  turn.out.log(level, "vrrp.rejected", { name, reason, source: source ?? "unknown", ...more });
}
