/** The shipped agent as the simulator runs it, and what it looks at without asking: what each router is, and its priority. */
import { Agent } from "../../src/agent/agent.ts";
import type { Role } from "../../src/agent/router.ts";
import type { Handler } from "./process.ts";

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
  };
}

export const makeAgent = (): Handler => handlerOf(new Agent());
