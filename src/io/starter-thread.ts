/**
 * A thread of its own that starts commands, an entry point of the build beside main.ts. Starting a process holds its thread up until
 * the child runs its program (vfork(2)), and the child, of ordinary priority, may wait for a processor behind everything else on a busy
 * host: the agent's own thread would send no advert meanwhile.
 */
import { parentPort } from "node:worker_threads";
import { setTimerSlack } from "../../native/process.ts";
import type { News, Order } from "./starter.ts";

/** The kernel's default in nanoseconds, for the children; the agent's thread, whose slack we inherited, has less. */
const TIMER_SLACK = 50_000;

const tell = (news: News): void => parentPort?.postMessage(news);

/** `ENOENT: no such file or directory`, without the call and the path that are appended. */
const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/, posix_spawn .*$/s, "");

function start({ id, argv, environment, account }: Order): void {
  try {
    const child = Bun.spawn([...argv], {
      env: { ...environment },
      cwd: "/",
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
      ...(account === null ? {} : account),
      onExit(_, code, signal) {
        const failure = code === 0 ? null : code === null ? `signal ${String(signal)}` : `exit ${code}`;
        tell({ kind: "ended", id, failure });
      },
    });
    tell({ kind: "started", id, pid: child.pid });
  } catch (error) {
    tell({ kind: "ended", id, failure: reason(error) });
  }
}

setTimerSlack(TIMER_SLACK);
parentPort?.on("message", start);
