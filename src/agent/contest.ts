/** Two masters at once: a moment of it is how elections go; more than that is an alarm that names what keeps them apart. */
import type { Ip } from "../base/address.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { elapsed, ms } from "../base/units.ts";
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

/** A loser of ours says one last word, so soon after the advert that outranked it; milliseconds, or this share of the interval. */
const LAST_WORD: Milliseconds = ms(10);
const LAST_WORD_SHARE = 0.05;

/** Well after our assertion must have reached the other master, and within the second interval. */
const PATIENCE = 0.9;

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
  const { advertInterval } = router.config;
  const { now } = turn;
  const hopeless = setting === "auth" || (setting === "version" && router.config.auth.type !== "none");
  const lastWord = isLastWord(router, now);
  const known = router.contest;
  const over = known === null || elapsed(known.heardAt, now) > silent(known) * advertInterval;
  if (known === null || over || known.source !== source) {
    router.contest = { source, since: now, heardAt: now, alarmed: false, lastWord, setting };
  } else {
    known.heardAt = now;
    known.setting = setting;
    known.lastWord = lastWord;
  }
  const { contest } = router;
  if (contest === null || contest.alarmed) return;
  if (hopeless || elapsed(contest.since, now) >= PATIENCE * advertInterval)
    alarm(world, turn, router, contest);
}

/** Whether an advert that comes now answers one of ours. */
function isLastWord(router: Router, now: Instant): boolean {
  const { machine } = router;
  if (machine.kind !== "master") return false;
  // What it made us send is not what it answers.
  const spokeAt = machine.sentAt === now ? machine.sentBefore : machine.sentAt;
  return (
    spokeAt !== null &&
    elapsed(spokeAt, now) <= Math.max(LAST_WORD, LAST_WORD_SHARE * router.config.advertInterval)
  );
}

/**
 * Time has passed: another master that was heard, without a last word, and would reject our adverts for what differs, is an alarm
 * though it says no more. That is keepalived again: it may be kept silent altogether.
 */
export function contestDue(world: World, turn: Turn, router: Router): void {
  const { contest, config } = router;
  if (contest === null) return;
  if (contestOver(router, turn.now)) {
    router.contest = null;
    return;
  }
  if (contest.alarmed || contest.lastWord) return;
  // Another interval of version 3 keeps nobody apart.
  const apart = contest.setting
    .split(",")
    .some((what) => what !== "" && (what !== "interval" || config.version === 2));
  if (apart && elapsed(contest.since, turn.now) >= PATIENCE * config.advertInterval) {
    alarm(world, turn, router, contest);
  }
}

function alarm(world: World, turn: Turn, router: Router, contest: Contest): void {
  const { name } = router.config;
  const { source, setting } = contest;
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
