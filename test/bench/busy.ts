/** More work than the machine has processors for, as a router under load: what a daemon's timers are worth then. */
import { availableParallelism } from "node:os";
import { Child } from "../lab/process.ts";

/** One more than there are processors, so that nobody is ever alone. */
export function occupy(): Child[] {
  return Array.from({ length: availableParallelism() + 1 }, () => new Child(["md5sum", "/dev/zero"]));
}
