/** Runs the machines: one machine event in, its actions into the outbox; then what the turn changed is told to the outside. */
import { unreachable } from "../base/assert.ts";
import { earlier } from "../base/units.ts";
import type { Priority } from "../base/units.ts";
import { judge } from "../vrrp/group.ts";
import type { Event } from "../vrrp/state.ts";
import { step } from "../vrrp/machine.ts";
import type { AddressKey } from "./boundary.ts";
import { tookOver } from "./contest.ts";
import { tellGroups } from "./group-notify.ts";
import { follow, isGuarded, nextLook } from "./guard.ts";
import type { Holder } from "./holder.ts";
import { elected, unseated } from "./hooks.ts";
import { remember } from "./history.ts";
import { notify } from "./notify.ts";
import { recentResumes } from "./recover.ts";
import type { Router } from "./router.ts";
import { LONG_AGO } from "./router.ts";
import { addressRecord } from "./resource/addresses.ts";
import { seal, sequenceBase } from "./seal.ts";
import { adverts, authOf } from "./send.ts";
import type { Turn, World } from "./world.ts";
import { group } from "./world.ts";

/** Gives one event to a router's machine and collects what it wants done. */
export function drive(world: World, turn: Turn, router: Router, event: Event): void {
  const before = router.machine;
  const { state, actions, reason } = step(router.settings(), router.machine, event, turn.now);
  router.machine = state;
  if (isGuarded(router)) follow(world, turn, router, { before, event, anew: reason !== null });
  turn.next = earlier(turn.next, nextLook(router));
  for (const action of actions) {
    switch (action.kind) {
      case "advertise":
        advertise(world, turn, router, action.priority);
        break;
      case "take":
        turn.addresses = true;
        turn.gained.add(router.config.name);
        break;
      case "release":
        turn.addresses = true;
        world.announcer.cancel(router.config.name);
        router.contest = null;
        break;
      case "announce":
        announce(world, turn, router);
        break;
      case "drop-queued":
        turn.out.dropQueued();
        break;
      default:
        unreachable(action);
    }
  }
  if (before.kind !== state.kind) {
    if (reason !== null) router.reason = reason;
    turn.touched.add(router);
    // A takeover lasts as long as the mastership that it began.
    if (before.kind === "master" && router.order?.kind === "takeover") router.order = null;
    if (state.kind === "master") elected(world, router, event.kind === "resume");
    if (before.kind === "master") unseated(world, turn, router);
    const goes = event.kind === "stop" || event.kind === "yield";
    if (before.kind === "master" && goes && world.cluster !== null) world.owed.add(router);
    const { syncGroup } = router.config;
    if (before.kind === "master" && syncGroup !== null) turn.losers.add(syncGroup);
  } else if (state.kind === "backup" && before.kind === "backup") {
    // What its sync group may have waited for.
    if (state.expired || (before.master === null && state.master !== null)) turn.touched.add(router);
  }
}

function advertise(world: World, turn: Turn, router: Router, priority: Priority): void {
  const link = router.index === null ? null : world.kernel.link(router.index);
  if (link === null) return;
  const made = adverts(router, link, priority, router.machine.kind === "master");
  const auth = authOf(router);
  for (const action of auth.type === "ah" ? seal(router, made, auth.key) : made) turn.out.advert(action);
  router.sending.begins(made.length);
  router.counters.sent += made.length;
}

/** A backup has the adverts ready that a takeover begins with. */
export function prepare(world: World, router: Router): void {
  const link = router.index === null ? null : world.kernel.link(router.index);
  if (link !== null) adverts(router, link, router.settings().priority, true);
}

/** Tells every address that is held; those still asked of the kernel are told when its answer comes. */
export function announce(world: World, turn: Turn, { name, garp }: Holder): void {
  const keys: AddressKey[] = [];
  for (const { key, state } of world.ownership.of(name)) if (state !== "pending") keys.push(key);
  world.announcer.announce(name, keys, garp, turn.now);
}

/** Lets the sync groups of the turn's routers act as one. */
export function settleGroups(world: World, turn: Turn): void {
  for (const router of [...turn.touched]) {
    const { syncGroup } = router.config;
    if (syncGroup === null) continue;
    const members = group(world, router);
    const verdict = judge(
      members.map(({ machine }) => machine),
      turn.losers.has(syncGroup),
    );
    if (verdict === "nothing") continue;
    for (const member of members) {
      const { kind } = member.machine;
      if (verdict === "promote" && kind === "backup") drive(world, turn, member, { kind: "promote" });
      if (verdict === "yield" && kind === "master")
        drive(world, turn, member, { kind: "yield", reason: "sync group lost" });
    }
    turn.losers.delete(syncGroup);
  }
}

/** Log, notify and ledger for every router whose role is another than the one last told. */
export function tell(world: World, turn: Turn): void {
  for (const router of turn.touched) {
    const { told, role } = router;
    const { name } = router.config;
    const reason = role === "fault" ? router.faults.join("; ") : router.reason;
    if (told === role) {
      // A fault that is another by now: the cable is in again, and the address is missing. A link that flaps must not fill the log.
      const other = reason !== router.reason;
      router.reason = reason;
      if (other && world.alarms.allows(`reason ${name}`, turn.now)) {
        turn.out.log("warning", "vrrp.reason", { name, state: role, reason });
      }
      continue;
    }
    router.reason = reason;
    if (role === "master") router.counters.becameMaster += 1;
    router.since = turn.now;
    router.previous = told;
    router.told = role;
    turn.records.add(name);
    remember(world, turn, router, told);
    const level = role === "fault" ? "warning" : "info";
    turn.out.log(level, "vrrp.state", { name, from: told, to: role, reason });
    if (role === "master") {
      tookOver(world, turn, router);
      world.guards.rises(router);
    }
    // Scripts for MASTER expect the addresses to be there: told when they are.
    if (role === "master" && !router.holds) continue;
    const action = notify(router, told, world.config.agent.scriptUser);
    if (action !== null) turn.out.defer(action);
  }
  tellGroups(world, turn);
}

/** Writes the ledger records that the turn made out of date. */
export function keepRecords(world: World, turn: Turn): void {
  // Who gained an address vouches for it before who lost it stops to.
  const gainers = [...turn.gained].filter((name) => turn.records.has(name));
  for (const name of new Set([...gainers, ...turn.records])) {
    const router = world.routers.get(name);
    if (router === undefined) {
      // It is no more; its record is kept until its addresses are off or another router's.
      const holds = world.ownership.of(name).length + world.routing.of(name).length > 0;
      const address = world.cluster?.runs.addresses.get(name);
      if (!holds) turn.out.beforeAddresses({ kind: "ledger", router: name, record: null });
      else if (address !== undefined) {
        turn.out.beforeAddresses({ kind: "ledger", router: name, record: addressRecord(world, address) });
      }
      continue;
    }
    const { machine } = router;
    const link = router.index === null ? null : world.kernel.link(router.index);
    turn.out.beforeAddresses({
      kind: "ledger",
      router: name,
      record: {
        router: name,
        bootId: world.bootId,
        configHash: router.configHash,
        index: link?.index ?? 0,
        mac: link?.mac ?? "",
        // Whoever advertises and has not taken yet may not resume as who holds: it starts as backup, and runs before_take anew.
        state: router.role === "master" && !router.holds ? "backup" : router.role,
        added: world.ownership.record(name),
        forwarding: world.routing.record(name),
        resumes: recentResumes(router.resumes, turn.now),
        lastAdvertAt: machine.kind === "master" ? machine.sentAt : LONG_AGO,
        ...(router.config.auth.type === "ah" ? { sequenceBase: sequenceBase(router, turn.now) } : {}),
      },
    });
  }
}
