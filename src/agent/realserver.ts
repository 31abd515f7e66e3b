/**
 * The agent as a real server of LVS: which addresses of services it carries on lo. What the edge does about that it does again whenever
 * an interface comes or an address goes, and now and then, as nobody tells when a setting of ARP is changed.
 */
import type { Ip } from "../base/address.ts";
import type { Instant } from "../base/units.ts";
import { after, earlier, ms, NEVER } from "../base/units.ts";
import type { RealServerAddress, RealServerEvent } from "./realserver-boundary.ts";
import type { Turn, World } from "./world.ts";

/** Between two looks at what nobody tells of. */
const LOOK_EVERY = ms(5000);
/** From something that was told to the look: interfaces come with several messages. */
const SOON = ms(100);

/** What is wanted, and how it was when last looked. */
export interface RealServerState {
  wanted: readonly Ip[];
  told: readonly RealServerAddress[];
  /** Why nothing could be done, or looked at. */
  failure: string | null;
  lookAt: Instant;
}

/** Before anything is wanted. */
export const noRealServer = (): RealServerState => ({ wanted: [], told: [], failure: null, lookAt: NEVER });

/** Follows the configuration, and the agent's end: then there is none. */
export function configureRealServer(world: World, turn: Turn, addresses: readonly Ip[]): void {
  const { realServer } = world;
  if (addresses.length === 0 && realServer.wanted.length === 0) return;
  if (JSON.stringify(addresses) === JSON.stringify(realServer.wanted)) return;
  realServer.wanted = addresses;
  apply(world, turn);
}

function apply({ realServer }: World, turn: Turn): void {
  realServer.lookAt = realServer.wanted.length === 0 ? NEVER : after(turn.now, LOOK_EVERY);
  turn.out.defer({ kind: "realserver", addresses: realServer.wanted });
}

/** An interface, or an address, is another than before. */
export function realServerTouched({ realServer }: World, turn: Turn): void {
  if (realServer.wanted.length > 0) realServer.lookAt = earlier(realServer.lookAt, after(turn.now, SOON));
}

export function realServerDue(world: World, turn: Turn): void {
  if (world.realServer.lookAt <= turn.now) apply(world, turn);
}

/** What the edge found; each change is told once. */
export function realServerAnswered({ realServer }: World, turn: Turn, event: RealServerEvent): void {
  if (event.failure !== realServer.failure && event.failure !== null)
    turn.out.log("error", "realserver.state", { state: "fault", reason: event.failure });
  realServer.failure = event.failure;
  if (event.told === null) return;
  const before = new Map(realServer.told.map((each) => [each.address, each]));
  for (const { address, held, failure } of event.told.addresses) {
    const known = before.get(address);
    if (known?.held === held && known.failure === failure) continue;
    const state = { address, state: stateOf({ held, failure }) };
    if (failure === null) turn.out.log("info", "realserver.state", state);
    else turn.out.log("error", "realserver.state", { ...state, reason: failure });
  }
  realServer.told = event.told.addresses;
}

const stateOf = ({ held, failure }: Pick<RealServerAddress, "held" | "failure">): string =>
  failure !== null ? "fault" : held ? "up" : "down";

/** Some address is not carried, or not in silence. */
export const realServerFaulty = ({ realServer }: World): boolean =>
  realServer.wanted.length > 0 &&
  (realServer.failure !== null || realServer.told.some(({ failure }) => failure !== null));

/** For the status; null where this host is no real server. */
export function realServerStatus({ realServer }: World): object | null {
  const { wanted, told, failure } = realServer;
  return wanted.length === 0 ? null : { addresses: told, failure };
}
