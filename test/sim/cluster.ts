/** Heartbeat's edge in one life of an agent: the links that it has open, and what its host answers. */
import type { Event } from "../../src/agent/boundary.ts";
import type {
  HeartbeatAction,
  HeartbeatEvent,
  Medium,
  Precedence,
  ResourceAction,
} from "../../src/agent/cluster/boundary.ts";
import { unreachable } from "../../src/base/assert.ts";
import type { Node } from "./node.ts";
import type { Process } from "./process.ts";

/** Messages that wait for a process that does not run. */
const WAITING_MAX = 200;

export class ClusterEdge {
  readonly node: Node;
  readonly #process: Process;
  #media: readonly Medium[] = [];
  #waiting = 0;
  /** The run of the fence's command that goes on. */
  #fencing: number | null = null;

  constructor(node: Node, process: Process) {
    this.node = node;
    this.#process = process;
    node.cables.plug(node, this);
  }

  hear(link: string, bytes: Uint8Array): void {
    const { alive, frozen } = this.#process;
    if (!alive || !this.isOpen(link)) return;
    this.#waiting = frozen ? this.#waiting + 1 : 0;
    if (this.#waiting > WAITING_MAX) return;
    this.#process.control({ kind: "heartbeat", what: "received", link, bytes });
  }

  /** Its port breaks; the agent tries it again, until it is whole. */
  breaks(link: string): void {
    if (!this.#process.alive || !this.isOpen(link)) return;
    this.#media = this.#media.filter(({ id }) => id !== link);
    this.node.observer.kernelChanged(this.node);
    this.#process.control({ kind: "heartbeat", what: "opened", link, failure: "EIO" });
  }

  isOpen = (link: string): boolean => this.#media.some(({ id }) => id === link);

  perform(action: HeartbeatAction | ResourceAction): Event[] {
    if (action.kind === "resource") return this.#script(action);
    const { node } = this;
    const { cables } = node;
    const host = { wallClock: cables.wallClock(node), load: "0.00 0.00 0.00 1/1 1" };
    const soon = (event: HeartbeatEvent): void =>
      cables.later(() => this.#process.alive && this.#process.control(event));
    switch (action.what) {
      case "recall": {
        const fresh = cables.octets();
        soon({ kind: "heartbeat", what: "recalled", ...cables.recall(node), fresh, host, failure: null });
        return [];
      }
      case "keep":
        cables.keep(node, action.uuid, action.generation);
        soon({ kind: "heartbeat", what: "kept", failure: null });
        return [];
      case "keep-resources":
        cables.keepResources(node, action.text);
        soon({ kind: "heartbeat", what: "resources-kept", version: action.version, failure: null });
        return [];
      case "look":
        return [{ kind: "heartbeat", what: "host", host }];
      case "media":
        return this.#want(action.media);
      case "ping":
        for (const address of action.addresses) {
          cables.echo(node, () => soon({ kind: "heartbeat", what: "pinged", address, failure: null }));
        }
        return [];
      case "fence":
        this.#fence(action.run);
        return [];
      case "fence-cancel":
        this.#fencing = null;
        return [];
      case "send":
        return action.links.flatMap((link) => this.#send(link, action.bytes, action.precedence));
      default:
        return unreachable(action);
    }
  }

  /** Shoots the other node in so long, and ends well or not. */
  #fence(run: number): void {
    const { cables, schedule, config, number } = this.node;
    const plan = config.cluster?.resources?.fence ?? null;
    if (plan === null) return;
    const { fails, takes, lasts } = cables.fence(plan);
    this.#fencing = run;
    const isOn = (): boolean => this.#process.alive && this.#fencing === run;
    if (!fails) schedule.after(takes / 2, () => isOn() && cables.other(number)?.shot(lasts));
    schedule.after(takes, () => {
      if (!isOn()) return;
      this.#fencing = null;
      const failure = fails ? "/sbin/fence: exit 1" : null;
      this.#process.control({ kind: "heartbeat", what: "fenced", run, failure, output: "" });
    });
  }

  #script(action: ResourceAction): Event[] {
    const times = this.node.config.cluster?.resources?.times;
    if (times === undefined) return [];
    this.node.services.run(action, times, (event) => this.#process.alive && this.#process.control(event));
    return [];
  }

  #send(link: string, bytes: Uint8Array, precedence: Precedence): Event[] {
    const medium = this.#media.find(({ id }) => id === link);
    if (medium === undefined) return [];
    const dropped = this.node.cables.send(this.node, medium, bytes, precedence);
    if (dropped === 0) return [];
    return [{ kind: "heartbeat", what: "unsent", link, reason: `${dropped} left out` }];
  }

  #want(media: readonly Medium[]): Event[] {
    const known = new Set(this.#media.map((each) => JSON.stringify(each)));
    const { kernel, cables, number } = this.node;
    this.#media = media.filter(
      (each) =>
        !cables.broken.has(`${number} ${each.id}`) &&
        (each.kind === "serial" || kernel.link(each.index) !== null),
    );
    // Others may hear it from now on, or no more.
    this.node.observer.kernelChanged(this.node);
    return media
      .filter((each) => !known.has(JSON.stringify(each)))
      .map(({ id }) => {
        const failure = this.isOpen(id) ? null : "ENODEV";
        return { kind: "heartbeat", what: "opened", link: id, failure };
      });
  }
}
