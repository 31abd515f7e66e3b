/** Adverts that the kernel did not send: whoever is not heard is no master, and in fault where that will not pass by itself. */
import { trouble } from "./addresses.ts";
import { assess } from "./assess.ts";
import { drive } from "./drive.ts";
import { ms } from "../base/units.ts";
import type { Turn, World } from "./world.ts";

/** Answers to an advert that are the network's. */
const NO_ROUTE: ReadonlySet<string> = new Set(["ENETUNREACH", "EHOSTUNREACH"]);
/** Those that come again until somebody changes something, and what that may be. */
const LASTING: ReadonlyMap<string, string> = new Map([
  ["EPERM", "a packet filter of this host?"],
  ["EACCES", "a packet filter of this host?"],
  ["EMSGSIZE", "longer than the MTU of their way"],
  ["EINVAL", "is the source right?"],
]);
/** After that it is tried again. */
const TROUBLE = ms(10_000);

/** One packet of a router's last advert was not sent. */
export function sendFailed(world: World, turn: Turn, name: string, errno: string): void {
  const router = world.routers.get(name);
  if (router === undefined) return;
  if (world.alarms.allows(`send ${name} ${errno}`, turn.now)) {
    turn.out.log("warning", "vrrp.send_failed", { name, errno });
  }
  // Without a route the advert is lost as in any network that is down: isolation is no stall of ours.
  if (NO_ROUTE.has(errno)) return;
  router.unsent += 1;
  if (router.unsent < router.packets) return;
  const before = router.machine.kind;
  drive(world, turn, router, { kind: "unsent" });
  turn.records.add(name);
  const hint = LASTING.get(errno);
  // Its first advert: it was nobody's master, and would not be the next time.
  if (before !== "master" || router.machine.kind === "master" || hint === undefined) return;
  trouble(world, turn, router, {
    text: `adverts cannot be sent: ${errno} (${hint})`,
    span: TROUBLE,
    cure: "link",
  });
  assess(world, turn, [router]);
}
