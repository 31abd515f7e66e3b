/** A directory of its own for a test file, removed after its tests. */
import { afterAll } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Scratch {
  /** The path of `name` in the directory. */
  readonly place: (name: string) => string;
  /** Writes a file there and gives its path. */
  readonly file: (name: string, content: string | Uint8Array) => string;
}

/** To be called at the top of a test file. */
export function scratch(): Scratch {
  const directory = mkdtempSync(join(tmpdir(), "haagent-cli-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const place = (name: string): string => join(directory, name);
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(place(name), content);
    return place(name);
  };
  return { place, file };
}
