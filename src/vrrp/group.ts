/** Sync groups: routers that are master together or not at all (LAN and WAN side of one gateway). */
import type { State } from "./state.ts";
import { RELEASING } from "./state.ts";

/** What a group of machines should do now, judged from all its members. */
export type Verdict = "nothing" | "promote" | "yield";

/** A backup that hears a master which it may not depose. */
const heldBack = (state: State): boolean =>
  state.kind === "backup" &&
  !state.expired &&
  state.preemptAt === null &&
  state.master !== null &&
  state.master.priority !== RELEASING;

/**
 * A group takes over when every member's master is gone: a member that still hears one holds the others back. One member that
 * falls back to backup pulls the others; `loser` says that a member has just lost mastership. A group that a reload made of a master
 * and a backup has lost, too, if that backup has its master elsewhere.
 */
export function judge(members: readonly State[], loser: boolean): Verdict {
  const masters = members.filter((state) => state.kind === "master").length;
  if (loser || members.some(heldBack)) return masters > 0 ? "yield" : "nothing";
  const ready = members.every(
    (state) => state.kind === "master" || (state.kind === "backup" && state.expired),
  );
  return ready && masters < members.length ? "promote" : "nothing";
}
