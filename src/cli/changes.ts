/** What has changed between two looks at the status, as lines for a log or a pipe: time that passes and adverts that come are none. */
import type { RouterReport, StatusReport } from "./report.ts";
import { heartbeatStates } from "./show-heartbeat.ts";
import { serviceStates } from "./show-services.ts";

/** What tells one state of a router from another. Counters, ages and the seconds of a countdown do not. */
function stateOf(router: RouterReport): string {
  const { name, state, reason, operator, effective_priority: priority, master, contested } = router;
  return JSON.stringify([
    [name, state, reason.replace(/\d+ s\b/g, "s"), operator, priority],
    [master?.address, master?.priority, contested?.source, contested?.setting],
    router.addresses.map(({ address, held, found }) => [address, held, found]),
    router.tracks.map(({ name: track, up }) => [track, up]),
    router.peers.map(({ address, mismatch }) => [address, mismatch]),
  ]);
}

/** Of all that is neither the node nor a router. */
const otherStates = (report: StatusReport | null): ReadonlyMap<string, string> =>
  new Map([...heartbeatStates(report?.heartbeat), ...serviceStates(report?.services)]);

const stateOfAll = (report: StatusReport): string => {
  const { health, pid, config, vrrp } = report;
  return JSON.stringify([health, pid, config.last_error, vrrp.map(stateOf), [...otherStates(report)]]);
};

/** Whether something is other than it was. */
export const differs = (before: StatusReport | null, after: StatusReport): boolean =>
  before === null || stateOfAll(before) !== stateOfAll(after);

/**
 * A line for the node, each router, each node, link and group of its cluster, and each service and server that is other than it was, `time`
 * in front; all of them where nothing was known before.
 */
export function changes(before: StatusReport | null, after: StatusReport, time: string): string[] {
  const known = new Map(before?.vrrp.map((router) => [router.name, stateOf(router)]));
  const lines: string[] = [];
  const { node, health, config } = after;
  const { last_error: error } = config;
  if (before?.health !== health || before.pid !== after.pid || before.config.last_error !== error) {
    lines.push(
      `${time} ${node}: ${health}${error === null ? "" : `, the last reload was refused: ${error}`}`,
    );
  }
  for (const router of after.vrrp) {
    if (known.get(router.name) !== stateOf(router)) lines.push(`${time} ${routerLine(router)}`);
    known.delete(router.name);
  }
  for (const name of known.keys()) lines.push(`${time} ${name}: no more`);
  const others = otherStates(before);
  const present = otherStates(after);
  for (const what of new Set([...present.keys(), ...others.keys()])) {
    const state = present.get(what) ?? "no more";
    if (others.get(what) !== state) lines.push(`${time} ${what}: ${state}`);
  }
  return lines;
}

function routerLine(router: RouterReport): string {
  const { name, state, effective_priority: priority, addresses, master, contested, reason } = router;
  const held = addresses.filter((each) => each.held).length;
  const other = state === "master" ? "this node" : (master?.address ?? "none heard");
  const words = [
    `priority ${priority}`,
    `master ${other}`,
    `addresses ${held} of ${addresses.length}`,
    ...(contested === undefined || contested === null ? [] : [`CONTESTED by ${contested.source}`]),
    ...router.tracks.filter(({ up }) => up === false).map(({ name: track }) => `${track} DOWN`),
  ];
  return `${name}: ${state.toUpperCase()} ${words.join(", ")} (${reason})`;
}
