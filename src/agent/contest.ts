/** Two masters at once: a moment of it is how elections go; more than that is an alarm that names what keeps them apart. */
import type { Ip } from "../base/address.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { elapsed, ms } from "../base/units.ts";
import type { RouterConfig } from "../config/model.ts";
import type { Contest, Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** Another master that is silent for so many intervals has yielded, if nothing differs. */
const SILENT = 2;
/**
 * And if something does: keepalived 2.2.7 puts off its own advert with each one that it rejects, so that at equal intervals it is
 * heard only now and then, five intervals apart and more, holding the addresses all the while.
 */
const SILENT_DIFFERING = 10;

/** So many intervals of silence end this contest. */
const silences = ({ setting }: Contest): number => (setting === "" ? SILENT : SILENT_DIFFERING);

/** A contest is over when the other master has been silent so long, and a second more for those who look at the status. */
export function contestOver(router: Router, now: Instant): boolean {
  const { contest } = router;
  if (contest === null) return false;
  return elapsed(contest.heardAt, now) > (silences(contest) + 1) * contest.interval + 1000;
}

/** So soon after the advert that outranked it a loser says its last word; a busy machine's loser, too. */
const LAST_WORD: Milliseconds = ms(20);

/** Well after our assertion must have reached the other master, and within the second interval. */
const PATIENCE = 0.9;
/** Sticky masters first find out who of them is the newcomer. */
const PATIENCE_STICKY = 3.9;

const patience = ({ tie, advertInterval }: RouterConfig): Milliseconds =>
  ms((tie === "sticky" ? PATIENCE_STICKY : PATIENCE) * advertInterval);

/** Of what differs, that which could keep two masters apart: in version 3 the master's interval is everybody's (RFC 9568 6.1). */
const keepingApart = ({ config }: Router, setting: string): string =>
  config.version === 2
    ? setting
    : setting
        .split(",")
        .filter((what) => what !== "interval")
        .join(",");

/**
 * Another master was heard, with its interval, while we are one and stay one. `setting` is what differs: the rejection that keeps
 * its adverts from counting (an alarm at once: it cannot heal), or its mismatches (an alarm when it still speaks an interval later).
 * With several other masters it is one contest: that they change off must not put the alarm off.
 */
export function contested(
  world: World,
  turn: Turn,
  router: Router,
  heard: { readonly source: Ip; readonly interval: Milliseconds; readonly setting: string },
): void {
  const { advertInterval, auth } = router.config;
  const { source } = heard;
  const setting = keepingApart(router, heard.setting);
  const { now } = turn;
  const interval = ms(Math.max(advertInterval, heard.interval));
  const latest = { source, heardAt: now, setting, interval, lastWord: isLastWord(router, now) };
  const known = router.contest;
  const over = known === null || elapsed(known.heardAt, now) > silences(known) * known.interval;
  const contest: Contest = over
    ? { ...latest, since: now, alarmed: false }
    : { ...latest, since: known.since, alarmed: known.alarmed };
  router.contest = contest;
  if (contest.alarmed) return;
  const hopeless = setting === "auth" || (setting === "version" && auth.type !== "none");
  if (hopeless || elapsed(contest.since, now) >= patience(router.config)) {
    alarm(world, turn, router, contest);
  }
}

/**
 * We took over although another master was heard until now, as its adverts do not count. It may be heard no more: keepalived that
 * rejects ours puts its own off.
 */
export function tookOver(world: World, turn: Turn, router: Router): void {
  const { ignored } = router;
  router.ignored = null;
  if (ignored === null) return;
  const interval = Math.max(router.config.advertInterval, ignored.interval);
  if (elapsed(ignored.heardAt, turn.now) <= SILENT * interval) contested(world, turn, router, ignored);
}

/** Whether an advert that comes now answers one of ours. */
function isLastWord(router: Router, now: Instant): boolean {
  const { machine } = router;
  if (machine.kind !== "master") return false;
  // What it made us send is not what it answers.
  const spokeAt = machine.sentAt === now ? machine.sentBefore : machine.sentAt;
  return spokeAt !== null && elapsed(spokeAt, now) <= LAST_WORD;
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
  if (contest.setting !== "" && elapsed(contest.since, turn.now) >= patience(config)) {
    alarm(world, turn, router, contest);
  }
}

function alarm(world: World, turn: Turn, router: Router, contest: Contest): void {
  const { name } = router.config;
  const { source, setting } = contest;
  contest.alarmed = true;
  if (!world.alarms.allows(`contested ${name}`, turn.now)) return;
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
