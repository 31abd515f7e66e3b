/**
 * What awaited hooks let through, told from the hooks alone: a master whose before_take has not ended well holds nothing, nor does any
 * of its sync group; one hook of a router runs at a time; whoever held runs before_release.
 */
import type { Action, Event } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import type { Node } from "./node.ts";
import type { RouterPlan } from "./plan.ts";
import { movedBy } from "./plan.ts";
import type { Scene } from "./scene.ts";
import { isMaster, violate } from "./scene.ts";
import { membersWith } from "./truth.ts";

type Hook = Extract<Action, { kind: "hook" }>;
type Ended = Extract<Event, { kind: "hook-ended" }>;

const keyOf = (node: Node, router: string): string => `${node.number} ${router}`;

export class Gates {
  readonly #scene: Scene;
  readonly #running = new Map<string, Hook>();
  /** Masters that may hold, for all that their own hooks say. */
  readonly #open = new Set<string>();
  /** The same of agents that died: a resume goes on from there. */
  readonly #vouched = new Set<string>();
  /** before_release was started since these began to hold. */
  readonly #released = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Master, and everything of its addresses is to be there. */
  holds(node: Node, router: RouterPlan): boolean {
    return (
      isMaster(this.#scene, node, router) &&
      membersWith(node, router).every(
        (member) => !isMaster(this.#scene, node, member) || this.#open.has(keyOf(node, member.name)),
      )
    );
  }

  started(node: Node, hook: Hook): void {
    const key = keyOf(node, hook.router);
    const known = this.#running.get(key);
    if (known !== undefined) {
      violate(this.#scene, `${node.plan.name} runs ${hook.which} of ${hook.router} beside ${known.which}`);
    }
    this.#running.set(key, hook);
    if (hook.which === "before_release") this.#released.add(key);
    // An owner that comes back in the turn in which it left is master all along.
    if (hook.which === "before_take") this.#open.delete(key);
  }

  /** An agent takes an address away: given up, and perhaps taken anew in the same turn, master before it and after it. */
  gaveUp(node: Node, address: Ip): void {
    for (const router of node.config.routers) {
      if (router.hooks?.beforeTake !== true || movedBy(router).every((each) => each.address !== address))
        continue;
      this.#open.delete(keyOf(node, router.name));
    }
  }

  cancelled(id: number, node: Node): void {
    for (const [key, hook] of this.#running) {
      if (hook.id === id && key === keyOf(node, hook.router)) this.#running.delete(key);
    }
  }

  /** Before the agent hears of it; an end that was under way when its hook was cancelled lets nothing through. */
  ended(node: Node, { router, id, failure }: Ended): void {
    const key = keyOf(node, router);
    const hook = this.#running.get(key);
    if (hook?.id !== id) return;
    this.#running.delete(key);
    if (hook.which !== "before_take") return;
    if (failure === null) this.#open.add(key);
    else node.excuses.hookFailed(node.config.routers.find(({ name }) => name === router)?.hooks?.retry ?? 0);
  }

  /** A router became master; `started`: in the first event of its agent, so either it resumes or it owns the addresses. */
  elected(node: Node, router: RouterPlan, started: boolean): void {
    const key = keyOf(node, router.name);
    const free = router.hooks?.beforeTake !== true;
    const resumed = started && this.#running.get(key)?.which !== "before_take";
    if (resumed && !free && !this.#vouched.has(key)) {
      violate(
        this.#scene,
        `${node.plan.name} resumes ${router.name}, which its before_take never let it take`,
      );
    }
    if (free || resumed) this.#open.add(key);
  }

  /** It began to hold. */
  took(node: Node, router: RouterPlan): void {
    this.#released.delete(keyOf(node, router.name));
  }

  /** It is master no more; `held`: and had its addresses. */
  lost(node: Node, router: RouterPlan, held: boolean): void {
    const key = keyOf(node, router.name);
    this.#open.delete(key);
    if (held && router.hooks?.beforeRelease === true && !this.#released.has(key)) {
      violate(this.#scene, `${node.plan.name} gave up ${router.name} and did not run its before_release`);
    }
  }

  died(node: Node): void {
    const prefix = `${node.number} `;
    for (const key of this.#vouched) if (key.startsWith(prefix)) this.#vouched.delete(key);
    for (const key of this.#open) {
      if (!key.startsWith(prefix)) continue;
      this.#open.delete(key);
      this.#vouched.add(key);
    }
    for (const key of this.#running.keys()) if (key.startsWith(prefix)) this.#running.delete(key);
  }
}
