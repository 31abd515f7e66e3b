/**
 * The agent: one event in, all its effects out, deterministic. `handle` is the only way in; the edge calls it with the time, and
 * nothing here asks for the time, waits, or touches the outside.
 */
import { unreachable } from "../base/assert.ts";
import type { Instant } from "../base/units.ts";
import { earlier, elapsed, instant, NEVER } from "../base/units.ts";
import { missed, overslept, stalled } from "../vrrp/lateness.ts";
import { deadline } from "../vrrp/state.ts";
import { answered, compare } from "./addresses.ts";
import { assess } from "./assess.ts";
import { hookEnded, proceed } from "./awaited.ts";
import { begin } from "./begin.ts";
import type { Event, Handled, Reply } from "./boundary.ts";
import { devicesAnswered } from "./devices.ts";
import type { Perform } from "./due.ts";
import { advertiseDue, due } from "./due.ts";
import { compareForwarding, forwarded, look, lookBehind } from "./forwarding.ts";
import { drive } from "./drive.ts";
import { finish } from "./finish.ts";
import { addressGone, addressTold, linkGone, linkTold, reassess } from "./feed.ts";
import { withGuard } from "./guard-status.ts";
import { nextLook } from "./guard.ts";
import { heartbeatEvent, heartbeatKernel } from "./cluster/heartbeat.ts";
import { noSuch, why } from "./history.ts";
import { noticeSleep } from "./cluster/members.ts";
import { rivalsSlept } from "./contend.ts";
import { deafened } from "./listen.ts";
import { neighbourHeard } from "./neighbours.ts";
import { keepSilent } from "./notice.ts";
import { obey } from "./orders.ts";
import { Outbox } from "./outbox.ts";
import { probed } from "./probed.ts";
import { realServerAnswered, realServerTouched } from "./realserver.ts";
import { receive } from "./receive.ts";
import { reload } from "./reload.ts";
import { addressesStalled, addressLinks } from "./resource/addresses.ts";
import { confirmFence } from "./resource/fenced.ts";
import { stopTime } from "./resource/resources.ts";
import { orderServer } from "./service/order.ts";
import { servicesTold } from "./service/turn.ts";
import { soonest } from "./soonest.ts";
import { status } from "./status.ts";
import { sendFailed } from "./unsent.ts";
import type { Turn, World } from "./world.ts";

export class Agent {
  private world: World | null = null;
  private handledAt: Instant = instant(0);
  private wakeAt: Instant = NEVER;
  private readonly turn: Turn = {
    now: instant(0),
    out: new Outbox(),
    touched: new Set(),
    losers: new Set(),
    gained: new Set(),
    records: new Set(),
    addresses: false,
    next: NEVER,
  };

  /**
   * Handles one event at `now`; the first one must be `start`. The actions are to be performed in order. With `urgent`, adverts that
   * are due are given to it as soon as they are known, before the work that follows from them; they are not among the actions then.
   */
  handle(event: Event, now: Instant, urgent: Perform | null = null): Handled {
    const { turn } = this;
    turn.now = now;
    if (event.kind === "start") {
      this.world = begin(turn, event);
      if (this.world === null) turn.out.exit(1);
    }
    const { world } = this;
    if (world !== null) {
      if (event.kind !== "start") this.dispatch(world, turn, event, urgent);
      finish(world, turn);
      this.schedule(world, turn);
    }
    this.handledAt = now;
    // An empty set is not cleared: that makes a new table, which outlives the old one it hangs on until a full collection.
    if (turn.touched.size > 0) turn.touched.clear();
    if (turn.losers.size > 0) turn.losers.clear();
    if (turn.gained.size > 0) turn.gained.clear();
    if (turn.records.size > 0) turn.records.clear();
    turn.addresses = false;
    turn.next = NEVER;
    return { actions: turn.out.take(), wakeAt: this.wakeAt };
  }

  private dispatch(
    world: World,
    turn: Turn,
    event: Exclude<Event, { kind: "start" }>,
    urgent: Perform | null,
  ): void {
    const late = this.noticeStalls(world, turn);
    switch (event.kind) {
      case "frame":
        // It waited with those that are thrown away.
        if (!late) receive(world, turn, event);
        break;
      case "deadline":
        due(world, turn, urgent);
        break;
      case "heartbeat":
      case "resource-ended":
        heartbeatEvent(world, turn, event);
        break;
      case "realserver":
        realServerAnswered(world, turn, event);
        break;
      case "services":
        servicesTold(world, turn, event);
        break;
      case "link":
        linkTold(world, turn, event.link);
        addressLinks(world, turn);
        surroundings(world, turn);
        break;
      case "link-gone":
        linkGone(world, turn, event.index);
        addressLinks(world, turn);
        surroundings(world, turn);
        break;
      case "address":
        addressTold(world, turn, event.address);
        surroundings(world, turn);
        break;
      case "address-gone":
        addressGone(world, turn, event.key);
        surroundings(world, turn);
        break;
      case "kernel":
        world.kernel.replace(event.links, event.addresses);
        compare(world, turn);
        addressLinks(world, turn);
        lookBehind(world, turn);
        assess(world, turn, world.routers.values());
        surroundings(world, turn);
        break;
      case "virtual-macs":
      case "refused":
        devicesAnswered(world, turn, event);
        break;
      case "addresses-changed":
        keepSilent(world, event.results);
        answered(world, turn, event.results);
        // Many addresses are added in several batches: adverts find their time between them.
        advertiseDue(world, turn, urgent);
        break;
      case "forwarding-hint":
        look(world, turn);
        break;
      case "forwarding-told":
        compareForwarding(world, turn, event.entries);
        break;
      case "forwarding-changed":
        forwarded(world, turn, event.results);
        break;
      case "neighbour":
        neighbourHeard(world, turn, event);
        break;
      case "listener-failed":
        if (deafened(world, turn, event)) reassess(world, turn, event.index);
        break;
      case "send-failed":
        sendFailed(world, turn, event.router, event.errno);
        break;
      case "probe":
      case "probes":
        probed(world, turn, event);
        break;
      case "hook-ended":
        hookEnded(world, turn, event);
        break;
      case "probe-hint":
        world.checks.hint(event.check, turn.now);
        break;
      case "notify-failed":
        turn.out.log("warning", "notify.failed", {
          name: event.queue,
          command: event.command,
          detail: event.detail,
        });
        break;
      case "request":
        request(world, turn, event);
        break;
      case "history-read":
        world.history.recall(event.transitions);
        break;
      case "config":
        reload(world, turn, event);
        break;
      case "signal":
        if (event.signal === "SIGHUP") turn.out.defer({ kind: "read-config", connection: null });
        else stop(world, turn, event.signal);
        break;
      default:
        unreachable(event);
    }
  }

  /** A gap between two events may be a stall of ours: masters then listen first, whatever the event is. Says whether it was. */
  private noticeStalls(world: World, turn: Turn): boolean {
    const gap = elapsed(this.handledAt, turn.now);
    if (gap < 10) return false;
    addressesStalled(world, turn, gap);
    if (world.cluster !== null) noticeSleep(world.cluster, turn);
    let noticed = false;
    for (const router of world.routers.values()) {
      const { machine } = router;
      if (deadline(machine) > turn.now && machine.kind === "backup") continue;
      const settings = router.settings();
      if (!stalled(settings, machine, turn.now) && !overslept(settings, machine, turn.now)) continue;
      drive(world, turn, router, { kind: "deadline" });
      noticed = true;
    }
    // Who was late by its patience listens first: longer patience does not make up for that.
    rivalsSlept(world, turn);
    if (!noticed) return false;
    // What waited is thrown away with it, and others may have waited for that.
    for (const router of world.routers.values()) {
      if (missed(router.settings(), router.machine, gap)) drive(world, turn, router, { kind: "slept" });
    }
    return true;
  }

  /** Only a machine that was driven can be due earlier than before; all are looked through when the old time has come. */
  private schedule(world: World, turn: Turn): void {
    let next = turn.next;
    if (this.wakeAt <= turn.now || this.wakeAt === NEVER) {
      for (const router of world.routers.values()) next = earlier(next, nextLook(router));
    } else {
      next = earlier(next, this.wakeAt);
    }
    this.wakeAt = soonest(world, next);
  }
}

/** Links or addresses are other than before. */
function surroundings(world: World, turn: Turn): void {
  heartbeatKernel(world, turn);
  realServerTouched(world, turn);
}

function request(world: World, turn: Turn, event: Extract<Event, { kind: "request" }>): void {
  const { connection, request: asked } = event;
  const answer = (reply: Reply): void => turn.out.defer({ kind: "reply", connection, reply });
  switch (asked.command) {
    case "status": {
      const reply = status(world, asked.name, turn.now, event.wallClock);
      const unknown = { exit: 1, body: { error: `${noSuch(world)} is called ${asked.name}` } };
      return answer(reply ?? unknown);
    }
    case "standby":
    case "takeover": {
      const reply = obey(world, turn, connection, asked);
      return reply === null ? undefined : answer(reply);
    }
    case "fence-confirm":
      return answer(confirmFence(world, turn, asked.name));
    case "why": {
      const told = why(world, asked.name, turn.now, event.wallClock);
      return answer(withGuard(world, asked.name, told));
    }
    case "server":
      return answer(orderServer(world, asked));
    case "reload":
      return turn.out.defer({ kind: "read-config", connection });
    case "stop": {
      stop(world, turn, "request");
      const resources = world.cluster?.resources ?? null;
      const within = Math.max(world.hooks.time(turn.now), resources === null ? 0 : stopTime(resources));
      const body = { stopped: true, within_ms: within };
      return answer({ exit: 0, body });
    }
    default:
      unreachable(asked);
  }
}

/** Asked a second time, it waits for no hook any more, and leaves none behind; nor for the scripts of resources. */
function stop(world: World, turn: Turn, reason: string): void {
  if (world.stopping === null) {
    world.stopping = reason;
    world.pending = null;
  } else {
    world.hooks.kill(turn, "told to stop again");
    if (world.cluster !== null) world.cluster.hurried = true;
    for (const router of world.routers.values()) if (router.phase === "leaving") router.phase = "left";
  }
  proceed(world, turn);
}
