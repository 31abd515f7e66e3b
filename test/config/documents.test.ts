/** The configurations that documents show are good ones. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { said } from "./said.ts";

const DOCS = new URL("../../docs/", import.meta.url).pathname;
const shown = readdirSync(DOCS)
  .filter((name) => name.endsWith(".md"))
  .flatMap((name) =>
    Array.from(
      readFileSync(DOCS + name, "utf8").matchAll(/^```toml\n(.*?)^```$/gms),
      ([, text = ""], number) => [`${name}, ${number + 1}`, text],
    ),
  );

describe("a configuration that a document shows", () => {
  test("is there", () => {
    expect(shown.length).toBeGreaterThanOrEqual(3);
  });

  test.each(shown)("is good: %s", (_, text) => {
    expect(said(text ?? "")).toEqual([]);
  });
});
