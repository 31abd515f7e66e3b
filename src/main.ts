/** The program: picks what the command line asks for and joins the pure parts to the real edge. */
import type { Request } from "./agent/boundary.ts";
import { unreachable } from "./base/assert.ts";
import type { Result } from "./base/result.ts";
import { fail, ok } from "./base/result.ts";
import { answerText, reloadText } from "./cli/answer.ts";
import type { Intent, Target } from "./cli/arguments.ts";
import { parseCommandLine } from "./cli/arguments.ts";
import { DEFAULT_CONFIG } from "./cli/commands.ts";
import { EXIT } from "./cli/exit.ts";
import { isStatusReport } from "./cli/report.ts";
import { show } from "./cli/show.ts";
import { usage } from "./cli/usage.ts";
import { load } from "./config/load.ts";
import type { ConfigSource } from "./config/model.ts";
import { printFinding } from "./config/print.ts";
import { RUNTIME_DIR, runtimeDirOf } from "./config/runtime-dir.ts";
import { ask, gone } from "./io/ask.ts";
import { readConfig } from "./io/config-file.ts";
import { err, out } from "./io/terminal.ts";

declare const HAAGENT_VERSION: string | undefined;
declare const HAAGENT_COMMIT: string | undefined;

/** Stamped in by build.ts; a run from the sources says so. */
const VERSION = typeof HAAGENT_VERSION === "string" ? HAAGENT_VERSION : "0.0.0-sources";
const COMMIT = typeof HAAGENT_COMMIT === "string" ? HAAGENT_COMMIT : "";

const complain = (text: string): Promise<void> => err(`haagent: ${text}\n`);

/** All findings of a configuration on stderr; true when it can be run. */
async function checkConfig(source: ConfigSource): Promise<boolean> {
  const { config, findings } = load(source);
  await err(findings.map((each) => `${printFinding(source.path, each)}\n`).join(""));
  return config !== null;
}

/** The control socket a client command means. */
function socketOf(target: Target): Result<string, string> {
  if (target.socket !== null) return ok(target.socket);
  const source = readConfig(target.config ?? DEFAULT_CONFIG);
  const directory = runtimeDirOf(source);
  if (directory !== null) return ok(`${directory}/control.sock`);
  // Nobody named a file, so there need not be one.
  if (target.config === null && source.failure?.startsWith("ENOENT"))
    return ok(`${RUNTIME_DIR}/control.sock`);
  return fail(`${source.path}: ${source.failure ?? "not TOML"}; name the control socket with --socket`);
}

/** Sends one request and prints the answer by `print`; the agent says with which code to leave. */
async function client(target: Target, request: Request, print: (body: unknown) => string): Promise<number> {
  const socket = socketOf(target);
  if (!socket.ok) {
    await complain(socket.error);
    return EXIT.input;
  }
  const reply = await ask(socket.value, request);
  if (!reply.ok) {
    await complain(reply.error.text);
    return reply.error.kind === "no-agent" ? EXIT.noAgent : EXIT.refused;
  }
  const { exit, body } = reply.value;
  // A refusal is an error, a status of something in fault is not.
  if (exit === EXIT.done || isStatusReport(body)) await out(print(body));
  else await err(answerText(body));
  if (request.command === "stop" && exit === EXIT.done && !(await gone(socket.value))) {
    await complain("the agent is still there after some seconds");
    return EXIT.refused;
  }
  return exit;
}

const statusText = (body: unknown): string =>
  isStatusReport(body) ? show(body, Date.now()) : `${JSON.stringify(body)}\n`;

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
      await complain(`${intent.what} is not in this version`);
      return EXIT.input;
    case "check":
      return (await checkConfig(readConfig(intent.config))) ? EXIT.done : EXIT.input;
    case "status": {
      const print = intent.json ? (body: unknown): string => `${JSON.stringify(body)}\n` : statusText;
      return client(intent.target, { command: "status", name: intent.name }, print);
    }
    case "reload":
      return client(intent.target, { command: "reload" }, reloadText);
    case "stop":
      return client(intent.target, { command: "stop" }, answerText);
    case "run":
    case "release":
      await complain(`${intent.kind} is not in this version`);
      return EXIT.input;
    default:
      return unreachable(intent);
  }
}

/** The exit code of a whole run; an error that nobody expected is a bug, one of a system call is the system's refusal. */
async function main(argv: readonly string[]): Promise<number> {
  const intent = parseCommandLine(argv);
  if (!intent.ok) {
    await complain(`${intent.error} (see haagent --help)`);
    return EXIT.usage;
  }
  try {
    return await perform(intent.value);
  } catch (error) {
    const refused = error instanceof Error && "syscall" in error;
    await complain(refused ? error.message : `bug: ${error instanceof Error ? error.stack : String(error)}`);
    return refused ? EXIT.refused : EXIT.bug;
  }
}

process.exit(await main(process.argv.slice(2)));
