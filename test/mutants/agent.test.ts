/** Faults that the tests of the agent must notice. */
import { notice } from "./notice.ts";

notice((catcher) => catcher.startsWith("agent/"));
