/** What a node says: adverts only from masters, from an address of its own, at a bounded rate and without holes; announcements. */
import type { Event } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import { advertsPerInterval, FIRST_ANNOUNCEMENT } from "./bounds.ts";
import type { Gates } from "./gates.ts";
import { Manners } from "./manners.ts";
import type { Node } from "./node.ts";
import type { Sent } from "./observer.ts";
import { sightAdvert, sightAnnouncement } from "./packets.ts";
import { movedBy, virtualRouterOf, type RouterPlan, type SegmentName } from "./plan.ts";
import type { Part, Scene } from "./scene.ts";
import { isMaster, partsOf, violate } from "./scene.ts";
import { usable } from "./truth.ts";

/** An advert of the present turn; whether it may be sent shows when the turn is over. */
interface Spoken {
  readonly node: Node;
  readonly router: string;
  readonly releasing: boolean;
  readonly version: number | null;
  /** The kernel took it. */
  readonly left: boolean;
}

export class Speech {
  readonly #scene: Scene;
  readonly #gates: Gates;
  #spoken: Spoken[] = [];
  /** What is handled is a packet. */
  #heard = false;
  /** What is handled tells of an interface that nothing passes; it may be over by now, where the agent was frozen. */
  #mute = false;
  /** Addresses announced in the present turn. */
  #told = new Set<Ip>();
  /** World times of the last adverts, by node, router and destination. */
  readonly #recent = new Map<string, number[]>();
  readonly #manners: Manners;
  /** Those that began to hold owe an announcement of every address. */
  readonly #owed = new Map<string, Part & { readonly address: Ip }>();

  constructor(scene: Scene, gates: Gates) {
    this.#scene = scene;
    this.#gates = gates;
    this.#manners = new Manners(scene);
  }

  /** `event` is handled next. */
  begin(event: Event | null): void {
    this.#heard = event?.kind === "frame";
    this.#mute = event?.kind === "link" && !(event.link.up && event.link.carrier);
    this.#spoken = [];
    this.#told.clear();
  }

  /** Something left the agent. Gives the address it announces, if it is an announcement. */
  sent(node: Node, segment: SegmentName, action: Sent, errno: string | null): Ip | null {
    const { kind, bytes, router } = action;
    if (router === null) {
      const told = kind === "frame" ? sightAnnouncement(action.ethertype, bytes) : null;
      if (told !== null && errno === null) this.#announced(node, told);
      return told;
    }
    const family = kind === "packet" ? action.family : action.ethertype === 0x0800 ? 4 : 6;
    const advert = sightAdvert(family, bytes);
    const plan = node.config.routers.find(({ name }) => name === router);
    if (advert === null) {
      violate(this.#scene, `${node.plan.name} sent no VRRP for ${router}`);
      return null;
    }
    this.#spoken.push({
      node,
      router,
      releasing: advert.priority === 0,
      version: advert.version,
      left: errno === null,
    });
    if (plan === undefined) return null;
    this.#source(node, advert.source, plan);
    if (advert.hopLimit !== 255)
      violate(this.#scene, `${node.plan.name} sent a hop limit of ${advert.hopLimit}`);
    if (errno === null && (advert.vrid !== plan.vrid || segment !== plan.segment)) {
      violate(this.#scene, `${node.plan.name} sent VRID ${advert.vrid} for ${router} on ${segment}`);
    }
    this.#rate(node, plan, `${advert.destination} v${advert.version}`);
    if (errno !== null) {
      if (node.mute.has(segment)) this.#manners.tries(node, plan);
      return null;
    }
    const { watches, schedule } = this.#scene;
    watches.renew(`hole ${node.number} ${router}`, schedule.now);
    this.#manners.speaks(node, plan, advert.priority, isMaster(this.#scene, node, plan));
    return null;
  }

  /** Checker 7. An owner's addresses are its own, so it may. */
  #source(node: Node, source: Ip, plan: RouterPlan): void {
    const virtual = node.config.routers.some(
      (router) => router.priority !== 255 && movedBy(router).some(({ address }) => address === source),
    );
    if (virtual) violate(this.#scene, `${node.plan.name} sent an advert of ${plan.name} from ${source}`);
  }

  /** Checker 8. */
  #rate(node: Node, plan: RouterPlan, destination: string): void {
    const key = `${node.number} ${plan.name} ${destination}`;
    const { now } = this.#scene.schedule;
    const recent = (this.#recent.get(key) ?? []).filter((at) => at > now - plan.interval);
    recent.push(now);
    this.#recent.set(key, recent);
    if (recent.length > advertsPerInterval(plan.interval)) {
      violate(
        this.#scene,
        `${node.plan.name} sent ${recent.length} adverts of ${plan.name} in ${plan.interval} ms`,
      );
    }
  }

  #announced(node: Node, address: Ip): void {
    const { watches, schedule } = this.#scene;
    this.#told.add(address);
    watches.renew(`untold ${node.number} ${address}`, schedule.now);
    this.#settle(`first ${node.number} ${address}`);
    const router = node.config.routers.find((each) =>
      movedBy(each).some((moved) => moved.address === address),
    );
    if (router !== undefined)
      this.#spoken.push({ node, router: router.name, releasing: false, version: null, left: true });
  }

  #settle(key: string): void {
    this.#owed.delete(key);
    this.#scene.watches.forget(key);
  }

  /** Whether an advert of this router left in the present turn. */
  spoke(node: Node, router: string): boolean {
    return this.#spoken.some((spoken) => spoken.left && spoken.node === node && spoken.router === router);
  }

  /** The turn is over: whoever spoke was master before it or is now; `began`: these hold from this turn on. */
  end(
    node: Node,
    before: ReadonlyMap<string, string>,
    after: ReadonlyMap<string, string>,
    began: ReadonlySet<string>,
  ): void {
    this.#versions(node);
    for (const { router, releasing } of this.#spoken) {
      const was = before.get(router);
      const is = after.get(router);
      if (was !== "master" && is !== "master") {
        violate(this.#scene, `${node.plan.name} spoke for ${router} as ${is ?? "nothing"}`);
      }
      if (releasing && is === "master")
        violate(this.#scene, `${node.plan.name} released ${router} and stayed master`);
    }
    for (const [name, was] of before) {
      const is = after.get(name) ?? "init";
      const router = [...node.plan.config.routers, ...node.plan.later.routers].find(
        (each) => each.name === name,
      );
      if (was === "master" && (is === "fault" || is === "init" || is === "standby") && router !== undefined)
        this.#left(node, router);
    }
    for (const router of node.config.routers) {
      if (!began.has(router.name)) continue;
      for (const { address } of movedBy(router)) {
        const key = `first ${node.number} ${address}`;
        this.#settle(key);
        if (!this.#told.has(address)) this.#owed.set(key, { node, router, address });
      }
    }
  }

  /** Who speaks both versions says everything in both. */
  #versions(node: Node): void {
    for (const { name, version } of node.config.routers) {
      const said = this.#spoken.filter((spoken) => spoken.node === node && spoken.router === name);
      const [two, three] = [2, 3].map((each) => said.filter((spoken) => spoken.version === each).length);
      const wrong = version === "2+3" ? two !== three : (version === 2 ? three : two) !== 0;
      if (wrong)
        violate(this.#scene, `${node.plan.name} said ${two} adverts of ${name} in version 2, ${three} in 3`);
    }
  }

  /** A router is master no more by its own decision: was it told? On its way out it may be deposed first: that has its own last word. */
  #left(node: Node, router: RouterPlan): void {
    if (this.#mute || (this.#heard && this.spoke(node, router.name))) return;
    const said = this.#spoken.some(
      (spoken) => spoken.node === node && spoken.router === router.name && spoken.releasing,
    );
    this.#manners.leaves(node, router, said);
  }

  /** A router is master since the first event of its agent's life. */
  resumed(node: Node, router: RouterPlan): void {
    this.#manners.resumes(node, router);
  }

  /** Masters that are silent for too long, about themselves (checker 8) or about their addresses (checker 4). */
  judge(): void {
    const scene = this.#scene;
    const { watches, schedule } = scene;
    for (const [virtualRouter, bounds] of scene.bounds) {
      for (const { node, router } of partsOf(scene, virtualRouter)) {
        const masters = isMaster(scene, node, router) && usable(node, router.segment);
        const speaks = masters && !node.mute.has(router.segment);
        const plans = everPlanned(node, router);
        const longest = bounds.hole(Math.max(...plans.map(({ interval }) => interval)));
        watches.update(`hole ${node.number} ${router.name}`, speaks, longest, schedule.now, () => {
          return `${node.plan.name} is master of ${router.name} and sends no advert`;
        });
        const refresh = Math.max(...plans.map(({ garp }) => garp.refresh));
        const refreshes =
          masters && this.#gates.holds(node, router) && plans.every(({ garp }) => garp.refresh > 0);
        for (const { address } of movedBy(router)) {
          const key = `untold ${node.number} ${address}`;
          watches.update(key, refreshes, refresh + FIRST_ANNOUNCEMENT, schedule.now, () => {
            return `${node.plan.name} is master of ${router.name} and did not refresh ${address}`;
          });
        }
      }
    }
    for (const [key, { node, router, address }] of this.#owed) {
      const owes = this.#gates.holds(node, router) && usable(node, router.segment);
      if (!owes) this.#settle(key);
      watches.update(key, owes, FIRST_ANNOUNCEMENT, schedule.now, () => {
        return `${node.plan.name} became master of ${router.name} and did not announce ${address}`;
      });
    }
  }
}

/** The router before and after a reload: which one a silence is measured by is the kinder one. */
const everPlanned = (node: Node, router: RouterPlan): RouterPlan[] =>
  [router, ...node.plan.config.routers, ...node.plan.later.routers].filter(
    (each) => virtualRouterOf(each) === virtualRouterOf(router),
  );
