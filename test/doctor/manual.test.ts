/** docs/doctor.md names what the doctor finds. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

test("every id of a finding is in the manual, and no other", () => {
  const sources = readdirSync(join(ROOT, "src/doctor")).map((name) =>
    readFileSync(join(ROOT, "src/doctor", name), "utf8"),
  );
  const ids = sources.flatMap((text) =>
    Array.from(
      text.matchAll(/\bid(?:: | = reason === "self" \? )"([a-z_]+)"(?: : "([a-z_]+)")?/g),
      ([, one, two]) => [one, two].filter((id) => id !== undefined),
    ).flat(),
  );
  const manual = readFileSync(join(ROOT, "docs/doctor.md"), "utf8");
  const rows = Array.from(manual.matchAll(/^\| `([a-z_]+)` \|/gm), ([, id]) => id);
  expect(ids.length).toBeGreaterThan(20);
  expect(rows.toSorted()).toEqual([...new Set(ids)].toSorted());
});
