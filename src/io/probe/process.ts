/** A process that must run: found by its program, by its pidfile, or by both. */
import type { Outcome } from "../../check/response.ts";
import { bad, good, refused } from "../../check/response.ts";
import type { ProcessProbe } from "../../config/probe-model.ts";
import { codeOf } from "../reason.ts";
import { isRunning, search, statOf } from "./process-table.ts";
import type { Prober } from "./prober.ts";
import { readRegular } from "./regular-file.ts";

/** Of a pidfile: a number, and some daemons write more behind it. */
const PIDFILE_MAX = 1024;
/** What stands in a pidfile first. */
const PID = /^\s*([1-9]\d{0,9})(?:\s|$)/;

/** The process that a pidfile meant when it was seen as it is now. */
const meant = new Map<string, { readonly identity: string; readonly startTime: string }>();
const MEANT_MAX = 4096;

const shown = (program: readonly string[]): string => `"${program.join(" ")}"`;

async function byPidfile(pidfile: string, program: readonly string[] | null): Promise<Outcome> {
  const content = await readRegular(pidfile, PIDFILE_MAX);
  if ("failure" in content) return { ...refused(content.failure), detail: `pidfile: ${content.failure}` };
  const pid = Number(PID.exec(new TextDecoder().decode(content.bytes))?.[1] ?? 0);
  if (pid === 0) return bad("pidfile holds no process number");
  const stat = statOf(pid);
  if (stat === null) return bad(`process ${pid} of the pidfile does not run`);
  if (program !== null && !isRunning(pid, stat, program)) {
    return bad(`process ${pid} of the pidfile is "${stat.comm}", not ${shown(program)}`);
  }
  const known = meant.get(pidfile);
  if (known?.identity === content.identity && known.startTime !== stat.startTime) {
    return bad(`process ${pid} is another than when the pidfile was written`);
  }
  if (meant.size >= MEANT_MAX) meant.clear();
  meant.set(pidfile, { identity: content.identity, startTime: stat.startTime });
  return good(`process ${pid}`);
}

export const probeProcess: Prober<ProcessProbe> = ({ program, pidfile }, tell) => {
  let over = false;
  const settle = (outcome: Outcome): void => {
    if (!over) tell(outcome);
  };
  if (pidfile !== null) {
    byPidfile(pidfile, program).then(settle, (error: unknown) => settle(refused(codeOf(error))));
  } else {
    const wanted = program ?? [];
    search({
      program: wanted,
      found: (pid) => settle(pid === null ? bad(`no process ${shown(wanted)}`) : good(`process ${pid}`)),
      failed: (errno) => settle(refused(errno)),
    });
  }
  return { cancel: () => void (over = true) };
};
