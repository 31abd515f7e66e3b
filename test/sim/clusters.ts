/** What is checked of a cluster: who takes whom for dead, where groups run, and whom guards let take over. */
import type { Action } from "../../src/agent/boundary.ts";
import type { Cables } from "./cables.ts";
import type { Gates } from "./gates.ts";
import { Guards } from "./guards.ts";
import { Members } from "./members.ts";
import type { Node } from "./node.ts";
import { Places } from "./places.ts";
import type { Plan } from "./plan.ts";
import type { Scene } from "./scene.ts";

export class Clusters {
  readonly guards: Guards;
  readonly #members: Members;
  readonly #places: Places | null;
  readonly #peaceAt: number;

  constructor(scene: Scene, gates: Gates, cables: Cables, { nodes, terms, peaceAt }: Plan) {
    this.#members = new Members(scene, cables);
    this.guards = new Guards(scene, gates, this.#members);
    const resources = nodes[0]?.config.cluster?.resources ?? null;
    this.#places =
      resources === null || terms === null ? null : new Places(scene, cables, resources.groups, terms);
    this.#peaceAt = peaceAt;
  }

  /** After an event of the world; `changed`: something moved. */
  judge(changed: boolean): void {
    if (changed) this.#members.judge();
    if (changed) this.guards.judge();
    this.#places?.judge(changed);
  }

  log(node: Node, action: Extract<Action, { kind: "log" }>): void {
    this.#members.log(node, action);
    this.guards.log(node, action);
    const { event, fields } = action;
    if (event === "resource.fence" && fields["what"] === "running") this.#places?.aims(node);
  }

  /** The end of the run. */
  finish(): void {
    this.#members.finish(this.#peaceAt);
    this.#places?.finish();
  }
}
