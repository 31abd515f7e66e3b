/** Faults that the simulator must notice. */
import { notice } from "./notice.ts";

notice((catcher) => catcher === "sim");
