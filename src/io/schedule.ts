/** How the agent's process is scheduled: soon, and in real time where the configuration asks for that. */
import { readdirSync, readFileSync } from "node:fs";
import { errnoName } from "../../native/libc.ts";
import {
  dropAmbientCapabilities,
  lockMemory,
  setRealtime,
  setTimerSlack,
  setTimeSlice,
} from "../../native/process.ts";
import type { AgentConfig } from "../config/model.ts";
import type { Journal } from "./journal.ts";

/**
 * The runtime's allocator (mimalloc) gives memory back on a thread of this name, which begins when there is some. Whoever needs the lock
 * that it holds asks for it again and again, with sched_yield(2) in between: in real time that would keep an ordinary thread from its
 * core, and the adverts back, for a second each time (sched_rt_runtime_us of sched(7)).
 */
const SCAVENGER = "mi-scavenger";
/** Milliseconds between two looks for such a thread. */
const LOOK_INTERVAL = 500;

/** Lateness of timers of the agent's own thread, in nanoseconds. */
const TIMER_SLACK = 1000;
/** The shortest that there is, in nanoseconds: most turns are shorter still. */
const TIME_SLICE = 100_000;

const THREADS = "/proc/self/task";

/** Puts the allocator's threads, the present one and those to come, into real time as well; ends with the process. */
function attendScavenger(priority: number): void {
  const look = (): void => {
    try {
      // It gives itself its name when it runs first, which may be after an earlier look.
      for (const thread of readdirSync(THREADS)) {
        if (readFileSync(`${THREADS}/${thread}/comm`, "utf8").trim() === SCAVENGER)
          setRealtime(priority, Number(thread));
      }
    } catch {
      // One has ended meanwhile, or there are no descriptors left: the next look will tell.
    }
  };
  look();
  setInterval(look, LOOK_INTERVAL).unref();
}

/** Scheduling as configured; what the system does not allow is a warning. */
export function schedule(settings: AgentConfig, journal: Journal): void {
  setTimerSlack(TIMER_SLACK);
  setTimeSlice(TIME_SLICE);
  dropAmbientCapabilities();
  const priority = settings.realtimePriority;
  if (priority === 0) return;
  const set = setRealtime(priority);
  for (const [what, result] of [
    ["realtime_priority", set],
    ["locking memory", lockMemory()],
  ] as const) {
    if (result < 0) {
      journal.write("warning", "agent.warning", { what, detail: errnoName(result) });
    }
  }
  if (set >= 0) attendScavenger(priority);
}
