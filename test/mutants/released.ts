/** Faults of what masters tell their cluster, and of what shows that there are two. */
import type { Catcher, Mutant } from "./mutants.ts";

const fault = (file: string, find: string, replace: string, breaks: string, caughtBy: Catcher): Mutant => ({
  ...{ file: `src/agent/${file}.ts`, find, replace, breaks },
  caughtBy,
});

/** Of the machine. */
const machine = (find: string, replace: string, breaks: string): Mutant => ({
  ...{ file: "src/vrrp/backup.ts", find, replace, breaks },
  caughtBy: "vrrp",
});

export const RELEASED: readonly Mutant[] = [
  machine(
    "known.address !== source || state.expired",
    "state.expired",
    "heeds the word of whoever is not its master",
  ),
  machine(
    "const latest = alone ? later(sure",
    "const latest = true ? later(sure",
    "overtakes a better backup",
  ),
  machine("if (now < sure) return same", "if (false) return same", "takes old news for new"),
  machine(
    "masterDownAt: state.expired ? event.until : later(state.masterDownAt, event.until),",
    "masterDownAt: state.masterDownAt,",
    "takes over from the one that it just gave way to",
  ),
  fault(
    "notice",
    "return world.ownership.of(name).length > 0;",
    "return false;",
    "says that its addresses are gone before they are",
    "agent/notice",
  ),
  fault(
    "notice",
    'if (router.owesRelease || world.hooks.has(name, "before_release")) return true;',
    "",
    "says that it released while its before_release runs",
    "agent/notice",
  ),
  fault(
    "notice",
    "if (world.owed.size === 0) return;\n  for (const { change",
    "if (world.owed.size >= 0) return;\n  for (const { change",
    "says that an address is gone which the kernel keeps",
    "agent/notice",
  ),
  fault(
    "drive",
    'event.kind === "stop" || event.kind === "yield"',
    "false",
    "goes without a word",
    "agent/notice",
  ),
  fault(
    "released",
    "if (!dead && (address === null || !listens(address))) return false;",
    "",
    "takes a living third node for dead",
    "agent/notice",
  ),
  fault(
    "released",
    "return others.every(",
    "return true || others.every(",
    "forgets who was heard besides",
    "agent/notice",
  ),
  fault(
    "released",
    "const sureAt = late ?",
    "const sureAt = false ?",
    "follows a late word at once",
    "agent/evidence",
  ),
  fault(
    "released",
    "if (claimedByAnother(router, node, source)) return;",
    "",
    "believes a node that has the address of another one",
    "agent/evidence",
  ),
  fault(
    "reload",
    "if (world.owed.size > 0) return;",
    "",
    "ends before it has said that it released",
    "agent/notice",
  ),
  fault(
    "contend",
    "if (!gives) return;",
    "",
    "gives way to a worse master, as that one does to it",
    "agent/contend",
  ),
  fault(
    "contend",
    "!better || heardAt",
    "heardAt",
    "stays away for one that is worse by now",
    "agent/contend",
  ),
  fault(
    "neighbours",
    "if (turn.now < settled) return;",
    "",
    "takes a failover for a stranger",
    "agent/neighbours",
  ),
  fault(
    "neighbours",
    "elapsed(defendedAt, turn.now) < DEFEND_EVERY",
    "false",
    "answers each word of a stranger with a burst of its own",
    "agent/neighbours",
  ),
  fault(
    "neighbours",
    "if (asked++ >= ASKED_MAX) break;",
    "",
    "asks about all its addresses at once",
    "agent/neighbours",
  ),
];
