/** What is said of servers that leave a service: that they begin to, and that they are gone. */
import { showEndpoint } from "../../config/check-kind.ts";
import type { Departure } from "../../ipvs/leaving.ts";
import type { Filled } from "../../ipvs/pool.ts";
import type { Destination } from "../../wire/ipvs.ts";
import { destinationKey } from "../../wire/ipvs.ts";
import { rememberService } from "../history.ts";
import type { ServiceState } from "./state.ts";
import type { Turn, World } from "../world.ts";

/** `10.0.0.2:80`, as servers are called. */
export const destinationName = ({ address, port }: Destination): string =>
  showEndpoint(address, port === 0 ? null : port);

/** Follows those who leave; a fallback goes without a word, as `status` has it either way. */
export function tellLeavers(world: World, turn: Turn, state: ServiceState, filled: Filled): void {
  for (const departure of state.leavers.follow(filled.leaving, turn.now)) {
    const { what, leaver } = departure;
    const { destination } = leaver.told;
    if (state.isFallback(destinationKey(destination))) continue;
    const { name } = state.config;
    const server = destinationName(destination);
    const reason = reasonOf(departure, state);
    turn.out.log("info", `server.${what}`, { name, server, reason });
    const from = what === "leaving" ? "present" : "leaving";
    rememberService(world, turn, name, { from, to: what, reason: `${server}: ${reason}` });
  }
}

function reasonOf({ what, leaver }: Departure, { config }: ServiceState): string {
  const { active, inactive } = leaver.told;
  const connections = `connections ${active}+${inactive}`;
  const most = `${config.drainTimeout / 1000}s`;
  if (what === "leaving")
    return `not configured; ${connections} may end, for ${most} at most (drain_timeout)`;
  return leaver.ended
    ? "its connections have ended"
    : `${most} are over (drain_timeout); lost: ${connections}`;
}
