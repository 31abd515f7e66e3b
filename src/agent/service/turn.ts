/** How virtual services take part in the agent's turns: a configuration, the edge's answers, and what follows at the end of each. */
import { NEVER } from "../../base/units.ts";
import { serverName } from "../../config/server-name.ts";
import type { ServiceEvent } from "./boundary.ts";
import type { Judges } from "./state.ts";
import { isActive } from "./active.ts";
import { order, orderKey } from "./services.ts";
import type { Turn, World } from "../world.ts";

/** What servers are judged by in this world. */
export const judgesOf = ({ checks, services }: World): Judges => ({
  health: (check) => checks.health(check),
  detail: (check) => checks.detail(check),
  value: (check) => checks.value(check),
  order: (service, server) => services.orders.get(orderKey(service, server)) ?? null,
  maintained: ({ name, destination }) =>
    services.maintained.size > 0 &&
    (services.maintained.has(name) || services.maintained.has(destination.address)),
});

/** Takes a new configuration over, at the start or by a reload. */
export function configureServices(world: World, turn: Turn): void {
  const { services, config } = world;
  services.timeouts = config.agent.ipvsTimeouts;
  services.configure(config.services, turn.now);
  const directory = config.services.length === 0 ? null : config.agent.maintenanceDir;
  if (directory === services.directory) return;
  services.directory = directory;
  order(turn, { kind: "services", what: "maintain", directory });
}

/** An answer of the edge. */
export function servicesTold(world: World, turn: Turn, event: ServiceEvent): void {
  const { services } = world;
  if (event.what === "told") services.told(turn, event);
  else if (event.what === "written") services.written(turn, event);
  else {
    services.maintained = new Set(event.names.map(serverName));
    services.dirty = true;
    if (event.failure !== services.maintenanceFailure && event.failure !== null) {
      const { directory } = services;
      turn.out.log("warning", "agent.warning", {
        what: "maintenance_dir",
        detail: `${directory}: ${event.failure}`,
      });
    }
    services.maintenanceFailure = event.failure;
  }
}

/** At the end of a turn: what follows from it for the services. */
export function settleServices(world: World, turn: Turn): void {
  const { services } = world;
  for (const { config, active } of services.tied) {
    if ((isActive(world, config) ?? active) !== active) services.dirty = true;
  }
  if (services.leaveAt <= turn.now) {
    services.leaveAt = NEVER;
    services.dirty = true;
  }
  // What is ours goes with the process, in one go.
  if (world.stopping !== null) services.changed.clear();
  else if (services.dirty || services.changed.size > 0) services.settle(world, turn, judgesOf(world));
}
