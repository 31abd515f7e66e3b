/** The kernel's table of virtual services by one of its interfaces, as the agent knows it, and what others do in it. */
import type { Difference } from "../../ipvs/difference.ts";
import type { KnownTable } from "../../ipvs/known.ts";
import type { Change, ServiceId } from "../../wire/ipvs.ts";
import { destinationKey, serviceKey } from "../../wire/ipvs.ts";
import type { OwnedService } from "./boundary.ts";
import type { ServiceState } from "./state.ts";
import type { Turn } from "../world.ts";

/** The table by one of the kernel's interfaces. */
export interface Table {
  known: KnownTable | null;
  /** Why it cannot be read; null where it can. */
  failure: string | null;
  busy: boolean;
  /** It was as it should be when it was last written or read. */
  settled: boolean;
  /** It was just read. */
  fresh: boolean;
  /** Something changed while it was busy. */
  again: boolean;
  /** Changes that failed since the last reading, by their keys, each with the key of its service. */
  readonly refused: Map<string, string>;
  /** In the last write somebody else was faster, as it seems. */
  overtaken: boolean;
  /** Services of others, said once. */
  foreign: readonly ServiceId[];
}

/** Before anything was told. */
export const unknownTable = (): Table => ({
  ...{ known: null, failure: null, busy: false, settled: false, fresh: false, again: false, foreign: [] },
  ...{ refused: new Map(), overtaken: false },
});

/** The service that a change is of. */
export const keyOf = (change: Change): string =>
  serviceKey("service" in change ? change.service.id : change.id);

/** Equal for changes of the same service or server in the same way. */
export function changeKey(change: Change): string {
  const { kind } = change;
  if ("service" in change || kind === "delete-service") return `${kind} ${keyOf(change)}`;
  return `${kind} ${keyOf(change)} ${destinationKey(kind === "delete-destination" ? change : change.destination)}`;
}

/** Those that have not failed since the table was last read. */
export const untried = ({ refused }: Table, changes: readonly Change[]): readonly Change[] =>
  refused.size === 0 ? changes : changes.filter((change) => !refused.has(changeKey(change)));

/** Says what others have done to the table since it was last looked at, and which services in it are nobody's we know. */
export function tellOthers(
  turn: Turn,
  table: Table,
  { changes, foreign }: Difference,
  states: Iterable<ServiceState>,
  owned: Iterable<OwnedService>,
): void {
  if (table.settled) {
    const byService = Map.groupBy(changes, keyOf);
    for (const { key, config, leavers } of states) {
      const ours = (change: Change): boolean =>
        change.kind === "delete-destination" && leavers.hasLeft(destinationKey(change));
      const count = (byService.get(key) ?? []).filter((change) => !ours(change)).length;
      if (count > 0) turn.out.log("warning", "service.repaired", { name: config.name, changes: count });
    }
  }
  const configured = new Set(Array.from(owned, ({ id }) => serviceKey(id)));
  const strange = foreign.filter((id) => !configured.has(serviceKey(id)));
  const before = new Set(table.foreign.map(serviceKey));
  for (const id of strange) {
    if (!before.has(serviceKey(id))) turn.out.log("info", "service.foreign", { service: serviceKey(id) });
  }
  table.foreign = strange;
}
