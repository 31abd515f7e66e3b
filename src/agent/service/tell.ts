/** What is said of services and servers when they change: a log line, the commands of `notify`; and the kernel's errors in words. */
import type { ServiceNotify } from "../../config/service-model.ts";
import type { Filled } from "../../ipvs/pool.ts";
import type { Change } from "../../wire/ipvs.ts";
import { destinationKey } from "../../wire/ipvs.ts";
import { rememberService } from "../history.ts";
import type { Judges, ServerState, ServiceState } from "./state.ts";
import type { Turn, World } from "../world.ts";

/** Why the table cannot be read. */
export function tableText(errno: string): string {
  switch (errno) {
    case "ENOENT":
    case "ENOPROTOOPT":
      return `this kernel has no IPVS (${errno}); cure: modprobe ip_vs, on OpenWrt opkg install kmod-nf-ipvs`;
    case "EPERM":
      return "not permitted to use IPVS (EPERM); cure: run as root, or with CAP_NET_ADMIN in the user namespace of this network namespace";
    case "EPROTONOSUPPORT":
      return 'this kernel has no generic netlink (EPROTONOSUPPORT); cure: ipvs = "sockopt"';
    case "ETIMEDOUT":
      return "the kernel does not answer for its virtual servers (ETIMEDOUT); cure: see what hangs in dmesg, a modprobe for one";
    default:
      return `the table of virtual servers cannot be read: ${errno}`;
  }
}

/** Why a change was refused. */
export function refusalText(change: Change, errno: string): string {
  if ("service" in change) {
    const { scheduler } = change.service;
    if (errno === "ENOENT") {
      return `the kernel has no scheduler ${scheduler} (ENOENT); cure: modprobe ip_vs_${scheduler}, or another scheduler`;
    }
    if (errno === "EOPNOTSUPP") return 'this needs ipvs = "netlink" (EOPNOTSUPP)';
    if (errno === "EAFNOSUPPORT") return "IPv6 is off in this kernel (EAFNOSUPPORT)";
    return `the kernel refuses the service: ${errno}`;
  }
  if (change.kind === "delete-service") return `the kernel does not let go of the service: ${errno}`;
  const which = change.kind === "delete-destination" ? change : change.destination;
  const text = destinationKey(which).replace(" ", " port ");
  if (errno === "EINVAL")
    return `the kernel refuses the server ${text}: EINVAL; is its address one of a host?`;
  return `the kernel refuses the server ${text}: ${errno}`;
}

/** Brings a service and its servers up to date, and tells what is another than before. */
export function tellService(
  world: World,
  turn: Turn,
  state: ServiceState,
  filled: Filled,
  active: boolean,
  judges: Judges,
): void {
  for (const server of state.servers) {
    server.held = filled.held.has(destinationKey(server.config.destination));
    tellServer(world, turn, state, server, judges);
  }
  if (state.fallback !== null) tellServer(world, turn, state, state.fallback, judges);
  state.sum = filled.sum;
  const before = state.word;
  if (filled.quorum) state.quorum = true;
  else if (filled.decided || state.quorum !== null) state.quorum = false;
  const { config } = state;
  if (active !== state.active) {
    state.active = active;
    turn.out.log("info", "service.active", { name: config.name, active });
  }
  if (state.word === before) return;
  state.since = turn.now;
  const short = filled.quorum ? "" : `; ${insteadOf(state, filled)}`;
  const reason = `weight ${filled.sum} in service, quorum ${config.quorum}${short}`;
  const level = filled.quorum ? "info" : "error";
  turn.out.log(level, "service.state", { name: config.name, from: before, to: state.word, reason });
  rememberService(world, turn, config.name, { from: before, to: state.word, reason });
  notify(world, turn, state, filled.quorum ? "quorumUp" : "quorumDown", {
    queue: `virtual_server ${config.name}`,
    words: [filled.quorum ? "QUORUM_UP" : "QUORUM_DOWN", quorumWord(before)],
    address: config.address,
    reason,
  });
}

/** Who serves where there is no quorum. */
function insteadOf({ fallback }: ServiceState, { destinations }: Filled): string {
  if (fallback === null) return "no fallback: who is left serves on";
  const { name, destination } = fallback.config;
  const key = destinationKey(destination);
  const serves = destinations.some((each) => each.weight > 0 && destinationKey(each) === key);
  return serves
    ? `the fallback ${name} serves`
    : `the fallback ${name} is ${fallback.word}: who is left serves on`;
}

const quorumWord = (word: string): string => (word === "undecided" ? "INIT" : `QUORUM_${word.toUpperCase()}`);

function tellServer(
  world: World,
  turn: Turn,
  state: ServiceState,
  server: ServerState,
  judges: Judges,
): void {
  const { config } = server;
  const before = server.word;
  const detail = config.check === null ? "" : judges.detail(config.check.name);
  server.word = state.wordOf(config, judges);
  if (server.word === "down" && detail !== "") server.lastError = detail;
  if (server.word === before) return;
  server.since = turn.now;
  const reason = reasonOf(server, detail);
  const level = server.word === "up" ? "info" : "warning";
  const about = { name: state.config.name, server: config.name };
  turn.out.log(level, "server.state", { ...about, from: before, to: server.word, reason });
  const cause = { from: before, to: server.word, reason: `${config.name}: ${reason}` };
  rememberService(world, turn, state.config.name, cause);
  const serves = server.word === "up";
  // Undecided again, as by another check: nothing has happened to it.
  if (server.word === "undecided") return;
  notify(world, turn, state, serves ? "up" : "down", {
    queue: `virtual_server ${state.config.name} ${config.name}`,
    words: [serves ? "UP" : "DOWN", before === "undecided" ? "INIT" : before === "up" ? "UP" : "DOWN"],
    address: config.name,
    reason,
  });
}

function reasonOf({ word, held }: ServerState, detail: string): string {
  switch (word) {
    case "drained":
      return "drained by the operator: its connections go on";
    case "disabled":
      return "disabled by the operator";
    case "maintenance":
      return "a file of the maintenance directory names it";
    case "undecided":
      return "not probed yet";
    case "down":
      return held ? `${detail}; it stays in service, as too few others are left (panic_below)` : detail;
    case "up":
      return detail === "" ? "no check" : detail;
    default:
      return word;
  }
}

/** The commands for a change; what they find in their environment is as for routers. */
function notify(
  world: World,
  turn: Turn,
  { config }: ServiceState,
  which: keyof ServiceNotify,
  about: { queue: string; words: readonly [string, string]; address: string; reason: string },
): void {
  const commands = config.notify[which];
  if (commands.length === 0) return;
  turn.out.defer({
    kind: "notify",
    queue: about.queue,
    commands,
    environment: {
      HAAGENT_NAME: config.name,
      HAAGENT_STATE: about.words[0],
      HAAGENT_PREVIOUS: about.words[1],
      HAAGENT_ADDRESSES: about.address,
      HAAGENT_REASON: about.reason,
    },
    user: world.config.agent.scriptUser,
  });
}
