/** Command line to intent: what the user asked for, or why that is not a thing to ask. Strict, as a typo must not start an agent. */
import { parseArgs } from "citty";
import type { Ip } from "../base/address.ts";
import { parseIp } from "../base/address.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import { parseDuration } from "../config/kind.ts";
import { hint } from "../config/nearest.ts";
import type { Command } from "./commands.ts";
import { COMMANDS, DEFAULT_CONFIG } from "./commands.ts";
import type { Completion } from "./completion.ts";
import { COMPLETIONS } from "./completion.ts";

/** Which agent a client command speaks to. Both null: the one of the default configuration. */
export interface Target {
  readonly config: string | null;
  readonly socket: string | null;
}

/** What can be done to a real server by hand. */
const SERVER_ORDERS = ["drain", "disable", "enable"] as const;
type ServerOrderName = (typeof SERVER_ORDERS)[number];

/** A command line understood. */
export type Intent =
  | { readonly kind: "help"; readonly command: Command | null }
  | { readonly kind: "version" }
  | { readonly kind: "run" | "check"; readonly config: string }
  /** `address` null: every server of the service. */
  | {
      readonly kind: "once";
      readonly config: string;
      readonly service: string;
      readonly address: string | null;
    }
  /** `follows`: the service manager starts the agent again, which resumes from what a release would take away. */
  | { readonly kind: "release"; readonly config: string; readonly follows: boolean }
  | {
      readonly kind: "status";
      readonly target: Target;
      readonly name: string | null;
      readonly json: boolean;
      /** Milliseconds from one look to the next; null: only one. */
      readonly watch: number | null;
    }
  | {
      readonly kind: "standby";
      readonly target: Target;
      readonly name: string | null;
      /** Of resources; null: none are named. */
      readonly groups: Which | null;
    }
  | {
      readonly kind: "takeover";
      readonly target: Target;
      readonly name: string | null;
      readonly groups: Which | null;
      readonly force: boolean;
    }
  | { readonly kind: "why"; readonly target: Target; readonly name: string; readonly json: boolean }
  | { readonly kind: "completion"; readonly target: Target; readonly what: Completion }
  | { readonly kind: "reload" | "stop"; readonly target: Target }
  | {
      readonly kind: "realserver";
      readonly action: RealServerWord;
      readonly addresses: readonly Ip[];
      readonly config: string;
      readonly json: boolean;
    }
  | {
      readonly kind: "server";
      readonly target: Target;
      readonly order: ServerOrderName;
      readonly service: string;
      readonly server: string;
    }
  | { readonly kind: "doctor"; readonly config: string; readonly json: boolean }
  | { readonly kind: "fence"; readonly target: Target; readonly node: string }
  /** Of the contract, but this version does not do it: refused with exit 1, never ignored. */
  | { readonly kind: "later"; readonly what: string };

/** Groups of resources, in this node's view: all, those that prefer it, the others. */
const WHICH = ["all", "local", "foreign"] as const;
type Which = (typeof WHICH)[number];

/** Between two looks of `status --watch`, in milliseconds. */
const WATCH_INTERVAL = 1000;
const WATCH_INTERVAL_LEAST = 100;
const WATCH_INTERVAL_MOST = 3_600_000;

/** Results after which `Restart=on-failure` starts a service again whatever its exit codes mean (systemd.service(5)). */
const CRASHES: readonly string[] = ["signal", "core-dump", "oom-kill", "watchdog"];

/** Rewrites what citty's parser would take loosely (`--flag value`, unknown flags) into a form it cannot misread. */
function strict(command: Command, words: readonly string[]): Result<string[], string> {
  const flags: string[] = [];
  const positionals: string[] = [];
  const seen = new Set<string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      positionals.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      positionals.push(word);
      continue;
    }
    const [flag = "", ...rest] = word.split("=");
    const name = flag.slice(2);
    const definition =
      flag.startsWith("--") && Object.hasOwn(command.args, name) ? command.args[name] : undefined;
    if (definition === undefined || definition.type === "positional") {
      const known = Object.keys(command.args)
        .filter((each) => command.args[each]?.type !== "positional")
        .map((each) => `--${each}`);
      return fail(`unknown flag ${flag} for "${command.name}"${hint(flag, known)}`);
    }
    if (seen.has(name)) return fail(`--${name} is given twice`);
    seen.add(name);
    if (definition.type === "boolean") {
      if (rest.length > 0) return fail(`--${name} takes no value`);
      flags.push(`--${name}`);
      continue;
    }
    const following = words[at + 1];
    const value = rest.length > 0 ? rest.join("=") : following?.startsWith("--") ? undefined : following;
    if (value === undefined || value === "") return fail(`--${name} needs a value`);
    if (rest.length === 0) at++;
    flags.push(`--${name}=${value}`);
  }
  const places = Object.entries(command.args).filter(([, each]) => each.type === "positional");
  const missing = places.slice(positionals.length).find(([, each]) => each.required === true);
  if (missing !== undefined) return fail(`"${command.name}" needs ${missing[0].toUpperCase()}`);
  const extra = command.repeats ? undefined : positionals[places.length];
  if (extra !== undefined) return fail(`unexpected argument "${extra}" for "${command.name}"`);
  return ok(positionals.length === 0 ? flags : [...flags, "--", ...positionals]);
}

/** A flag's text, or null where it was not given. */
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

/** Milliseconds between two looks, null where only one is wanted. */
function watchInterval(watches: boolean, interval: string | null): Result<number | null, string> {
  if (!watches) return interval === null ? ok(null) : fail("--interval is for --watch");
  if (interval === null) return ok(WATCH_INTERVAL);
  const span = parseDuration(/^[\d.]+$/.test(interval) ? Number(interval) : interval);
  if (span === null || span < WATCH_INTERVAL_LEAST || span > WATCH_INTERVAL_MOST) {
    return fail(`--interval must be a duration from 100ms to 1h, not "${interval}"`);
  }
  return ok(span);
}

/** What `haagent realserver` can be told. */
const REAL_SERVER_WORDS = ["start", "stop", "status"] as const;
export type RealServerWord = (typeof REAL_SERVER_WORDS)[number];

function realServerIntent(
  [word = "", ...texts]: readonly string[],
  config: string | null,
  json: boolean,
): Result<Intent, string> {
  const action = REAL_SERVER_WORDS.find((each) => each === word);
  if (action === undefined) return fail(`realserver ${word}: there is start, stop and status`);
  if (json && action !== "status") return fail("--json is for realserver status");
  const addresses: Ip[] = [];
  for (const text of texts) {
    const parsed = parseIp(text.replace(/\/(?:32|128)$/, ""));
    if (!parsed.ok) return fail(`${text} is not an address of a host`);
    addresses.push(parsed.value);
  }
  return ok({ kind: "realserver", action, addresses, config: config ?? DEFAULT_CONFIG, json });
}

function intentOf(command: Command, words: readonly string[]): Result<Intent, string> {
  const args = parseArgs([...words], command.args);
  const target: Target = { config: text(args["config"]), socket: text(args["socket"]) };
  if (target.config !== null && target.socket !== null)
    return fail("--config and --socket exclude each other");
  switch (command.name) {
    case "run":
      return ok({ kind: command.name, config: target.config ?? DEFAULT_CONFIG });
    case "check": {
      const config = target.config ?? DEFAULT_CONFIG;
      const [service, address] = [text(args["once"]), text(args["address"])];
      if (service !== null) return ok({ kind: "once", config, service, address });
      return address === null ? ok({ kind: "check", config }) : fail("ADDRESS is for check --once SERVICE");
    }
    case "release": {
      const follows = CRASHES.includes(text(args["after"]) ?? "");
      return ok({ kind: "release", config: target.config ?? DEFAULT_CONFIG, follows });
    }
    case "status": {
      const watch = watchInterval(args["watch"] === true, text(args["interval"]));
      if (!watch.ok) return watch;
      const [name, json] = [text(args["name"]), args["json"] === true];
      return ok({ kind: "status", target, name, json, watch: watch.value });
    }
    case "standby":
    case "takeover": {
      const [name, which] = [text(args["name"]), text(args["groups"])];
      const groups = WHICH.find((each) => each === which) ?? null;
      if (which !== null && groups === null)
        return fail(`--groups is all, local or foreign, not "${which}"${hint(which, WHICH)}`);
      if (groups !== null && name !== null) return fail("NAME and --groups exclude each other");
      if (command.name === "standby") return ok({ kind: "standby", target, name, groups });
      const force = args["force"] === true;
      if (force && groups !== null) return fail("--force is for virtual routers, and not for --groups");
      return ok({ kind: "takeover", target, name, groups, force });
    }
    case "why":
      return ok({ kind: "why", target, name: text(args["name"]) ?? "", json: args["json"] === true });
    case "fence": {
      const action = text(args["action"]);
      if (action !== "confirm") return fail(`"fence ${action}": there is fence confirm`);
      return ok({ kind: "fence", target, node: text(args["node"]) ?? "" });
    }
    case "reload":
    case "stop":
      return ok({ kind: command.name, target });
    case "server": {
      const order = SERVER_ORDERS.find((each) => each === args["order"]);
      if (order === undefined) {
        return fail(`"server ${text(args["order"])}": there is drain, disable and enable`);
      }
      const [service, server] = [text(args["service"]) ?? "", text(args["address"]) ?? ""];
      return ok({ kind: "server", target, order, service, server });
    }
    case "doctor": {
      const config = target.config ?? DEFAULT_CONFIG;
      return ok({ kind: "doctor", config, json: args["json"] === true });
    }
    case "realserver":
      return realServerIntent(args["_"] ?? [], target.config, args["json"] === true);
    case "completion": {
      const what = COMPLETIONS.find((each) => each === args["shell"]);
      if (what === undefined) return fail(`completion for "${text(args["shell"])}": there is bash and zsh`);
      return ok({ kind: "completion", target, what });
    }
    case "version":
      return ok({ kind: "version" });
    default:
      return ok({ kind: "later", what: command.name });
  }
}

/** Understands `argv` (without the program's name). The error is a usage error, exit 2. */
export function parseCommandLine(argv: readonly string[]): Result<Intent, string> {
  const [first, ...rest] = argv;
  if (first === "--help" || first === "-h") return ok({ kind: "help", command: null });
  if (first === "--version") return ok({ kind: "version" });
  const [name, words] = first === undefined || first.startsWith("-") ? ["run", argv] : [first, rest];
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined)
    return fail(
      `unknown command "${name}"${hint(
        name,
        COMMANDS.map((each) => each.name),
      )}`,
    );
  if (words.includes("--help") || words.includes("-h")) return ok({ kind: "help", command });
  if (!command.available) return ok({ kind: "later", what: command.name });
  const checked = strict(command, words);
  return checked.ok ? intentOf(command, checked.value) : checked;
}
