/** The part of the status object that is about virtual services. */
import type { Instant } from "../../base/units.ts";
import { after } from "../../base/units.ts";
import type { Entry, Statistics } from "../../wire/ipvs.ts";
import { destinationAt, destinationKey, serviceKey } from "../../wire/ipvs.ts";
import { failureStatus, paceStatus } from "../check-status.ts";
import { judgesOf } from "./turn.ts";
import type { Judges, ServerState, ServiceState } from "./state.ts";
import { destinationName } from "./tell-leavers.ts";
import { tableText } from "./tell.ts";
import type { World } from "../world.ts";

/** Why the kernel does not have a service as it should; null where it has. */
const failureOf = ({ services }: World, { config, failure }: ServiceState): string | null => {
  const table = services.tables.get(config.way)?.failure ?? null;
  return table === null ? failure : tableText(table);
};

/** Whether some service is below its quorum, or not in the kernel as it should be. */
export const servicesDegraded = (world: World): boolean =>
  world.services.maintenanceFailure !== null ||
  [...world.services.states.values()].some(
    (state) => state.quorum === false || failureOf(world, state) !== null,
  );

/** Every service with its servers, or the one of that name; of a router's, those that are active with it. */
export function servicesStatus(world: World, clock: (at: Instant) => string, name: string | null): object[] {
  const judges = judgesOf(world);
  const shown = [...world.services.states.values()].filter(
    ({ config }) => name === null || config.name === name || config.activeWhen === name,
  );
  return shown.map((state) => {
    const { config } = state;
    const { service } = config;
    const entry = world.services.tables.get(config.way)?.known?.entry(state.key) ?? null;
    return {
      name: config.name,
      address: config.address,
      protocol: service.id.kind === "fwmark" ? null : service.id.protocol,
      scheduler: service.scheduler,
      state: state.word,
      since: clock(state.since),
      active: state.active,
      active_when: config.activeWhen,
      quorum: state.quorum === true,
      quorum_needed: config.quorum,
      weight: state.sum,
      counters: entry === null ? null : countersOf(entry.statistics),
      failure: failureOf(world, state),
      fallback:
        state.fallback === null
          ? null
          : { ...serverStatus(world, state.fallback, entry, judges, clock), in_use: fallsBack(state, entry) },
      servers: state.servers.map((server) => serverStatus(world, server, entry, judges, clock)),
      leaving: leavingStatus(state, entry, clock),
    };
  });
}

/** Servers that the configuration does not name, at weight 0 while they have connections; `until`: no longer than this. */
function leavingStatus(state: ServiceState, entry: Entry | null, clock: (at: Instant) => string): object[] {
  return [...state.leavers.leaving].flatMap(([key, { since }]) => {
    const told = destinationAt(entry, key);
    if (told === null || since === null || state.isFallback(key)) return [];
    const { destination, active, inactive, statistics } = told;
    return [
      {
        address: destinationName(destination),
        ...{ weight: destination.weight, active, inactive, since: clock(since) },
        until: clock(after(since, state.limit(key))),
        counters: countersOf(statistics),
      },
    ];
  });
}

/** What the kernel has counted since it was added. */
const countersOf = ({ connections, inPackets, outPackets, inBytes, outBytes }: Statistics): object => ({
  connections,
  in_packets: inPackets,
  out_packets: outPackets,
  in_bytes: inBytes,
  out_bytes: outBytes,
});

/** Whether the fallback has what the servers would have. */
function fallsBack(state: ServiceState, entry: Entry | null): boolean {
  const spare = state.config.fallback;
  if (spare === null || state.quorum === true) return false;
  return weightOf(entry, destinationKey(spare.destination)) > 0;
}

const weightOf = (entry: Entry | null, key: string): number =>
  destinationAt(entry, key)?.destination.weight ?? 0;

function serverStatus(
  world: World,
  { config, word, since, lastError, held }: ServerState,
  entry: Entry | null,
  judges: Judges,
  clock: (at: Instant) => string,
): object {
  const key = destinationKey(config.destination);
  const told = destinationAt(entry, key);
  const up = config.check === null ? true : judges.health(config.check.name);
  return {
    address: config.name,
    forward: config.destination.forward,
    up,
    state: word,
    since: clock(since),
    present: told !== null,
    weight: told?.destination.weight ?? 0,
    configured_weight: config.destination.weight,
    active: told?.active ?? 0,
    inactive: told?.inactive ?? 0,
    counters: told === null ? null : countersOf(told.statistics),
    held,
    check: config.check?.probe.type ?? null,
    ...paceStatus(world, config.check?.name ?? null),
    detail: config.check === null ? "" : judges.detail(config.check.name),
    last_error: lastError,
    warning: config.check === null ? null : world.checks.warning(config.check.name),
    check_failure: config.check === null ? null : failureStatus(world, config.check.name, clock),
  };
}

/** Services in the kernel that are nobody's we know: never touched. */
export const foreignServices = ({ services }: World): string[] => [
  ...new Set([...services.tables.values()].flatMap(({ foreign }) => foreign.map(serviceKey))),
];
