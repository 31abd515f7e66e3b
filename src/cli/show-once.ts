/** What `haagent check --once` prints: a verdict for each server, below it what was said. */

/** One probe, as it went. */
interface Probed {
  readonly name: string;
  readonly outcome: {
    readonly healthy: boolean;
    readonly detail: string;
    readonly warning?: string;
    readonly transcript?: readonly string[];
  };
  readonly took: number;
}

/** A verdict's line, then the transcript. */
export const onceText = (probes: readonly Probed[]): string =>
  probes
    .flatMap(({ name, outcome, took }) => [
      `${name}: ${outcome.healthy ? "good" : "FAILED"}, ${outcome.detail}, ${took.toFixed(1)} ms`,
      ...(outcome.warning === undefined ? [] : [`  ! ${outcome.warning}`]),
      ...(outcome.transcript ?? []).map((line) => `  ${printable(line)}`),
    ])
    .map((line) => `${line}\n`)
    .join("");

/** What a script prints may garble a terminal. */
const printable = (line: string): string => line.replaceAll(/\p{C}/gu, "?");
