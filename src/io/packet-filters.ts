/**
 * Both tables of ours. All that is refused is in one that goes with the process. That devices are silent is in another one, too, which
 * stays like them: a killed agent's would tell switches of itself by MLD when its timers and lifetimes end, and draw the packets for the
 * addresses of the next master to itself.
 */
import type { Refused } from "../wire/nftables.ts";
import { PacketFilter } from "./packet-filter.ts";

export class PacketFilters {
  readonly #refused: PacketFilter;
  readonly #silent: PacketFilter;

  /** Of a runtime_dir. */
  constructor(directory: string) {
    this.#refused = new PacketFilter(directory);
    this.#silent = new PacketFilter(directory, false, "-devices");
  }

  /** Makes the tables say just this, or removes them; null when it is done, else why not. */
  set(wanted: Refused | null): string | null {
    const devices = wanted?.devices ?? [];
    const silent = this.#silent.set(devices.length === 0 ? null : { addresses: [], devices });
    return this.#refused.set(wanted) ?? silent;
  }

  /** Removes what a killed agent left of what is refused; devices may still be there. */
  sweepRefused(): void {
    this.#refused.sweep();
  }

  /** Removes what a killed agent left and nobody needs any more, now that its devices are gone: the tables' names. */
  sweep(): string[] {
    return [this.#refused, this.#silent].filter((table) => table.sweep()).map(({ table }) => table);
  }

  close(): void {
    this.#refused.close();
    this.#silent.close();
  }
}
