/** The shipped agent as the simulator runs it, and what it looks at without asking: what each router is, and its priority. */
import { Agent } from "../../src/agent/agent.ts";
import type { Event, Handled } from "../../src/agent/boundary.ts";
import type { Perform } from "../../src/agent/due.ts";
import type { Role } from "../../src/agent/router.ts";
import type { Instant } from "../../src/base/units.ts";

/** What the simulator asks of an agent; the shipped class has just this. */
export interface Handler {
  handle(event: Event, now: Instant, urgent: Perform): Handled;
  /** What every router is, by name. */
  roles(): ReadonlyMap<string, Role>;
  /** The effective priority of each router. */
  priorities(): ReadonlyMap<string, number>;
  /** What every other node of its cluster is, by name. */
  members(): ReadonlyMap<string, string>;
}

/**
 * A status request would tell the same, but a request is an event, and what an agent does about it could hide what it failed to do
 * about the one before. So the state is read past its privacy: nothing is added to the shipped class for our sake.
 */
export function handlerOf(agent: Agent): Handler {
  return {
    handle: (event, now, urgent) => agent.handle(event, now, urgent),
    roles() {
      const routers = agent["world"]?.routers.values() ?? [];
      return new Map<string, Role>([...routers].map((router) => [router.config.name, router.role]));
    },
    priorities() {
      const routers = agent["world"]?.routers.values() ?? [];
      return new Map<string, number>([...routers].map((router) => [router.config.name, router.priority]));
    },
    members() {
      const peers = agent["world"]?.cluster?.state?.peers ?? [];
      return new Map([...peers].map(([name, { status }]) => [name, status]));
    },
  };
}

export const makeAgent = (): Handler => handlerOf(new Agent());
