/**
 * The commands of haagent as data: usage text, argument check and dispatch all derive from this table.
 * A command of the contract that the present version does not do stands here too, so that it is refused by its name.
 */
import type { ArgsDef, CommandDef } from "citty";
import { defineCommand } from "citty";

/** The configuration that is read where `--config` is not given. */
export const DEFAULT_CONFIG = "/etc/haagent.toml";

/** Names of virtual routers, or one of these words. */
export type Place = "routers" | readonly string[];

/** One command: what citty needs, and an example for `--help`. */
export interface Command {
  readonly name: string;
  readonly description: string;
  readonly definition: CommandDef<ArgsDef>;
  readonly args: ArgsDef;
  /** What each positional argument can be, for completion. */
  readonly places: readonly Place[];
  readonly example: string;
  /** False: of the contract, but refused by this version. */
  readonly available: boolean;
  /** The last positional argument can be given more than once. */
  readonly repeats: boolean;
}

const file: ArgsDef = {
  config: { type: "string", valueHint: "FILE", description: `configuration (${DEFAULT_CONFIG})` },
};

/** Where the running agent listens: either is enough. */
const client: ArgsDef = {
  config: {
    type: "string",
    valueHint: "FILE",
    description: `the agent's configuration (${DEFAULT_CONFIG})`,
  },
  socket: {
    type: "string",
    valueHint: "PATH",
    description: "the agent's control socket, instead of --config",
  },
};

/** Which groups of resources move. */
const groups: ArgsDef = {
  groups: {
    type: "string",
    valueHint: "WHICH",
    description: "resources: all, local (prefer this node), foreign",
  },
};

function command(
  name: string,
  description: string,
  args: ArgsDef,
  example: string,
  places: readonly Place[] = [],
): Command {
  const definition = defineCommand({ meta: { name, description }, args });
  return { name, description, definition, args, example, places, available: true, repeats: false };
}

function later(name: string, description: string, example: string): Command {
  const definition = defineCommand({ meta: { name, description: `${description}; not in this version` } });
  return { name, description, definition, args: {}, example, places: [], available: false, repeats: false };
}

/** Every command, in the order of `haagent --help`. */
export const COMMANDS: readonly Command[] = [
  command("run", "run the agent in the foreground", file, "haagent run --config /etc/haagent.toml"),
  command(
    "check",
    "validate a configuration, or probe a service once",
    {
      ...file,
      once: {
        type: "string",
        valueHint: "SERVICE",
        description: "probe its servers now, and show how",
      },
      address: { type: "positional", required: false, description: "with --once: this server only" },
    },
    "haagent check --once web 192.168.0.1:80",
  ),
  command(
    "status",
    "what the running agent knows (exit 3: not healthy)",
    {
      name: {
        type: "positional",
        required: false,
        description: "only this virtual router, group of resources or virtual server",
      },
      json: { type: "boolean", description: "print JSON" },
      watch: { type: "boolean", description: "keep looking, until Ctrl-C" },
      interval: { type: "string", valueHint: "TIME", description: "with --watch: between looks (1s)" },
      ...client,
    },
    "haagent status --watch --interval 2s",
    ["routers"],
  ),
  command(
    "standby",
    "give up a virtual router or groups of resources, or all",
    {
      name: {
        type: "positional",
        required: false,
        description: "only this router or group, and what moves with it",
      },
      ...groups,
      ...client,
    },
    "haagent standby VI_1",
    ["routers"],
  ),
  command(
    "takeover",
    "make this node master, at priority 254; take groups",
    {
      name: {
        type: "positional",
        required: false,
        description: "only this router or group, and what moves with it",
      },
      ...groups,
      force: { type: "boolean", description: "even in startup_delay, or with a track down" },
      ...client,
    },
    "haagent takeover VI_1",
    ["routers"],
  ),
  command(
    "why",
    "why a router, a group or a virtual server is what it is",
    {
      name: {
        type: "positional",
        required: true,
        description: "the virtual router, group of resources or virtual server",
      },
      json: { type: "boolean", description: "print JSON" },
      ...client,
    },
    "haagent why VI_1",
    ["routers"],
  ),
  command(
    "server",
    "take a real server out and in by hand, until a restart",
    {
      order: {
        type: "positional",
        required: true,
        description: "drain (no new connections), disable (out) or enable",
      },
      service: { type: "positional", required: true, description: "the virtual server" },
      address: { type: "positional", required: true, description: "the real server" },
      ...client,
    },
    "haagent server drain web 192.168.0.1:80",
    [["drain", "disable", "enable"]],
  ),
  command(
    "fence",
    "vouch that a node is down, where its fence has failed",
    {
      action: { type: "positional", required: true, description: "confirm" },
      node: { type: "positional", required: true, description: "the node that is down for sure" },
      ...client,
    },
    "haagent fence confirm ha2",
    [["confirm"]],
  ),
  command("reload", "read the configuration again", client, "haagent reload"),
  command("stop", "release everything and end the agent", client, "haagent stop"),
  command(
    "release",
    "stop and remove what a killed agent left",
    {
      ...file,
      after: {
        type: "string",
        valueHint: "RESULT",
        description: "systemd's SERVICE_RESULT: a start follows a crash",
      },
    },
    "haagent release --config /etc/haagent.toml",
  ),
  command(
    "doctor",
    "look at this host for what breaks HA (exit 3: found some)",
    { ...file, json: { type: "boolean", description: "print JSON" } },
    "haagent doctor --json",
  ),
  command(
    "completion",
    "print the completion script of a shell",
    {
      shell: {
        type: "positional",
        required: true,
        description: "bash or zsh (routers: names, for the scripts)",
      },
      ...client,
    },
    "haagent completion bash > /etc/bash_completion.d/haagent",
    [["bash", "zsh"]],
  ),
  {
    ...command(
      "realserver",
      "carry addresses of services on lo: a real server of LVS",
      {
        action: { type: "positional", required: true, description: "start, stop or status" },
        address: {
          type: "positional",
          required: false,
          description: "one or more; none: all of [realserver], or all started",
        },
        json: { type: "boolean", description: "with status: print JSON" },
        ...file,
      },
      "haagent realserver start 172.25.254.100",
      [["start", "stop", "status"]],
    ),
    repeats: true,
  },
  command("version", "print version, commit and runtime", {}, "haagent version"),
  later(
    "console",
    "full-screen status on a serial console",
    "haagent console --tty /dev/ttyS0 --baud 115200",
  ),
  later("convert", "translate a configuration", "haagent convert keepalived keepalived.conf"),
  later(
    "simulate",
    "run configurations on a virtual clock",
    "haagent simulate --config a.toml --config b.toml",
  ),
];

/** The program itself; without `run`, which citty would execute after a sub-command too. */
export const ROOT = defineCommand({
  meta: { name: "haagent", description: "keeps addresses alive on a pair of routers" },
  subCommands: Object.fromEntries(
    COMMANDS.filter((each) => each.available).map((each) => [each.name, each.definition]),
  ),
});
