/** What an operator told the agent of a node and was promised: which of its routers are out, and which are taken. */
import type { Event, Reply, Request } from "../../src/agent/boundary.ts";
import type { Role } from "../../src/agent/router.ts";
import type { Node } from "./node.ts";

const names = (body: unknown, key: string): string[] => {
  const list =
    typeof body === "object" && body !== null ? Object.entries(body).find(([of]) => of === key)?.[1] : [];
  return Array.isArray(list) ? list.filter((each) => typeof each === "string") : [];
};

export class Orders {
  /** Routers in standby. */
  readonly out = new Set<string>();
  /** Routers that will be, once their before_release has ended. */
  readonly leaving = new Set<string>();
  /** Routers that run with 254, as long as they are master. */
  readonly taken = new Set<string>();
  /** Those that were promised to be master, in the present turn. */
  readonly promised = new Set<string>();

  /** The agent is being told to take over. */
  taking = false;
  /** Requests that wait for their reply, by connection. */
  readonly #waiting = new Map<number, Request>();
  #asked = 0;

  /** A new agent knows of none. */
  none(): void {
    for (const set of [this.out, this.leaving, this.taken, this.promised]) set.clear();
  }

  /** After a reload: what is no router any more has no order. */
  keep(routers: readonly { readonly name: string }[]): void {
    for (const set of [this.out, this.leaving, this.taken]) {
      for (const name of set) if (routers.every((router) => router.name !== name)) set.delete(name);
    }
  }

  /** A request as the control socket hands it in. */
  event(request: Request): Event {
    const connection = ++this.#asked;
    // About groups it is answered when the other node has, and the places of groups tell the rest.
    if (!isAboutGroups(request)) this.#waiting.set(connection, request);
    return { kind: "request", connection, request, wallClock: 0 };
  }

  /** The agent is about to handle an event. */
  hears(event: Event): void {
    const request = event.kind === "request" ? event.request : null;
    this.taking = request?.command === "takeover" && !isAboutGroups(request);
  }

  /** The agent has answered. */
  answered(connection: number, { body }: Reply): void {
    const request = this.#waiting.get(connection);
    this.#waiting.delete(connection);
    if (request?.command === "standby") {
      const waiting = names(body, "waiting_for_hook");
      for (const name of names(body, "standby")) {
        (waiting.includes(name) ? this.leaving : this.out).add(name);
        // Until it is gone it keeps its priority: nobody is to depose it while its hook runs.
        if (!waiting.includes(name)) this.taken.delete(name);
      }
    } else if (request?.command === "takeover") {
      for (const name of names(body, "takeover")) {
        this.out.delete(name);
        this.leaving.delete(name);
        this.taken.add(name);
        this.promised.add(name);
      }
    }
  }

  /** What a router is now: a takeover ends with the mastership, a before_release with standby. */
  became(name: string, role: Role): void {
    if (role !== "master") this.taken.delete(name);
    if (role === "standby" && this.leaving.delete(name)) this.out.add(name);
  }
}

const isAboutGroups = (request: Request): boolean =>
  (request.command === "standby" || request.command === "takeover") && request.groups !== undefined;

/** A client command on a node; in vain where no agent lives. One for all there is goes to routers and groups one by one. */
export function ask({ process, orders, config }: Node, request: Request): void {
  const moves = request.command === "standby" || request.command === "takeover";
  if (!moves || request.name !== null || isAboutGroups(request) || !config.cluster?.resources) {
    return process?.control(orders.event(request));
  }
  for (const { name } of config.routers) process?.control(orders.event({ ...request, name }));
  process?.control(orders.event({ ...request, groups: "all" }));
}
