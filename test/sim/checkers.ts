/**
 * All the checkers as one observer of the nodes. What they promise, by number; bounds.ts argues the bounds:
 *
 *  1 never two masters, by state and by the kernels' tables, for longer than a bound once packets flow both ways
 *  2 never no master for longer than a bound while one could be
 *  3 addresses, routes and rules are held exactly by masters; a dead agent's vanish with their lifetime
 *  4 a new master, and the winner of a contest, announces its addresses
 *  5 in peace the highest priority wins, or with preempt off just one, and then nothing changes any more
 *  6 an address that was there before us is never deleted, nor given a lifetime (kernel.ts)
 *  7 nothing is sent from a virtual address; nobody but masters speaks
 *  8 a master is neither silent nor noisy
 *  9 SIGTERM ends the agent in time with nothing left behind (node.ts); no turn throws, no loop runs wild (process.ts)
 * 10 what an agent adds stands in its ledger before, so that a successor can remove it
 * 11 nobody takes over without a cause or in its startup delay, an owner waits for nobody else, a sync group moves as one (takeovers.ts)
 * 12 a router in standby neither speaks nor holds anything; one that was taken is master, with 254 (obedience.ts)
 * 13 whoever slept listens before it speaks; whoever leaves says so (manners.ts)
 * 14 of sticky equals a newcomer takes nothing from a master that ran for long (ties.ts); who speaks both versions says all in both
 * 15 every transition is written down
 * 17 a device of a virtual MAC address is there for its router and up while that holds; adverts come from it, the last word does not;
 *    with accept = false just what the router holds is refused (macs.ts)
 * 16 hooks let through what they say, one of a router runs at a time, SIGTERM waits no longer than they may (gates.ts, node.ts)
 * 18 nobody is taken for dead who is heard on some link, or lives long who is heard on none; in peace everybody of a cluster has everybody
 *    else (members.ts); a generation never goes back (cables.ts)
 * 19 guards: nobody takes over from a master that can say that it is one, and nobody else is held back (guards.ts)
 * 20 two masters whose cluster knows of both are soon one; 21 whoever says to it that it released holds nothing (rivals.ts)
 * 22 services: never empty beside a server that is alive, nobody in who did not pass, nobody removed with connections before its time,
 *    nothing of others touched (balances.ts)
 */
import type { Action, AddressChange, Event } from "../../src/agent/boundary.ts";
import type { ForwardingChange } from "../../src/wire/forwarding.ts";
import { Alarms } from "./alarms.ts";
import type { Cables } from "./cables.ts";
import { Census } from "./census.ts";
import { Balances } from "./balances.ts";
import { Clusters } from "./clusters.ts";
import { Contests } from "./contests.ts";
import { judgeAddition, judgeAddresses, judgeElections, judgePeace, masterSeen } from "./elections.ts";
import type { Gates } from "./gates.ts";
import { judgeAnnouncement, judgeSender } from "./macs.ts";
import { ordered } from "./manners.ts";
import type { Node } from "./node.ts";
import { Obedience } from "./obedience.ts";
import type { Observer, Sent } from "./observer.ts";
import { sentText, sightText } from "./packets.ts";
import { type Plan, type RouterPlan, type SegmentName } from "./plan.ts";
import { vouched } from "./routes.ts";
import { roleOf, type Scene, violate } from "./scene.ts";
import { Speech } from "./speech.ts";
import { Takeovers } from "./takeovers.ts";
import { Ties } from "./ties.ts";
import { delayed } from "./truth.ts";

export class Checkers implements Observer {
  readonly #scene: Scene;
  readonly #gates: Gates;
  readonly #contests: Contests;
  readonly #speech: Speech;
  readonly #alarms: Alarms;
  readonly #takeovers: Takeovers;
  readonly #obedience: Obedience;
  readonly #ties: Ties;
  readonly #clusters: Clusters;
  readonly balances: Balances;
  readonly census: Census;
  /** Something changed that the conditions look at. */
  #stale = true;
  /** Roles may not change any more. */
  #quiet = false;
  /** Routers that hold, by node, and those that began to in the present turn. */
  readonly #held = new Map<number, ReadonlySet<string>>();
  readonly #became = new Set<string>();
  /** Routers that ceased to be master in the present turn, and whether they held. */
  readonly #ceased = new Map<RouterPlan, boolean>();
  /** The event that is being handled, and what its node's routers were before. */
  #event: Event | null = null;
  #before: ReadonlyMap<string, string> = new Map();

  constructor(scene: Scene, gates: Gates, cables: Cables, plan: Plan) {
    this.#scene = scene;
    this.#gates = gates;
    this.#contests = new Contests(scene, gates);
    this.#speech = new Speech(scene, gates);
    this.#alarms = new Alarms(scene);
    this.#takeovers = new Takeovers(scene);
    this.#obedience = new Obedience(scene);
    this.#ties = new Ties(scene);
    this.#clusters = new Clusters(scene, gates, cables, plan);
    this.balances = new Balances(scene);
    this.census = new Census(scene);
  }

  /** The network changed. */
  changed(): void {
    this.#stale = true;
  }

  /** After every event of the world: conditions are looked at anew if anything moved. */
  judge(): void {
    this.#clusters.judge(this.#stale);
    if (!this.#stale) return;
    this.#stale = false;
    judgeElections(this.#scene, this.#gates, this.#clusters.guards);
    this.#speech.judge();
    this.#contests.judge();
    this.#alarms.judge();
    this.#takeovers.judge();
    this.#ties.judge();
    this.balances.judge();
    this.#scene.watches.sweep();
  }

  /** From now on no role may change. */
  quiet(): void {
    this.#quiet = true;
  }

  /** The end of the run. */
  finish(): void {
    judgePeace(this.#scene);
    this.#clusters.finish();
    this.balances.finish();
  }

  before(node: Node, event: Event): void {
    const { schedule, trace } = this.#scene;
    if (event.kind === "frame") trace.detail(schedule.now, node.number, () => `heard ${sightText(event)}`);
    this.#speech.begin(event);
    this.#obedience.begin(node, event);
    this.#contests.hear(node, event);
    this.#ties.hear(node, event);
    this.balances.hears(node, event);
    this.#before = new Map(this.#scene.roles[node.number]);
    this.#event = event;
    if (event.kind === "hook-ended") this.#gates.ended(node, event);
  }

  after(node: Node): void {
    const roles = this.#scene.roles[node.number];
    const now = node.process?.agent.roles();
    if (roles === undefined || now === undefined) return;
    // A reload may have changed what is a cause.
    const kind = this.#event?.kind;
    const reloaded = kind === "config" || kind === "hook-ended" || kind === "request";
    if (reloaded) this.#takeovers.judge();
    const lost: string[] = [];
    for (const name of new Set([...roles.keys(), ...now.keys()])) {
      const is = now.get(name) ?? "init";
      const was = roles.get(name) ?? "init";
      if (is === was) continue;
      this.#stale = true;
      roles.set(name, is);
      this.#scene.trace.line(this.#scene.schedule.now, node.number, `${name} ${was} > ${is}`);
      if (node.history.findLast((each) => each.name === name)?.to !== is) {
        violate(this.#scene, `${node.plan.name} went to ${is} and did not write it down`);
      }
      if (is === "master") this.#took(node, name);
      if (was === "master") this.#ceases(node, name, lost);
      if (this.#quiet) violate(this.#scene, `${node.plan.name} went from ${was} to ${is} in peace`);
    }
    if (reloaded) this.#stale = true;
    const began = this.#holding(node);
    this.#speech.end(node, this.#before, now, began);
    this.#obedience.end(node, now);
    for (const name of lost) this.#lost(node, name, now.get(name) === "backup");
  }

  #lost(node: Node, name: string, listens: boolean): void {
    const spoke = this.#speech.spoke(node, name);
    const router = node.config.routers.find((each) => each.name === name);
    if (spoke && listens && this.#event?.kind === "frame") {
      this.#takeovers.gave(node, name);
      if (router !== undefined) this.#ties.yielded(node, router);
    }
    if (router !== undefined) this.#takeovers.ceased(node, router);
    this.#contests.lost(node, name, spoke);
  }

  #ceases(node: Node, name: string, lost: string[]): void {
    lost.push(name);
    const plans = [...node.config.routers, ...node.plan.config.routers];
    const router = plans.find((each) => each.name === name);
    if (router !== undefined) this.#ceased.set(router, this.#held.get(node.number)?.has(name) === true);
  }

  /** Who holds now; gives those that have just begun to. */
  #holding(node: Node): ReadonlySet<string> {
    const before = this.#held.get(node.number) ?? new Set();
    const routers = node.config.routers.filter((router) => this.#gates.holds(node, router));
    const began = routers.filter(({ name }) => !before.has(name));
    for (const router of began) this.#gates.took(node, router);
    this.#held.set(node.number, new Set(routers.map(({ name }) => name)));
    for (const { name } of began) this.#became.add(name);
    return new Set(began.map(({ name }) => name));
  }

  #took(node: Node, name: string): void {
    masterSeen(this.#scene, node, name);
    this.#takeovers.took(node, name);
    const router = node.config.routers.find((each) => each.name === name);
    if (router === undefined) return;
    const started = this.#event?.kind === "start";
    this.#ties.took(node, router, started);
    this.#clusters.guards.took(node, router);
    this.#gates.elected(node, router, started);
    if (started) this.#speech.resumed(node, router);
    else if (delayed(node, router) && !ordered(node, router)) {
      violate(this.#scene, `${node.plan.name} became master of ${name} in its startup delay`);
    }
  }

  rest(node: Node): void {
    judgeAddresses(this.#scene, this.#gates, node, this.#became);
    this.#takeovers.judgeGroups(node);
    this.#became.clear();
    for (const [router, held] of this.#ceased) this.#gates.lost(node, router, held);
    this.#ceased.clear();
  }

  hook(node: Node, action: Extract<Action, { kind: "hook" | "hook-cancel" }>): void {
    const { schedule, trace } = this.#scene;
    const what = action.kind === "hook" ? `${action.which} of ${action.router}` : "is killed";
    trace.line(schedule.now, node.number, `hook ${action.id} ${what}`);
    this.#stale = true;
    if (action.kind === "hook") this.#gates.started(node, action);
    else this.#gates.cancelled(action.id, node);
    if (action.kind === "hook-cancel") this.census.killed();
  }

  sent(node: Node, segment: SegmentName, action: Sent, errno: string | null): void {
    this.#obedience.sent(action);
    judgeSender(this.#scene, node, action);
    const told = this.#speech.sent(node, segment, action, errno);
    if (told !== null) judgeAnnouncement(this.#scene, node, action, told);
    if (told !== null && errno === null) this.#contests.announced(node, told);
    const { schedule, trace } = this.#scene;
    trace.detail(schedule.now, node.number, () => `${sentText(action, told)} ${errno ?? ""}`);
  }

  addressed(node: Node, change: AddressChange, errno: string | null): void {
    const { op, key } = change;
    const { schedule, trace } = this.#scene;
    trace.detail(schedule.now, node.number, () => `${op} ${key.address} ${errno ?? ""}`);
    if (op === "delete") this.#gates.gaveUp(node, key.address);
    if (op !== "delete" && errno === null) judgeAddition(this.#scene, node, change);
  }

  forwarded(node: Node, change: ForwardingChange, errno: string | null): void {
    vouched(this.#scene, node, change, errno);
  }

  log(node: Node, action: Extract<Action, { kind: "log" }>): void {
    const { event, level, fields } = action;
    const { name } = fields;
    this.census.log(node, action);
    this.#clusters.log(node, action);
    if (event === "heartbeat.node") this.#stale = true;
    if (event === "vrrp.contested" && typeof name === "string") {
      this.#alarms.given(node, name);
      this.#stale = true;
    }
    const text = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
    this.#scene.trace.line(this.#scene.schedule.now, node.number, `${level} ${event} ${text.join(" ")}`);
  }

  lived(node: Node, what: string): void {
    this.#stale = true;
    if (node.process === null) this.#died(node, what.startsWith("exit"));
    this.#scene.trace.line(this.#scene.schedule.now, node.number, `** ${what}`);
  }

  /** What it said in the turn in which it died was heard, though nobody ever saw it as master. */
  #died(node: Node, orderly: boolean): void {
    if (orderly) this.#speech.end(node, this.#before, new Map(), new Set());
    this.#became.clear();
    for (const router of node.config.routers) {
      const spoke = this.#speech.spoke(node, router.name);
      if (spoke) masterSeen(this.#scene, node, router.name);
      if (spoke || roleOf(this.#scene, node, router) === "master") this.#takeovers.ceased(node, router);
    }
    this.#scene.roles[node.number]?.clear();
    this.#gates.died(node);
    this.balances.died(node);
    this.#held.delete(node.number);
    this.#ceased.clear();
    this.#speech.begin(null);
  }

  kernelChanged(): void {
    this.#stale = true;
  }

  complain(node: Node, text: string): void {
    violate(this.#scene, `${node.plan.name} ${text}`);
  }
}
