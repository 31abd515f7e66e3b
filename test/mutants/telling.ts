/** Faults in what people are told: reasons, groups, contests, and what the doctor finds. */
import type { Mutant } from "./mutants.ts";

export const TELLING: readonly Mutant[] = [
  {
    file: "src/agent/drive.ts",
    find: "if (other && world.alarms.allows(`reason ${name}`, turn.now)) {",
    replace: "if (other) {",
    breaks: "fills the log when a link flaps",
    caughtBy: "agent/interface",
  },
  {
    file: "src/agent/group-notify.ts",
    find: "else world.groupsTold.set(name, role);",
    replace: "",
    breaks: "tells a sync group's role at every event",
    caughtBy: "agent/notify",
  },
  {
    file: "src/agent/contest.ts",
    find: '.filter((what) => what !== "interval")',
    replace: ".filter(() => true)",
    breaks: "takes a legal interval of version 3 for what keeps two masters apart",
    caughtBy: "agent/contest",
  },
  {
    file: "src/doctor/ruleset.ts",
    find: "if (drops && !seen.doubt) return chain;",
    replace: "if (drops) return chain;",
    breaks: "accuses a packet filter of what it may not do",
    caughtBy: "doctor",
  },
  {
    file: "src/doctor/wire.ts",
    find: "elapsed(a.firstAt, b.lastAt) > 0 && elapsed(b.firstAt, a.lastAt) > 0",
    replace: "true",
    breaks: "takes a failover for two masters",
    caughtBy: "doctor",
  },
  {
    file: "src/doctor/files.ts",
    find: "const wanted = file.script ? 5 : 1;",
    replace: "const wanted = 1;",
    breaks: "overlooks a script that its user cannot read",
    caughtBy: "doctor",
  },
  {
    file: "src/agent/announcer.ts",
    find: "const PIECE = 64;",
    replace: "const PIECE = 1_000_000;",
    breaks: "announces a thousand addresses before its next advert",
    caughtBy: "agent/announcer",
  },
  {
    file: "src/agent/finish.ts",
    find: "if (world.announcer.deadline() <= turn.now) advertiseDue(world, turn, null);",
    replace: "",
    breaks: "lets announcements overtake an advert that is due",
    caughtBy: "agent/thousand",
  },
];
