/** The reference and the sample: that they say what the program does, and all of it. */
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fields } from "../../src/config/field.ts";
import { manual } from "../../src/config/manual.ts";
import type { Table } from "../../src/config/tables.ts";
import { tables } from "../../src/config/tables.ts";
import { loadText, said } from "./said.ts";

const ROOT = join(import.meta.dir, "../..");
const MANUAL = join(ROOT, "docs/configuration.md");
const sample = readFileSync(join(ROOT, "conf/haagent.toml"), "utf8");
const all: readonly (readonly [string, Table])[] = Object.entries(tables);

/** The names of keys, those of inline tables too; `now` only those that this version does. */
function keysOf(fields: Fields, now: boolean): string[] {
  return Object.entries(fields).flatMap(([key, field]) => {
    const below = keysOf(field.fields ?? {}, now);
    const refused = field.later !== null || (field.fields !== null && below.length === 0);
    return now && refused ? [] : [key, ...below];
  });
}

/** Those of some names that the reference does not mention. */
const untold = (names: Iterable<string>): string[] =>
  [...names].filter((name) => !new RegExp(`[\`.]${name}[\`.]`).test(manual()));

describe("docs/configuration.md", () => {
  test("is what the tables say; UPDATE=1 bun test test/config/manual.test.ts writes it anew", () => {
    if (process.env["UPDATE"] === "1") writeFileSync(MANUAL, manual());
    expect(readFileSync(MANUAL, "utf8")).toBe(manual());
  });

  test("names every table and every key", () => {
    for (const [name, table] of all) {
      expect(manual()).toContain(`# [${name}${table.named ? ".NAME" : ""}]`);
      expect(untold(keysOf(table.fields, false))).toEqual([]);
    }
  });

  test("names every key of the contract's sample", () => {
    const contract = readFileSync(join(import.meta.dir, "golden/contract.toml.txt"), "utf8");
    const keys = contract.replace(/"[^"\n]*"|#.*/g, "").matchAll(/([a-z][a-z_]*) *=/g);
    // A name of the user's, not of the language.
    const names = new Set([...keys].map(([, key]) => key ?? "")).difference(new Set(["upstream"]));
    expect(names.size).toBeGreaterThan(100);
    expect(untold(names)).toEqual([]);
  });

  test("describes every key in sentences", () => {
    const check = (fields: Fields): void => {
      for (const [key, field] of Object.entries(fields)) {
        expect([key, field.doc]).toEqual([key, expect.stringMatching(/^\S.*\.$/)]);
        check(field.fields ?? {});
      }
    };
    for (const [, table] of all) check(table.fields);
  });
});

describe("conf/haagent.toml", () => {
  test("is good as it is", () => {
    expect(said(sample)).toEqual([]);
    expect(loadText(sample).config?.routers).toHaveLength(1);
  });

  test("is good with every commented key taken in, but for the two ways to send, which exclude each other", () => {
    const whole = sample.replace(/^( *)#(?=[a-z{[])/gm, "$1");
    expect(said(whole)).toEqual([
      expect.stringContaining("multicast_group and unicast_peers exclude each other"),
      expect.stringContaining("sync_group"),
    ]);
    expect(said(whole.replace(/^multicast_group.*$/m, ""))).toEqual([
      expect.stringContaining("warning: sync_group"),
    ]);
  });

  test("explains every key of this version", () => {
    const keys = all.filter(([, table]) => !table.later).flatMap(([, table]) => keysOf(table.fields, true));
    const shown = (key: string): boolean => new RegExp(`[\n#{, ]${key} = `).test(sample);
    expect(keys.filter((key) => !shown(key))).toEqual([]);
  });

  test("shows defaults that are the defaults", () => {
    const defaults =
      /^#(?=(runtime_dir|state_dir|realtime_priority|address_|log|version|advert_|preempt|startup_|tie|initial_|checksum|auth|on_found|garp)[a-z_]* = )/gm;
    expect(sample.match(defaults)).toHaveLength(17);
    expect(loadText(sample.replace(defaults, ""))).toEqual(loadText(sample));
  });
});
