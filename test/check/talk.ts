/** A server that answers a dialogue by heart. */
import type { Dialogue } from "../../src/check/dialogue.ts";
import { Heard } from "../../src/check/dialogue.ts";
import type { Outcome } from "../../src/check/response.ts";

/** Stands where TLS began in what was said. */
export const TLS = "<TLS>";

/** How a talk went: the outcome, and all that the probe said. */
export interface Talk {
  readonly outcome: Outcome | "waits";
  readonly said: readonly string[];
  readonly shown: readonly string[];
}

/** A character a byte; a TextDecoder of this name is one of windows-1252. */
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

/** Lets a dialogue hear pieces, each when it waits for more; then the server closes, unless `stays`. */
export function talk(
  begin: (heard: Heard) => Dialogue,
  pieces: readonly (string | Uint8Array)[],
  { stays = false, most = 64 * 1024 } = {},
): Talk {
  const heard = new Heard(most);
  const dialogue = begin(heard);
  const said: string[] = [];
  const shown: string[] = [];
  const left = pieces.map((piece) =>
    typeof piece === "string" ? Uint8Array.from(piece, (character) => character.charCodeAt(0)) : piece,
  );
  for (;;) {
    const step = dialogue.next();
    if (step.done === true) return { outcome: step.value, said, shown };
    if (step.value.kind === "say") {
      said.push(latin1(step.value.bytes));
      shown.push(step.value.shown ?? latin1(step.value.bytes));
      continue;
    }
    if (step.value.kind === "secure") {
      if (heard.bytes.length > 0) throw new Error("more before TLS");
      said.push(TLS);
      shown.push(TLS);
      continue;
    }
    const piece = left.shift();
    if (piece !== undefined) heard.add(piece);
    else if (stays || heard.ended) return { outcome: "waits", said, shown };
    else heard.ended = true;
  }
}

/** The same with every byte by itself. */
export const dribbled = (pieces: readonly (string | Uint8Array)[]): Uint8Array[] =>
  pieces.flatMap((piece) =>
    [...(typeof piece === "string" ? Buffer.from(piece, "latin1") : piece)].map((byte) =>
      Uint8Array.of(byte),
    ),
  );
