/** Standard output and error of the commands that print and leave. */
import { writeSync } from "node:fs";
import { codeOf } from "./reason.ts";

const RETRY_MS = 1;

/**
 * Writes all of `text`, however slow the reader; one that has gone away is no error of ours. Not by Bun.write: on a file that
 * somebody else writes to as well it starts at offset 0 and truncates.
 */
async function write(descriptor: number, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      if (codeOf(error) === "EPIPE") return;
      if (codeOf(error) !== "EAGAIN") throw error;
      await Bun.sleep(RETRY_MS);
    }
  }
}

/** A line to the user about this run. */
export const complain = (text: string): Promise<void> => err(`haagent: ${text}\n`);
export const out = (text: string): Promise<void> => write(1, text);
export const err = (text: string): Promise<void> => write(2, text);
