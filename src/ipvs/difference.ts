/**
 * The writes between the kernel's table of virtual services and the one that should be: an order in which no service that has a server
 * before and after is without one in between.
 */
import type { Change, Destination, Entry, Service, ServiceId } from "../wire/ipvs.ts";
import { destinationKey, sameDestination, sameService, serviceKey } from "../wire/ipvs.ts";

/** A virtual service with the servers that it should have, each once. */
export interface Wanted {
  readonly service: Service;
  readonly destinations: readonly Destination[];
}

/** What to do, and what was found. */
export interface Difference {
  readonly changes: readonly Change[];
  /** Services in the kernel that are neither wanted nor ours: somebody else's, and left alone. */
  readonly foreign: readonly ServiceId[];
}

/**
 * From `actual` to `wanted`, each service at most once in either. `ours` are the keys of services that we added or took over before; of
 * the others in the kernel only those that are wanted are touched, and are ours from then on.
 */
export function difference(
  wanted: readonly Wanted[],
  actual: readonly Entry[],
  ours: ReadonlySet<string>,
): Difference {
  const there = new Map(actual.map((entry) => [serviceKey(entry.service.id), entry]));
  const keys = new Set(wanted.map(({ service }) => serviceKey(service.id)));
  const others = actual.map(({ service }) => service.id).filter((id) => !keys.has(serviceKey(id)));
  return {
    changes: [
      ...wanted.flatMap((one) => toService(one, there.get(serviceKey(one.service.id)) ?? null)),
      ...others
        .filter((id) => ours.has(serviceKey(id)))
        .map((id): Change => ({ kind: "delete-service", id })),
    ],
    foreign: others.filter((id) => !ours.has(serviceKey(id))),
  };
}

function toService({ service, destinations }: Wanted, entry: Entry | null): Change[] {
  const { id } = service;
  const made: Change[] =
    entry === null
      ? [{ kind: "add-service", service }]
      : sameService(entry.service, service)
        ? []
        : [{ kind: "edit-service", service }];
  const before = new Map(
    (entry?.destinations ?? []).map(({ destination }) => [destinationKey(destination), destination]),
  );
  const after = new Set(destinations.map(destinationKey));
  const added: Change[] = [];
  const raised: Change[] = [];
  const lowered: Change[] = [];
  for (const destination of destinations) {
    const found = before.get(destinationKey(destination));
    if (found === undefined) added.push({ kind: "add-destination", id, destination });
    else if (!sameDestination(found, destination)) {
      const edit: Change = { kind: "edit-destination", id, destination };
      (destination.weight >= found.weight ? raised : lowered).push(edit);
    }
  }
  const removed = [...before.values()]
    .filter((destination) => !after.has(destinationKey(destination)))
    .map(({ address, port }): Change => ({ kind: "delete-destination", id, address, port }));
  // Who takes traffic comes in before anybody who did goes.
  return [...made, ...added, ...raised, ...lowered, ...removed];
}
