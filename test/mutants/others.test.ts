/** Faults that the small suites must notice. */
import { notice } from "./notice.ts";

notice((catcher) => catcher !== "sim" && !catcher.startsWith("agent/"));
