/** Whether a virtual service is to be active: as the router or the group of resources is that it goes with. */
import type { ServiceConfig } from "../../config/service-model.ts";
import { groupState } from "../resource/resources.ts";
import type { World } from "../world.ts";

/** Whether what a service depends on is here; null while that is not known: then the service is as it was found. */
export function isActive({ routers, cluster }: World, { activeWhen }: ServiceConfig): boolean | null {
  if (activeWhen === null) return true;
  const router = routers.get(activeWhen);
  if (router !== undefined) return router.role === "master";
  const resources = cluster?.resources ?? null;
  const phase = resources === null ? "stopped" : groupState(resources, activeWhen);
  if (phase === "unknown") return null;
  // Its addresses come with it: by then the service is there.
  return phase === "starting" || phase === "started";
}
