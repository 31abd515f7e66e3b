/** What an operator told the agent of a node and was promised: which of its routers are out, and which are taken. */
import type { Reply, Request } from "../../src/agent/boundary.ts";

const names = (body: unknown, key: string): string[] => {
  const list =
    typeof body === "object" && body !== null ? Object.entries(body).find(([of]) => of === key)?.[1] : [];
  return Array.isArray(list) ? list.filter((each) => typeof each === "string") : [];
};

export class Orders {
  /** Routers in standby. */
  readonly out = new Set<string>();
  /** Routers that run with 254, as long as they are master. */
  readonly taken = new Set<string>();
  /** Those that were promised to be master, in the present turn. */
  readonly promised = new Set<string>();

  /** The agent is being told to take over. */
  taking = false;

  /** A new agent knows of none. */
  none(): void {
    for (const set of [this.out, this.taken, this.promised]) set.clear();
  }

  /** After a reload: what is no router any more has no order. */
  keep(routers: readonly { readonly name: string }[]): void {
    for (const set of [this.out, this.taken]) {
      for (const name of set) if (routers.every((router) => router.name !== name)) set.delete(name);
    }
  }

  /** The agent has answered. */
  answered(request: Request, { body }: Reply): void {
    if (request.command === "standby") {
      for (const name of names(body, "standby")) {
        this.out.add(name);
        this.taken.delete(name);
      }
    } else if (request.command === "takeover") {
      for (const name of names(body, "takeover")) {
        this.out.delete(name);
        this.taken.add(name);
        this.promised.add(name);
      }
    }
  }

  /** A router is master no more: so is the takeover. */
  ceased(name: string): void {
    this.taken.delete(name);
  }
}
