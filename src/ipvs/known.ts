/** What the kernel's table of virtual services is known to be: as it was read, with what has been written since. */
import type { Change, Destination, Entry, Service, ToldDestination } from "../wire/ipvs.ts";
import {
  destinationAt,
  destinationKey,
  sameDestination,
  sameService,
  serviceKey,
  UNUSED,
} from "../wire/ipvs.ts";

const added = (destination: Destination): ToldDestination => ({
  destination,
  active: 0,
  inactive: 0,
  persistent: 0,
  statistics: UNUSED,
});

/** A table by the keys of its services. A dump may repeat an entry that moved while it was made: the last one counts. */
export class KnownTable {
  readonly #entries: Map<string, Entry>;

  constructor(entries: readonly Entry[]) {
    this.#entries = new Map(entries.map((entry) => [serviceKey(entry.service.id), entry]));
  }

  /** What it has of a service; null: nothing. */
  entry(key: string): Entry | null {
    return this.#entries.get(key) ?? null;
  }

  all(): readonly Entry[] {
    return [...this.#entries.values()];
  }

  /** Whether another reading says the same, in whatever order, but for what is counted. */
  isLike(other: KnownTable): boolean {
    if (this.#entries.size !== other.#entries.size) return false;
    for (const [key, entry] of this.#entries) if (!isLike(entry, other.entry(key))) return false;
    return true;
  }

  /** The kernel has made this change. */
  apply(change: Change): void {
    if (change.kind === "add-service" || change.kind === "edit-service") this.#put(change.service);
    else if (change.kind === "delete-service") this.#entries.delete(serviceKey(change.id));
    else this.#change(change);
  }

  #put(service: Service): void {
    const key = serviceKey(service.id);
    const known = this.#entries.get(key);
    this.#entries.set(key, {
      service,
      statistics: known?.statistics ?? UNUSED,
      destinations: known?.destinations ?? [],
    });
  }

  #change(change: Exclude<Change, { kind: "add-service" | "edit-service" | "delete-service" }>): void {
    const key = serviceKey(change.id);
    const known = this.#entries.get(key);
    if (known === undefined) return;
    const which = destinationKey(change.kind === "delete-destination" ? change : change.destination);
    const found = destinationAt(known, which);
    const rest = known.destinations.filter((each) => each !== found);
    const destinations =
      change.kind === "delete-destination"
        ? rest
        : [...rest, { ...(found ?? added(change.destination)), destination: change.destination }];
    this.#entries.set(key, { ...known, destinations });
  }
}

/** Whether two readings of a service say the same. The kernel has them in one order as long as it is not written. */
function isLike(one: Entry, other: Entry | null): boolean {
  if (other === null || !sameService(one.service, other.service)) return false;
  if (one.destinations.length !== other.destinations.length) return false;
  const same = (a: Destination, b: Destination | undefined): boolean =>
    b !== undefined && a.weight === b.weight && a.address === b.address && sameDestination(a, b);
  if (one.destinations.every(({ destination }, at) => same(destination, other.destinations[at]?.destination)))
    return true;
  const theirs = new Map(
    other.destinations.map(({ destination }) => [destinationKey(destination), destination]),
  );
  return one.destinations.every(({ destination }) =>
    same(destination, theirs.get(destinationKey(destination))),
  );
}
