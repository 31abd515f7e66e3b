/** What every prober is: started with what to probe, it tells one outcome, or is cancelled. */
import type { Outcome } from "../../check/response.ts";
import type { Transcript } from "../../check/transcript.ts";

/** A probe under way. */
export interface Running {
  /** Gives up; nothing is told any more. Harmless when it has ended. */
  cancel(): void;
  /** What it means that nothing was told until the time was over; absent: a failure. */
  readonly silence?: Outcome;
}

/** Called once, never before the prober has returned. */
export type Tell = (outcome: Outcome) => void;

/** Starts a probe. It knows no time: whoever started it cancels it when it takes too long. */
export type Prober<Probe> = (probe: Probe, tell: Tell, transcript: Transcript) => Running;
