/**
 * A thread of its own that looks at a mount, an entry point of the build beside main.ts: a network file system that hangs holds up whoever
 * asks anything of it, and a pass through /proc takes a while. One thread for one task of one resource; it may be left hanging.
 */
import { readdirSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { Answer, Question } from "./filesystem.ts";
import { look, usersOf } from "./mounts.ts";

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** Who was asked to end is not asked twice: a second time means more to many. */
const asked = new Set<number>();

function signalled({ mount, signal }: Extract<Question, { kind: "signal" }>): Answer {
  const users = usersOf(mount, list);
  for (const { pid } of users) {
    if (signal === "SIGTERM" && asked.has(pid)) continue;
    asked.add(pid);
    try {
      process.kill(pid, signal);
    } catch {
      // Gone meanwhile.
    }
  }
  return { kind: "signalled", users };
}

parentPort?.on("message", (question: Question) => {
  const answer: Answer =
    question.kind === "look" ? { kind: "looked", look: look(question.wanted) } : signalled(question);
  parentPort?.postMessage(answer);
});
