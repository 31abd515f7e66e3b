/** Small files of ours that are written whole. */
import { renameSync, rmSync, writeFileSync } from "node:fs";

/**
 * Has a file say this, readable for its owner alone; null: there is none. Whoever reads it finds all of the old or all of the new text;
 * for files of runtime_dir, which need not outlive the system, so nothing is forced to the disk. Throws what node:fs throws.
 */
export function replaceFile(path: string, text: string | null): void {
  if (text === null) {
    rmSync(path, { force: true });
    return;
  }
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
