/** Faults that the suite of the agent must notice. */
import { notice } from "./notice.ts";

notice(["agent"]);
