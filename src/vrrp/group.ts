/** Sync groups: routers that are master together or not at all (LAN and WAN side of one gateway). */
import type { State } from "./state.ts";

/** What a group of machines should do now, judged from all its members. */
export type Verdict = "nothing" | "promote" | "yield";

/**
 * A group takes over when every member's master is gone: a member that still hears one holds the others back. One member that
 * falls back to backup pulls the others; `loser` says that a member has just lost mastership.
 */
export function judge(members: readonly State[], loser: boolean): Verdict {
  const masters = members.filter((state) => state.kind === "master").length;
  if (loser) return masters > 0 ? "yield" : "nothing";
  const ready = members.every(
    (state) => state.kind === "master" || (state.kind === "backup" && state.expired),
  );
  return ready && masters < members.length ? "promote" : "nothing";
}
