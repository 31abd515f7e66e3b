/** The keys of `[heartbeat]` about resources: which there are, and how their scripts are run. */
import { ms } from "../base/units.ts";
import { absent, group, optional } from "./field.ts";
import type { Fields } from "./field.ts";
import type { Kind } from "./kind.ts";
import { choice, duration, integer, list, text } from "./kind.ts";
import { directory } from "./system.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const ELEMENTS_MAX = 4096;
/** Where heartbeat looks. */
export const DIRECTORIES: readonly string[] = ["/etc/ha.d/resource.d", "/etc/init.d"];

const line = text("haresources line", () => null);

/** A list with a default. */
const paths: Kind<readonly ({ value: string; at: number; written: boolean } | null)[]> = list(
  directory(""),
  ELEMENTS_MAX,
);

const scriptFields = {
  start_timeout: optional(
    duration(100, HOUR),
    ms(120 * SECOND),
    "How long the start of one resource may take; it is killed then, and has failed.",
  ),
  stop_timeout: optional(duration(100, HOUR), ms(120 * SECOND), "The same for a stop."),
  status_timeout: optional(
    duration(100, HOUR),
    ms(20 * SECOND),
    "The same for a status; a resource whose status does not end is stopped.",
  ),
  start_tries: optional(
    integer(1, 100),
    1,
    "Starts of a resource until it has failed: what was started of its group is stopped then.",
  ),
  stop_tries: optional(
    integer(1, 100),
    10,
    "Stops of a resource until it is stuck, which is an alarm; it is tried again every 30s after that, as it may run nowhere else before.",
  ),
  pause: optional(duration(0, HOUR), ms(SECOND), "Between two tries."),
  on_failure: optional(
    choice(["move", "retry", "stay"]),
    "move",
    "What follows a group that failed here, retry_after later: it goes to the other node together with all that prefer the same one, and is tried here where that cannot have it (move), is tried here again (retry), or waits for an operator (stay).",
  ),
  retry_after: optional(
    duration(SECOND, 24 * HOUR),
    ms(30 * SECOND),
    "How long a failed group waits for that.",
  ),
} satisfies Fields;

/** What `[heartbeat]` has of them. */
export const resources = {
  auto_failback: optional(
    choice([true, false, "legacy"]),
    true,
    "Whether groups go back to the node that prefers it when that one has returned; legacy: as heartbeat 1.2 did, without a standby.",
  ),
  resources: absent(
    list(line, ELEMENTS_MAX),
    "none",
    "Groups of resources, each as a line of haresources, the same on both nodes: the node that prefers it, then its resources, started from left to right.",
  ),
  resource_dirs: optional(
    paths,
    DIRECTORIES.map((value) => ({ value, at: 0, written: false })),
    "Where the script of a resource is looked for, in this order, unless it is built in (docs/resources.md). They run as root: what others can write to is refused.",
  ),
  resource_scripts: group(scriptFields, "How the scripts of resources are run."),
} satisfies Fields;
