/** Faults that the small suites must notice. */
import { ALONE, CATCHERS, notice } from "./notice.ts";

notice(CATCHERS.filter((catcher) => !ALONE.includes(catcher)));
