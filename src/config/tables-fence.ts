/** The keys of `fence`: what makes sure that the other node is down before its groups are taken over. */
import { ms } from "../base/units.ts";
import type { Fields } from "./field.ts";
import { absent, optional, required } from "./field.ts";
import { choice, commands, duration, integer } from "./kind.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;

export const fenceFields = {
  command: required(
    commands,
    "What takes the other node's power, and leaves with 0 only when that is sure. The node's name is added as its last argument; it runs as the agent does, so nobody else may write to it.",
  ),
  timeout: optional(
    duration(100, HOUR),
    ms(20 * SECOND),
    "How long it may run; it is killed then, and has failed.",
  ),
  delay: absent(
    duration(0, HOUR),
    "0s on the node that more groups prefer, 5s on the other",
    "How long to wait before the first run. Longer than the command takes on one of two nodes, or they shoot each other when they do not hear each other.",
  ),
  tries: optional(
    integer(1, 100),
    3,
    "Runs that fail until on_failure follows. It is run again after that too, as long as nothing was taken over.",
  ),
  retry: optional(duration(100, HOUR), ms(5 * SECOND), "Between two runs."),
  on_failure: optional(
    choice(["block", "proceed"]),
    "block",
    "What follows: nothing is taken over until a run succeeds, the node is heard or leaves, or haagent fence confirm says that it is down (block); or all is taken over as if it were (proceed).",
  ),
} satisfies Fields;
