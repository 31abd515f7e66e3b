/** The addresses that holders of ours use, found by what the kernel calls them and by holder. */
import type { Seconds } from "../base/units.ts";
import type { AddressKey } from "./boundary.ts";

/** An address that a holder uses. */
export interface Held {
  readonly key: AddressKey;
  /** Its name. */
  readonly holder: string;
  readonly label: string | null;
  readonly lifetime: Seconds | null;
  /** Of the route to its subnet; null: the kernel's choice. */
  readonly metric: number | null;
  /** `pending`: asked of the kernel in this turn; `added`: ours; `found`: somebody's, adopted; `leaving`: being removed. */
  state: "pending" | "added" | "found" | "leaving";
  /** It had been taken away and comes back: said when it is there. */
  readonly restores: boolean;
}

/** All of them, by the text of their key. */
export class HeldAddresses {
  private readonly all = new Map<string, Held>();
  private readonly byHolder = new Map<string, Map<string, Held>>();

  get(text: string): Held | undefined {
    return this.all.get(text);
  }

  /** In the order in which they were first put here. */
  entries(): IterableIterator<[string, Held]> {
    return this.all.entries();
  }

  values(): IterableIterator<Held> {
    return this.all.values();
  }

  /** Those of one holder. */
  of(holder: string): Held[] {
    return [...(this.byHolder.get(holder)?.values() ?? [])];
  }

  /** Puts one in, in place of whatever has this key. */
  put(text: string, held: Held): void {
    this.disown(text);
    this.all.set(text, held);
    const known = this.byHolder.get(held.holder);
    if (known === undefined) this.byHolder.set(held.holder, new Map([[text, held]]));
    else known.set(text, held);
  }

  drop(text: string): void {
    this.disown(text);
    this.all.delete(text);
  }

  /** Takes it away from its holder. */
  private disown(text: string): void {
    const holder = this.all.get(text)?.holder;
    if (holder === undefined) return;
    const known = this.byHolder.get(holder);
    known?.delete(text);
    if (known?.size === 0) this.byHolder.delete(holder);
  }
}
