/** The kernel's table of virtual services by one of its interfaces, as the agent knows it, and what others do in it. */
import type { Difference } from "../../ipvs/difference.ts";
import type { KnownTable } from "../../ipvs/known.ts";
import type { Change, ServiceId } from "../../wire/ipvs.ts";
import { serviceKey } from "../../wire/ipvs.ts";
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
  /** Services whose last change failed, until the next reading. */
  readonly refused: Set<string>;
  /** Services of others, said once. */
  foreign: readonly ServiceId[];
}

/** Before anything was told. */
export const unknownTable = (): Table => ({
  ...{ known: null, failure: null, busy: false, settled: false, fresh: false, again: false, foreign: [] },
  refused: new Set(),
});

/** The service that a change is of. */
export const keyOf = (change: Change): string =>
  serviceKey("service" in change ? change.service.id : change.id);

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
    for (const { key, config } of states) {
      const count = byService.get(key)?.length ?? 0;
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
