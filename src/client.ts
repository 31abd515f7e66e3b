/** The commands that ask a running agent, or what it has written down where none runs. */
import type { Request } from "./agent/boundary.ts";
import { History, whyReport } from "./agent/history.ts";
import type { Result } from "./base/result.ts";
import { fail, ok } from "./base/result.ts";
import { answerText, releaseTime, takenRouters } from "./cli/answer.ts";
import type { Target } from "./cli/arguments.ts";
import { DEFAULT_CONFIG } from "./cli/commands.ts";
import { EXIT } from "./cli/exit.ts";
import { isStatusReport } from "./cli/report.ts";
import { isWhyReport, whyText } from "./cli/why.ts";
import { routerNamesOf } from "./config/router-names.ts";
import { RUNTIME_DIR, runtimeDirOf, stateDirOf } from "./config/runtime-dir.ts";
import { ask, gone } from "./io/ask.ts";
import { bootId } from "./io/boot.ts";
import { bootClock } from "./io/clock.ts";
import { readConfig } from "./io/config-file.ts";
import { controlPath } from "./io/control.ts";
import { historyPath, readHistory } from "./io/history.ts";
import { complain, err, out } from "./io/terminal.ts";

/** Who has pressed the tab key waits for an agent that does not answer no longer than this, in milliseconds. */
const COMPLETION_PATIENCE = 500;

/** How long, in intervals and milliseconds, a takeover is looked at: a master that does not give way says so with its next advert. */
const TAKEOVER_INTERVALS = 1.2;
const TAKEOVER_LEAST = 300;
const TAKEOVER_MOST = 5000;
const TAKEOVER_POLL = 100;

/** The control socket a client command means. */
export function socketOf(target: Target): Result<string, string> {
  if (target.socket !== null) return ok(target.socket);
  const source = readConfig(target.config ?? DEFAULT_CONFIG);
  const directory = runtimeDirOf(source);
  if (directory !== null) return ok(controlPath(directory));
  // Nobody named a file, so there need not be one.
  if (target.config === null && source.failure?.startsWith("ENOENT")) return ok(controlPath(RUNTIME_DIR));
  return fail(`${source.path}: ${source.failure ?? "not TOML"}; name the control socket with --socket`);
}

/** Sends one request and prints the answer by `print`; the agent says with which code to leave. */
export async function client(
  target: Target,
  request: Request,
  print: (body: unknown) => string,
): Promise<number> {
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
  if (request.command === "takeover" && exit === EXIT.done) {
    const lost = await lostAgain(socket.value, takenRouters(body));
    await err(lost.map((line) => `${line}\n`).join(""));
    if (lost.length > 0) return EXIT.input;
  }
  // A refusal is an error, a status of something in fault is not.
  if (exit === EXIT.done || isStatusReport(body)) await out(print(body));
  else await err(answerText(body));
  if (request.command === "stop" && exit === EXIT.done && !(await gone(socket.value, releaseTime(body)))) {
    await complain("the agent is still there after some seconds");
    return EXIT.refused;
  }
  return exit;
}

/** Looks at routers that were taken until a master that does not give way must have said so; a line for each one that was lost. */
async function lostAgain(socket: string, names: readonly string[]): Promise<string[]> {
  let span = names.length === 0 ? 0 : TAKEOVER_LEAST;
  for (let waited = 0; waited < span; waited += TAKEOVER_POLL) {
    await Bun.sleep(TAKEOVER_POLL);
    const reply = await ask(socket, { command: "status", name: null });
    if (!reply.ok || !isStatusReport(reply.value.body)) return [];
    const routers = reply.value.body.vrrp.filter(({ name }) => names.includes(name));
    const lost = routers.filter(({ state }) => state !== "master");
    if (lost.length > 0)
      return lost.map(({ name, state, reason }) => `${name} was taken and is ${state} again: ${reason}`);
    const slowest = Math.max(0, ...routers.map(({ interval_ms: interval }) => interval));
    span = Math.min(TAKEOVER_MOST, Math.max(TAKEOVER_LEAST, TAKEOVER_INTERVALS * slowest));
  }
  return [];
}

const jsonLine = (body: unknown): string => `${JSON.stringify(body)}\n`;

/** What the agent remembers of a router, or what the file in state_dir says where no agent runs. */
export async function why(target: Target, name: string, json: boolean): Promise<number> {
  const print = (body: unknown): string => (json || !isWhyReport(body) ? jsonLine(body) : whyText(body));
  const socket = socketOf(target);
  const reply = socket.ok ? await ask(socket.value, { command: "why", name }) : null;
  const alone = reply !== null && !reply.ok && reply.error.kind === "no-agent";
  // By a socket alone nobody can tell where the history is.
  if (!alone || target.socket !== null) return client(target, { command: "why", name }, print);
  const directory = stateDirOf(readConfig(target.config ?? DEFAULT_CONFIG));
  const history = new History();
  if (directory !== null) history.recall(await readHistory(directory, (text) => void complain(text)));
  const transitions = history.of(name);
  await complain(reply.error.text);
  if (directory === null || transitions === null) return EXIT.noAgent;
  await complain(`from ${historyPath(directory)}:`);
  const moment = { bootId: bootId(), now: bootClock.now(), wallClock: Date.now() };
  await out(print(whyReport(name, transitions, moment)));
  return EXIT.done;
}

/**
 * The names of virtual routers and groups of resources, a line each: as the agent has them, or else the routers of the file. Never an
 * error, as a shell asks.
 */
export async function routers(target: Target): Promise<string> {
  const socket = socketOf(target);
  const hurry = Bun.sleep(COMPLETION_PATIENCE);
  const reply = socket.ok
    ? await Promise.race([ask(socket.value, { command: "status", name: null }), hurry])
    : null;
  const known = reply?.ok === true && isStatusReport(reply.value.body) ? reply.value.body : null;
  const file = target.config ?? (target.socket === null ? DEFAULT_CONFIG : null);
  const written = file === null ? [] : routerNamesOf(readConfig(file));
  const groups = known?.heartbeat?.resources?.map(({ group }) => group) ?? [];
  const names = [...(known?.vrrp.map(({ name }) => name) ?? written), ...groups];
  return names.map((name) => `${name}\n`).join("");
}
