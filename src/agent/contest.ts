/** Two masters at once: a moment of it is how elections go; more than that is an alarm that names what keeps them apart. */
import type { Ip } from "../base/address.ts";
import type { Instant } from "../base/units.ts";
import { elapsed } from "../base/units.ts";
import type { Rejection } from "../vrrp/admit.ts";
import type { Contest, Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** Another master that is silent for so many of our intervals has yielded, if nothing differs. */
const SILENT = 2;
/**
 * And if something does: keepalived 2.2.7 puts off its own advert with each one that it rejects, so that at equal intervals it is
 * heard only now and then, five intervals apart and more, holding the addresses all the while.
 */
const SILENT_DIFFERING = 10;

const silent = ({ setting }: Contest): number => (setting === "" ? SILENT : SILENT_DIFFERING);

/** A contest is over when the other master has been silent so long, and a second more for those who look at the status. */
export function contestOver(router: Router, now: Instant): boolean {
  const { contest } = router;
  if (contest === null) return false;
  return elapsed(contest.heardAt, now) > (silent(contest) + 1) * router.config.advertInterval + 1000;
}

/**
 * Another master was heard while we are one and stay one. `setting` is what differs: the rejection that keeps its adverts from
 * counting (an alarm at once: it cannot heal), or its mismatches (an alarm when it still speaks an interval later).
 */
export function contested(
  world: World,
  turn: Turn,
  router: Router,
  source: Ip,
  setting: Rejection | string,
): void {
  const { name, advertInterval } = router.config;
  const hopeless = setting === "auth" || (setting === "version" && router.config.auth.type !== "none");
  const known = router.contest;
  const over = known === null || elapsed(known.heardAt, turn.now) > silent(known) * advertInterval;
  if (known === null || over || known.source !== source) {
    router.contest = { source, since: turn.now, heardAt: turn.now, alarmed: false, setting };
  } else {
    known.heardAt = turn.now;
    known.setting = setting;
  }
  const contest = router.contest;
  if (contest === null || contest.alarmed) return;
  // Well after our assertion must have reached it; within the second interval.
  if (!hopeless && elapsed(contest.since, turn.now) < 0.9 * advertInterval) return;
  contest.alarmed = true;
  if (!world.limiter.allows(`contested ${name} ${source}`, turn.now)) return;
  turn.out.log("error", "vrrp.contested", {
    name,
    source,
    setting: setting === "" ? "none" : setting,
    text:
      setting === ""
        ? "another master does not hear us or does not yield; both hold the addresses"
        : `another master does not yield; both hold the addresses until ${setting} agrees on both nodes`,
  });
}
