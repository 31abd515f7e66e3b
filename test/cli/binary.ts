/** Runs dist/haagent, the file that users get. Nothing in test/cli imports from src. */

/** The executable under test; `npm test` builds it first. */
export const BINARY = `${import.meta.dir}/../../dist/haagent`;

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run to its end, with an environment of exactly `env`. */
export function haagent(
  argv: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Ran {
  const run = Bun.spawnSync([BINARY, ...argv], {
    stdin: "ignore",
    cwd: options.cwd ?? "/",
    env: options.env ?? {},
  });
  return { exit: run.exitCode, stdout: run.stdout.toString(), stderr: run.stderr.toString() };
}
