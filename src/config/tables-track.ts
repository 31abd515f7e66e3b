/** The keys of an entry of `track_interfaces`. */
import { ms } from "../base/units.ts";
import type { Fields } from "./field.ts";
import { optional, required } from "./field.ts";
import { duration, integer } from "./kind.ts";
import { interfaceName } from "./network.ts";

const HOUR = 3_600_000;

/** One tracked interface; its name alone stands for it. */
export const trackedInterfaceFields = {
  name: required(interfaceName, "The interface."),
  weight: optional(
    integer(-253, 253),
    0,
    "Added to the priority: while the interface is up if positive, while it is down if negative. 0: down means fault.",
  ),
  down_delay: optional(
    duration(0, HOUR),
    ms(0),
    "How long it must be down without a break to count as down.",
  ),
  up_delay: optional(
    duration(0, HOUR),
    ms(0),
    "How long it must be up without a break to count as up; after the start it counts at once as it is.",
  ),
} satisfies Fields;
