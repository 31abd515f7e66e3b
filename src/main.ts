/** The program: picks what the command line asks for and joins the pure parts to the real edge. */
import { Agent } from "./agent/agent.ts";
import { forwardingText } from "./agent/forwarding.ts";
import { rehearse } from "./agent/rehearsal.ts";
import { leftReader } from "./agent/resource/left.ts";
import { STALE } from "./agent/recover.ts";
import { unreachable } from "./base/assert.ts";
import { client, routers, why } from "./client.ts";
import { answerText, reloadText } from "./cli/answer.ts";
import type { Intent } from "./cli/arguments.ts";
import { parseCommandLine } from "./cli/arguments.ts";
import { completion } from "./cli/completion.ts";
import { EXIT } from "./cli/exit.ts";
import { isStatusReport } from "./cli/report.ts";
import { show } from "./cli/show.ts";
import { doctorJson, doctorText } from "./cli/show-doctor.ts";
import { onceText } from "./cli/show-once.ts";
import { usage } from "./cli/usage.ts";
import { checksToRun } from "./config/checks-named.ts";
import { load } from "./config/load.ts";
import type { Config, ConfigSource } from "./config/model.ts";
import { printFinding } from "./config/print.ts";
import { runtimeDirOf, stateDirOf } from "./config/runtime-dir.ts";
import { examine } from "./doctor/examine.ts";
import type { AgentFact } from "./doctor/facts.ts";
import { upwards, usesOf } from "./doctor/files.ts";
import { healthOf } from "./doctor/finding.ts";
import { ask } from "./io/ask.ts";
import { probeOnce } from "./io/check-once.ts";
import { controlPath } from "./io/control.ts";
import { readConfig } from "./io/config-file.ts";
import { gather } from "./io/doctor.ts";
import { GONE, release } from "./io/release.ts";
import { groupsLeft, releaseGroups } from "./io/release-groups.ts";
import { runAgent } from "./io/run.ts";
import { realServer } from "./realserver.ts";
import { complain, err, out } from "./io/terminal.ts";
import { watch } from "./watch.ts";

declare const HAAGENT_VERSION: string | undefined;
declare const HAAGENT_COMMIT: string | undefined;

/** Stamped in by build.ts; a run from the sources says so. */
const VERSION = typeof HAAGENT_VERSION === "string" ? HAAGENT_VERSION : "0.0.0-sources";
const COMMIT = typeof HAAGENT_COMMIT === "string" ? HAAGENT_COMMIT : "";

/** Prints all findings of a file on stderr; its configuration, or null when it cannot be run. */
async function checked(source: ConfigSource): Promise<Config | null> {
  const { config, findings } = load(source);
  await err(findings.map((each) => `${printFinding(source.path, each)}\n`).join(""));
  return config;
}

/** The agent, until it is told to stop. */
async function run(path: string): Promise<number> {
  const source = readConfig(path);
  const config = await checked(source);
  if (config === null) return EXIT.input;
  if (config.heartbeat === null) await warnOfGroups(config.agent.stateDir, source.hostname);
  return runAgent({
    machine: new Agent(),
    source,
    version: VERSION,
    settings: config.agent,
    needsRights: config.routers.length > 0 || config.heartbeat !== null,
    stale: STALE,
    rehearse,
    complain: (text) => void complain(text),
  });
}

/** An agent without a cluster stops no group that an earlier one left. */
async function warnOfGroups(stateDir: string, hostname: string): Promise<void> {
  const groups = await groupsLeft(stateDir, leftReader(hostname));
  const names = groups.map(({ key }) => key).join(", ");
  if (names === "") return;
  const cure = "cure: stop the agent, haagent release, start it";
  await complain(
    `groups that an earlier agent started may run, and there is no [heartbeat]: ${names}; ${cure}`,
  );
}

/** Takes away what a killed agent left. */
async function releaseLeft(path: string): Promise<number> {
  const source = readConfig(path);
  const [directory, stateDir] = [runtimeDirOf(source), stateDirOf(source)];
  if (directory === null || stateDir === null) {
    await checked(source);
    return EXIT.input;
  }
  // While their addresses are there.
  const groups = await releaseGroups(directory, stateDir, leftReader(source.hostname));
  if (!groups.ok) {
    await complain(groups.error);
    return EXIT.refused;
  }
  const released = release(directory, STALE);
  if (!released.ok) {
    await complain(released.error);
    return EXIT.refused;
  }
  const { results, forwarding, links, others, killed, warnings } = released.value;
  for (const warning of warnings) await complain(warning);
  const nameOf = (index: number): string | null => links.find((link) => link.index === index)?.name ?? null;
  const outcomes = [
    ...forwarding.map(({ change: { entry }, errno }) => ({
      what: `${entry.kind} ${forwardingText(entry, nameOf)}`,
      errno,
    })),
    ...results.map(({ change: { key }, errno }) => ({ what: `${key.address}/${key.prefix}`, errno })),
  ];
  // Gone in the meantime is as good as removed.
  const done = outcomes.filter(({ errno }) => errno === null || GONE.includes(errno));
  await out(groups.value.stopped.map((key) => `stopped group ${key}\n`).join(""));
  for (const each of groups.value.stuck) await complain(each);
  await out(
    [...groups.value.killed, ...killed]
      .map((pid) => `killed command ${pid}, which was left running\n`)
      .join(""),
  );
  await out(done.map(({ what }) => `removed ${what}\n`).join(""));
  await out(others.map((name) => `removed ${name}\n`).join(""));
  const failed = outcomes.filter((outcome) => !done.includes(outcome));
  for (const { what, errno } of failed) await complain(`${what}: ${errno}`);
  return failed.length + groups.value.stuck.length === 0 ? EXIT.done : EXIT.refused;
}

/** What the agent of a configuration says of itself, for the doctor. */
async function agentFact(runtimeDir: string): Promise<AgentFact | null> {
  const reply = await ask(controlPath(runtimeDir), { command: "status", name: null });
  if (!reply.ok || !isStatusReport(reply.value.body)) return null;
  const { vrrp } = reply.value.body;
  const held = vrrp.flatMap(({ addresses }) => addresses.filter((each) => each.held));
  return {
    masters: new Set(vrrp.filter(({ state }) => state === "master").map(({ name }) => name)),
    held: new Set(held.map(({ address, interface: on }) => `${address.replace(/\/.*/, "")} ${on}`)),
  };
}

/** Looks at this host with the eyes of a configuration. */
async function doctor(path: string, json: boolean): Promise<number> {
  const config = await checked(readConfig(path));
  if (config === null) return EXIT.input;
  const { node, runtimeDir } = config.agent;
  const programs = usesOf(config).keys();
  const facts = await gather(config, { programs, upwards, agent: await agentFact(runtimeDir) });
  const findings = examine(facts, config);
  const health = healthOf(findings);
  const report = { node, version: VERSION, file: path, listened: facts.listened, health, findings };
  await out(json ? doctorJson(report) : doctorText(report));
  return health === "ok" ? EXIT.done : EXIT.degraded;
}

/** Probes a virtual server's real servers, or runs the check of that name, once. */
async function once(path: string, service: string, address: string | null): Promise<number> {
  const config = await checked(readConfig(path));
  if (config === null) return EXIT.input;
  const checks = checksToRun(config, service, address);
  if (!checks.ok) {
    await complain(checks.error);
    return EXIT.input;
  }
  const probes = await probeOnce(checks.value, config.agent.scriptUser);
  await out(onceText(probes));
  return probes.every(({ outcome }) => outcome.healthy) ? EXIT.done : EXIT.degraded;
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
    case "once":
      return once(intent.config, intent.service, intent.address);
    case "check":
      return (await checked(readConfig(intent.config))) === null ? EXIT.input : EXIT.done;
    case "status": {
      if (intent.watch !== null) return watch({ ...intent, interval: intent.watch });
      const print = intent.json ? (body: unknown): string => `${JSON.stringify(body)}\n` : statusText;
      return client(intent.target, { command: "status", name: intent.name }, print);
    }
    case "standby": {
      const { name, groups } = intent;
      const which = groups === null ? {} : { groups };
      return client(intent.target, { command: "standby", name, ...which }, answerText);
    }
    case "takeover": {
      const { name, groups, force } = intent;
      const which = groups === null ? {} : { groups };
      return client(intent.target, { command: "takeover", name, ...which, force }, answerText);
    }
    case "doctor":
      return doctor(intent.config, intent.json);
    case "realserver":
      return realServer(intent);
    case "why":
      return why(intent.target, intent.name, intent.json);
    case "completion":
      await out(intent.what === "routers" ? await routers(intent.target) : completion(intent.what));
      return EXIT.done;
    case "server": {
      const { target, order, service, server } = intent;
      return client(target, { command: "server", order, service, server }, answerText);
    }
    case "fence":
      return client(intent.target, { command: "fence-confirm", name: intent.node }, answerText);
    case "reload":
      return client(intent.target, { command: "reload" }, reloadText);
    case "stop":
      return client(intent.target, { command: "stop" }, answerText);
    case "run":
      return run(intent.config);
    case "release":
      return intent.follows ? EXIT.done : releaseLeft(intent.config);
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
