/** Adverts that the kernel did not send: whoever is not heard is no master, and in fault where that will not pass by itself. */
import { trouble } from "./addresses.ts";
import { assess } from "./assess.ts";
import { drive } from "./drive.ts";
import type { Instant } from "../base/units.ts";
import { elapsed, ms } from "../base/units.ts";
import { RELEASING } from "../vrrp/state.ts";
import type { Peer, Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** Answers to an advert that are the network's. */
const NO_ROUTE: ReadonlySet<string> = new Set(["ENETUNREACH", "EHOSTUNREACH"]);
const WAY = "no route to its peers";
/** Those that come again until somebody changes something, and what that may be. */
const LASTING: ReadonlyMap<string, string> = new Map([
  ["EPERM", "a packet filter of this host?"],
  ["EACCES", "a packet filter of this host?"],
  ["EMSGSIZE", "longer than the MTU of their way"],
  ["EINVAL", "is the source right?"],
  ...Array.from(NO_ROUTE, (errno) => [errno, WAY] as const),
]);
/** After that it is tried again. */
const TROUBLE = ms(10_000);
/** Another master that was heard so many intervals ago, at most, serves. */
const SERVES = 2;

/** One packet of a router's last advert was not sent. */
export function sendFailed(world: World, turn: Turn, name: string, errno: string): void {
  const router = world.routers.get(name);
  if (router === undefined) return;
  if (world.alarms.allows(`send ${name} ${errno}`, turn.now)) {
    turn.out.log("warning", "vrrp.send_failed", { name, errno });
  }
  const { machine, sending, config } = router;
  const wasMaster = machine.kind === "master";
  sending.refuses(turn.now, config.advertInterval);
  if (!sending.lost) return;
  const other = heardMaster(router, turn.now);
  // Without a route the advert is lost as in any network that is down: isolation is no stall of ours, and no reason to leave the clients alone.
  if (NO_ROUTE.has(errno) && other === null) return;
  drive(world, turn, router, { kind: "unsent" });
  turn.records.add(name);
  const hint = LASTING.get(errno);
  if (!wasMaster || hint === undefined) return;
  const text = `adverts cannot be sent: ${errno} (${hint})`;
  if (router.machine.kind === "master") {
    if (other === null || !sending.isMute(turn.now)) return;
    // It does not hear us, and whoever it took over from must let go.
    drive(world, turn, router, { kind: "yield", reason: `${text}, and ${other.address} is master` });
    return;
  }
  // Its first advert: it was nobody's master, and would not be the next time.
  trouble(world, turn, router, { text, span: TROUBLE, cure: "link" });
  assess(world, turn, [router]);
}

/** A router whose adverts, as a master's, came a moment ago; null: none. */
const heardMaster = ({ peers }: Router, now: Instant): Peer | null =>
  [...peers.values()].find(
    ({ priority, heardAt, interval }) => priority !== RELEASING && elapsed(heardAt, now) <= SERVES * interval,
  ) ?? null;
