/** Carries a dialogue over a TCP connection of its own. */
import type { Dialogue, Heard } from "../../check/dialogue.ts";
import type { Outcome } from "../../check/response.ts";
import { bad, refused } from "../../check/response.ts";
import type { Transcript } from "../../check/transcript.ts";
import type { Target } from "../../config/probe-model.ts";
import type { Line } from "./dial.ts";
import { dial } from "./dial.ts";
import type { Running, Tell } from "./prober.ts";
import type { TlsTerms } from "./tls.ts";

/**
 * Connects and talks until the dialogue ends; then the connection is closed. `heard` is what the dialogue reads from; `terms` are there
 * where it wants TLS.
 */
export function converse(
  to: Target,
  terms: TlsTerms | null,
  dialogue: Dialogue,
  heard: Heard,
  transcript: Transcript,
  tell: Tell,
): Running {
  let line: Line | null = null;
  const settle = (outcome: Outcome): void => {
    dialled.close();
    tell(outcome);
  };
  /** Goes on until the dialogue waits or ends. */
  const proceed = (): void => {
    for (;;) {
      const step = dialogue.next();
      if (step.done === true) {
        settle(step.value);
        return;
      }
      if (step.value.kind === "more") {
        if (heard.ended) settle(bad("closed before an answer"));
        return;
      }
      if (step.value.kind === "secure") {
        // It came before TLS, from whomever.
        if (heard.bytes.length > 0) settle(bad("says more before TLS"));
        else if (terms === null) throw new Error("TLS on no terms");
        else line?.secure(terms);
        return;
      }
      if (line?.write(step.value.bytes, step.value.shown) !== true) {
        settle(bad("request not taken"));
        return;
      }
    }
  };
  const dialled = dial(to, transcript, {
    connected(made) {
      line = made;
      proceed();
    },
    data(bytes) {
      heard.add(bytes);
      proceed();
    },
    ended() {
      heard.ended = true;
      proceed();
    },
    failed(why) {
      // A server that resets after its answer, or when we take leave, has answered all the same.
      heard.ended = true;
      const step = dialogue.next();
      settle(step.done === true && step.value.healthy ? step.value : refused(why));
    },
  });
  return { cancel: () => dialled.close() };
}
