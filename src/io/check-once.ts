/** `haagent check --once`: probes run now, without an agent, all of them beside each other, with all that was said. */
import type { Outcome } from "../check/response.ts";
import { judgeExit } from "../check/response.ts";
import type { CheckConfig } from "../config/model.ts";
import { runCommand } from "./command.ts";
import { startProbe } from "./probe/start.ts";

/** How one probe went. */
export interface Probed {
  readonly name: string;
  readonly outcome: Outcome;
  /** Milliseconds. */
  readonly took: number;
}

/** What a script printed that is shown, in characters. */
const PRINTED_MAX = 4096;

/** Runs the probes of these checks once; scripts as `user`, null: the default script user. */
export const probeOnce = (checks: readonly CheckConfig[], user: string | null): Promise<Probed[]> =>
  Promise.all(checks.map((check) => one(check, user)));

function one({ name, probe, timeout }: CheckConfig, user: string | null): Promise<Probed> {
  const began = performance.now();
  return new Promise((resolve) => {
    const tell = (outcome: Outcome): void => resolve({ name, outcome, took: performance.now() - began });
    if (probe.type !== "script") {
      startProbe(probe, timeout, tell, "always");
      return;
    }
    runCommand(
      { argv: probe.command, environment: {}, user, timeout, keep: PRINTED_MAX, notes: null },
      (failure, output) => {
        const lines = output.split("\n").filter((line) => line !== "");
        tell({ ...judgeExit(failure, probe.dynamic), transcript: lines });
      },
    );
  });
}
