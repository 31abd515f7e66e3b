/** A process that releases what a dead agent left in a runtime_dir and prints what came of it: `bun released.ts DIRECTORY`. */
import { STALE } from "../../src/agent/recover.ts";
import { release } from "../../src/io/release.ts";

console.log(JSON.stringify(release(process.argv[2] ?? "", STALE)));
process.exit(0);
