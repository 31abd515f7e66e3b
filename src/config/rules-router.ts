/** What the keys of one virtual router mean to each other: timing, election, authentication. */
import { showDuration } from "./kind.ts";
import type { Report } from "./report.ts";
import type { RouterSection, Sections } from "./sections.ts";
import { entries, familyOfRouter } from "./sections.ts";
import { header } from "./words.ts";

/** Judges one router, in the light of the whole file. */
export type RouterRule = (router: RouterSection, file: Sections, report: Report) => void;

const SECOND = 1000;
/** The intervals of version 2, in milliseconds: one byte of seconds (RFC 3768 5.3.7). */
const INTERVAL_MAX_V2 = 255 * SECOND;
/** Of version 3: twelve bits of centiseconds (RFC 9568 5.2.7). */
const INTERVAL_STEP_V3 = 10;
const INTERVAL_MAX_V3 = 40_950;
/** Below this an ordinary process on a busy host is too late too often. */
const INTERVAL_ORDINARY_MIN = 50;
/** The priority of the owner of the addresses (RFC 9568 5.2.4). */
export const OWNER = 255;
/** Bytes of a key that count (RFC 2338 5.3.10). */
const KEY_BYTES_MAX = 8;

const interval: RouterRule = ({ values }, _file, report) => {
  const { advert_interval: given, version } = values;
  if (given === null || version === null) return;
  const span = given.value;
  if (version.value === "2+3" && span % SECOND !== 0 && span <= INTERVAL_MAX_V3) {
    const told = showDuration(Math.ceil(span / SECOND) * SECOND);
    report.warning(
      given.at,
      `version 2 knows whole seconds: its routers are told ${told}, and must be set to that, though adverts come every ${showDuration(span)}`,
    );
  }
  const wrong = (must: string) =>
    report.error(given.at, `advert_interval must be ${must}, not ${showDuration(span)}`);
  if (version.value === 2) {
    if (span % SECOND !== 0 || span > INTERVAL_MAX_V2) wrong("whole seconds from 1s to 255s in version 2");
  } else if (span > INTERVAL_MAX_V3) {
    wrong(`10ms to ${showDuration(INTERVAL_MAX_V3)} in version 3`);
  } else if (span % INTERVAL_STEP_V3 !== 0) {
    const lower = Math.floor(span / INTERVAL_STEP_V3) * INTERVAL_STEP_V3;
    wrong(`a multiple of 10ms (${showDuration(lower)} or ${showDuration(lower + INTERVAL_STEP_V3)})`);
  }
};

const haste: RouterRule = ({ values }, { agent }, report) => {
  const { advert_interval: given } = values;
  if (given === null || agent.realtime_priority === null) return;
  if (given.value >= INTERVAL_ORDINARY_MIN || agent.realtime_priority.value > 0) return;
  report.warning(
    given.at,
    `advert_interval below ${showDuration(INTERVAL_ORDINARY_MIN)} without realtime_priority in [agent]: a busy host will be late and lose mastership`,
  );
};

const preemption: RouterRule = ({ values }, _file, report) => {
  const { preempt, preempt_delay: delay, priority } = values;
  if (preempt === null || preempt.value) return;
  if (priority?.value === OWNER) {
    report.warning(
      preempt.at,
      "preempt = false changes nothing at priority 255: the owner always takes over",
    );
  } else if (delay !== null && delay.value > 0) {
    report.warning(delay.at, "preempt_delay changes nothing while preempt is false");
  }
};

const initialState: RouterRule = ({ values }, _file, report) => {
  const { initial_state: state, priority } = values;
  if (state?.value !== "master" || priority === null || priority.value === OWNER) return;
  report.warning(
    state.at,
    `initial_state = "master" changes nothing below priority 255: the election decides`,
  );
};

const weights: RouterRule = ({ values }, { checks }, report) => {
  if (values.priority?.value !== OWNER) return;
  const idle = "changes nothing at priority 255";
  for (const entry of entries(values.track_interfaces)) {
    const { weight } = entry.value;
    if (weight !== null && weight.value !== 0) report.warning(weight.at, `a weight ${idle}`);
  }
  for (const entry of entries(values.track_checks)) {
    const check = checks.find(({ name }) => name === entry.value);
    const weight = check?.values.weight?.value ?? 0;
    if (weight !== 0) report.warning(entry.at, `the weight of ${header("check", entry.value)} ${idle}`);
  }
};

const authentication: RouterRule = (router, _file, report) => {
  const { auth, version } = router.values;
  if (auth === null || auth.value === null) return;
  const { type, key } = auth.value;
  const bytes = typeof key?.value === "string" ? new TextEncoder().encode(key.value).length : 0;
  if (type?.value === "none") {
    if (key?.written === true) report.warning(key.at, 'auth.key is not used while auth.type is "none"');
    return;
  }
  if (type?.value !== "pass" && type?.value !== "ah") return;
  if (key !== null && key.value === null) report.error(auth.at, `auth needs key for type "${type.value}"`);
  if (type.value === "ah") {
    report.warning(
      type.at,
      'auth.type "ah" is obsolete (RFC 3768 dropped it): it keeps out adverts of who does not know the key, and old ones sent again, not ARP and neighbour discovery, by which anybody on the link takes an address',
    );
  }
  if (familyOfRouter(router) === 6) report.error(auth.at, "auth is for version 2, and so for IPv4, only");
  else if (version?.value === "2+3") {
    report.error(
      auth.at,
      'auth cannot go with version "2+3": its version 3 half has none (RFC 9568 9) and would be a way around it',
    );
  } else if (version?.value === 3) {
    report.error(auth.at, "auth is for version 2 only: version 3 has none (RFC 9568 9)");
  }
  if (key !== null && bytes > KEY_BYTES_MAX) {
    report.warning(
      key.at,
      `auth.key has more than ${KEY_BYTES_MAX} bytes: only the first ${KEY_BYTES_MAX} count`,
    );
  }
};

/** All rules of this file. */
export const routerRules: readonly RouterRule[] = [
  interval,
  haste,
  preemption,
  initialState,
  weights,
  authentication,
];
