/** The program: picks what the command line asks for and joins the pure parts to the real edge. */
import type { Intent } from "./cli/arguments.ts";
import { parseCommandLine } from "./cli/arguments.ts";
import { EXIT } from "./cli/exit.ts";
import { usage } from "./cli/usage.ts";
import { unreachable } from "./base/assert.ts";

declare const HAAGENT_VERSION: string | undefined;
declare const HAAGENT_COMMIT: string | undefined;

/** Stamped in by build.ts; a run from the sources says so. */
const VERSION = typeof HAAGENT_VERSION === "string" ? HAAGENT_VERSION : "0.0.0-sources";
const COMMIT = typeof HAAGENT_COMMIT === "string" ? HAAGENT_COMMIT : "";

async function out(text: string): Promise<void> {
  await Bun.write(Bun.stdout, text);
}

async function err(text: string): Promise<void> {
  await Bun.write(Bun.stderr, `haagent: ${text}\n`);
}

async function perform(intent: Intent): Promise<number> {
  switch (intent.kind) {
    case "help":
      await out(await usage(intent.command));
      return EXIT.done;
    case "version": {
      const build = [COMMIT, `bun ${Bun.version}`, `${process.platform} ${process.arch}`];
      await out(`haagent ${VERSION} (${build.filter((part) => part !== "").join(", ")})\n`);
      return EXIT.done;
    }
    case "later":
      await err(`${intent.what} is not in this version`);
      return EXIT.input;
    case "run":
    case "check":
    case "release":
    case "status":
    case "reload":
    case "stop":
      await err(`${intent.kind} is not in this version`);
      return EXIT.input;
    default:
      return unreachable(intent);
  }
}

const intent = parseCommandLine(process.argv.slice(2));
if (intent.ok) {
  process.exit(await perform(intent.value));
} else {
  await err(`${intent.error} (see haagent --help)`);
  process.exit(EXIT.usage);
}
