/** The operator's word is kept: in standby nothing is sent and nothing held, taken is master with 254 for as long as it is master. */
import type { Event } from "../../src/agent/boundary.ts";
import type { Role } from "../../src/agent/router.ts";
import type { Node } from "./node.ts";
import type { Sent } from "./observer.ts";
import { sightAdvert } from "./packets.ts";
import type { Scene } from "./scene.ts";
import { violate } from "./scene.ts";
import { NUMBERS } from "./health.ts";

/** What a router that was taken may say: 254, as owner 255, and that it leaves. */
const TAKEN: ReadonlySet<number> = new Set([254, 255, 0]);

export class Obedience {
  readonly #scene: Scene;
  /** Priorities that routers sent in the present turn, by name. */
  readonly #said = new Map<string, number>();
  /** Who was in standby when it began, and who was taken. */
  #out: ReadonlySet<string> = new Set();
  #taken: ReadonlySet<string> = new Set();
  /** Routers whose own priority may be 254 as well, and which heard that of another, by node. */
  readonly #rivalled = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** An event is about to be handled. */
  begin(node: Node, event: Event): void {
    this.#said.clear();
    if (event.kind === "frame") this.#hear(node, event);
    this.#out = new Set(node.orders.out);
    this.#taken = new Set(node.orders.taken);
    node.orders.promised.clear();
  }

  /** Another one has 254: a takeover that is younger, perhaps. */
  #hear(node: Node, { family, bytes }: Extract<Event, { kind: "frame" }>): void {
    const advert = sightAdvert(family, bytes);
    if (advert?.priority !== 254 || advert.hopLimit !== 255) return;
    const router = node.config.routers.find(({ vrid, family: of }) => vrid === advert.vrid && of === family);
    if (router !== undefined && highest(node, router.name) >= 254) {
      this.#rivalled.add(`${node.number} ${router.name}`);
    }
  }

  /** Something is about to leave the agent. */
  sent(action: Sent): void {
    const { router, bytes } = action;
    if (router === null) return;
    const family = action.kind === "packet" ? action.family : action.ethertype === 0x0800 ? 4 : 6;
    this.#said.set(router, sightAdvert(family, bytes)?.priority ?? 0);
  }

  /** The event was handled, and the routers are `roles` now. */
  end(node: Node, roles: ReadonlyMap<string, Role>): void {
    const { orders, plan } = node;
    for (const [name, role] of roles) {
      orders.became(name, role);
      // A stop ends what stood, also while another router's before_release is waited for.
      if (node.stopping && role === "init") orders.out.delete(name);
      if (orders.out.has(name) !== (role === "standby")) {
        violate(
          this.#scene,
          `${plan.name} is ${role} of ${name}, by order ${orders.out.has(name) ? "" : "not "}standby`,
        );
      }
    }
    for (const name of orders.promised) {
      if (roles.get(name) !== "master")
        violate(this.#scene, `${plan.name} says that it took ${name}, and did not`);
    }
    for (const [name, priority] of this.#said) this.#judge(node, name, priority);
  }

  #judge(node: Node, name: string, priority: number): void {
    const { orders, plan } = node;
    if (this.#out.has(name) && orders.out.has(name))
      violate(this.#scene, `${plan.name} spoke for ${name} in standby`);
    if (orders.taken.has(name)) {
      if (TAKEN.has(priority)) return;
      // The younger takeover elsewhere has ended this one, which has stayed master all the same.
      if (this.#rivalled.delete(`${node.number} ${name}`)) {
        orders.taken.delete(name);
        return;
      }
      violate(this.#scene, `${plan.name} was told to take ${name} and advertised ${priority}`);
    } else if (priority === 254 && !this.#taken.has(name) && highest(node, name) < 254) {
      // A loser's last word may still have it.
      violate(this.#scene, `${plan.name} advertised 254 for ${name}, which nobody told it to take`);
    }
  }
}

/** The highest priority that tracking could make of a router's, before or after a reload. */
function highest({ plan: { config, later } }: Node, name: string): number {
  const sums = [config, later].flatMap(({ routers, checks }) => {
    const numbers = Math.max(...NUMBERS) * checks.filter(({ type }) => type === "file").length;
    return routers
      .filter((router) => router.name === name)
      .map(({ priority, tracks }) =>
        [...tracks, ...checks].reduce((sum, { weight }) => sum + Math.max(0, weight), priority + numbers),
      );
  });
  return Math.max(0, ...sums);
}
