/**
 * net.ipv4.conf.IF.promote_secondaries, borrowed: without it, removing the first address of a subnet takes the others of that subnet
 * along. A file of its own, as what is borrowed beside it is given back at other times.
 */
import type { Setting } from "./sysctl.ts";
import { BorrowedSettings } from "./sysctl.ts";

const FILE = "promote_secondaries";
const PROMOTE: Setting = { family: 4, key: "promote_secondaries" };

/** The interfaces whose secondaries are promoted because we asked for it. */
export class Promotion {
  readonly #borrowed: BorrowedSettings;
  readonly #warn: (detail: string) => void;
  readonly #wanted = new Set<number>();

  /** Knows at once what an earlier agent left changed. */
  constructor(directory: string, warn: (detail: string) => void) {
    this.#borrowed = new BorrowedSettings(directory, warn, FILE);
    this.#warn = warn;
  }

  /** Sets it, or puts it back. A /proc that cannot be written is a warning. */
  set(index: number, enable: boolean): void {
    if (enable) {
      this.#wanted.add(index);
      const wrong = this.#borrowed.borrow(index, PROMOTE, 1);
      if (wrong !== null) this.#warn(wrong);
    } else {
      this.#wanted.delete(index);
      this.#borrowed.restoreOf(index);
    }
  }

  /** Puts back what an earlier agent changed and nobody asked for since. */
  restoreUnwanted(): void {
    this.#borrowed.restore(this.#wanted);
  }

  /** Puts everything back. */
  restoreAll(): void {
    this.#wanted.clear();
    this.restoreUnwanted();
  }
}
