/**
 * Hints that a file may have changed, by inotify(7): its directory is watched, so that it may come, go and be replaced. Only hints: the
 * file is looked at in every interval anyway, and so are links that lead elsewhere and file systems that tell nothing.
 */
import type { FSWatcher } from "node:fs";
import { watch } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";

interface Watch {
  readonly file: string;
  /** The directory that is watched; empty while none is. */
  directory: string;
  watcher: FSWatcher | null;
  /** Its place is being looked at; on a network file system that may take its time. */
  looking: boolean;
}

export class Watches {
  readonly #watches = new Map<string, Watch>();
  readonly #hint: (check: string) => void;

  /** `hint` is called with the name of the check whose file may have changed. */
  constructor(hint: (check: string) => void) {
    this.#hint = hint;
  }

  /** Watches for a check, or sees that its watch is still in the right place. To be called before each look at the file. */
  async keep(check: string, file: string): Promise<void> {
    const known = this.#watches.get(check);
    if (known !== undefined && known.file !== file) this.drop(check);
    const one = this.#watches.get(check) ?? { file, directory: "", watcher: null, looking: false };
    this.#watches.set(check, one);
    if (one.looking) return;
    one.looking = true;
    const directory = await stat(dirname(file)).then(
      ({ dev, ino }) => `${dev} ${ino}`,
      () => "",
    );
    one.looking = false;
    // Dropped meanwhile, or as before.
    if (this.#watches.get(check) !== one || one.directory === directory) return;
    one.watcher?.close();
    one.watcher = directory === "" ? null : this.#watch(check, one);
    one.directory = one.watcher === null ? "" : directory;
    // What changed before the watch began.
    if (one.watcher !== null) this.#hint(check);
  }

  #watch(check: string, one: Watch): FSWatcher | null {
    const directory = dirname(one.file);
    try {
      const watcher = watch(directory, { persistent: false }, (_, changed) => {
        // The directory itself went away; the next one of its name may get its number.
        if (changed === basename(directory)) one.directory = "";
        else if (changed !== basename(one.file) && changed !== null) return;
        this.#hint(check);
      });
      watcher.on("error", () => {});
      return watcher;
    } catch {
      // No directory, or no watch left (ENOSPC): there is the interval.
      return null;
    }
  }

  /** Watches no longer for a check. */
  drop(check: string): void {
    this.#watches.get(check)?.watcher?.close();
    this.#watches.delete(check);
  }
}
