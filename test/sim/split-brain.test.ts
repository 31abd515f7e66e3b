/** docs/split-brain.md says what the agents do: every cell of its tables is lived through here. */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tables, withTables } from "./split-brain.ts";

const DOCUMENT = join(import.meta.dir, "../../docs/split-brain.md");
/** Milliseconds: on a busy machine it may take a while, and that proves nothing. */
const PATIENCE = 900_000;

describe("docs/split-brain.md", () => {
  test(
    "tells what becomes of each pair; UPDATE=1 bun test test/sim/split-brain.test.ts writes it anew",
    () => {
      const document = readFileSync(DOCUMENT, "utf8");
      const now = withTables(document, tables());
      if (process.env["UPDATE"] === "1") writeFileSync(DOCUMENT, now);
      else expect(document).toBe(now);
    },
    PATIENCE,
  );
});
