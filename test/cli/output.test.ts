/** Where the output goes must not matter. */
import { closeSync, openSync, readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { BINARY } from "./binary.ts";
import { scratch } from "./scratch.ts";

const { place } = scratch();

describe("output", () => {
  test("to a file that others write too goes behind what is there", () => {
    const log = openSync(place("log"), "w");
    for (let run = 0; run < 3; run++) Bun.spawnSync([BINARY, "nonsense"], { stdout: log, stderr: log });
    closeSync(log);
    const lines = readFileSync(place("log"), "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(new Set(lines).size).toBe(1);
  });

  test("to a full disk is the system's refusal", () => {
    const full = openSync("/dev/full", "w");
    const run = Bun.spawnSync([BINARY, "version"], { stdout: full });
    closeSync(full);
    expect(run.stderr.toString()).toContain("ENOSPC");
    expect(run.exitCode).toBe(5);
  });
});
