/** The intervals of RFC 9568 6.1 and RFC 3768 6.2, computed in exact milliseconds (no rounding to centiseconds). */
import type { Milliseconds, Priority } from "../base/units.ts";
import { ms } from "../base/units.ts";

/** The protocol version changes what a skew is measured in. */
export type Version = 2 | 3;
/** What a router speaks: one version, or both, to take an old one's place step by step (RFC 5798 8.4, RFC 9568 8.4). */
export type Dialect = Version | "2+3";

/**
 * The version whose intervals count: a router's own; for one that speaks both that of the master it hears (RFC 5798 8.4.2), so that it
 * and the backups which know that version only come one after the other. `heard` is null while there is no master.
 */
export const rulesOf = (dialect: Dialect, heard: Version | null): Version =>
  dialect === "2+3" ? (heard ?? 3) : dialect;

/** Of a peer that speaks both versions the one listened to: version 3 says the interval more exactly (RFC 5798 8.4.2). */
export const preferred = (dialect: Dialect): Version => (dialect === 2 ? 2 : 3);

/**
 * Skew_Time: the higher the priority, the sooner a backup's patience ends, so that the best one comes first. Version 3 scales
 * it by the master's advertisement interval (RFC 9568 6.1); version 2 by one second whatever the interval (RFC 3768 6.1).
 */
export function skew(version: Version, priority: Priority, interval: Milliseconds): Milliseconds {
  return ms(((256 - priority) * (version === 2 ? 1000 : interval)) / 256);
}

/** Active_Down_Interval (v2: Master_Down_Interval): three missed advertisements and the skew. `interval` is the master's. */
export function masterDownInterval(
  version: Version,
  priority: Priority,
  interval: Milliseconds,
): Milliseconds {
  return ms(3 * interval + skew(version, priority, interval));
}

/**
 * The interval a backup believes after an advert. Version 3: the master's own (RFC 9568 6.1). Version 2 says to discard an
 * advert whose interval differs (RFC 3768 7.1), which makes two masters of a typing error; we take it and wait for the
 * slower of the two instead. A router of both versions takes either master's own (RFC 5798 8.4.2).
 */
export function believedInterval(
  dialect: Dialect,
  own: Milliseconds,
  advertised: Milliseconds,
): Milliseconds {
  return dialect === 2 ? ms(Math.max(own, advertised)) : ms(Math.max(10, advertised));
}
