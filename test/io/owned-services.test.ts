/** The file that says which virtual services are ours. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { noteOwned, readOwned } from "../../src/io/owned-services.ts";
import type { OwnedService } from "../../src/agent/service/boundary.ts";
import { WEB } from "../ipvs/values.ts";

const OWNED: readonly OwnedService[] = [
  { id: WEB, way: "auto", keep: false },
  { id: { kind: "fwmark", mark: 7, family: 6 }, way: "netlink", keep: true },
];

function within(work: (directory: string) => void): void {
  const directory = mkdtempSync("/tmp/haagent-owned-");
  try {
    work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("what is ours in the table of virtual services", () => {
  test("is read as it was noted, in the boot and namespace that noted it", () => {
    within((directory) => {
      expect(readOwned(directory, "boot")).toEqual([]);
      noteOwned(directory, "boot", OWNED);
      expect(readOwned(directory, "boot")).toEqual([...OWNED]);
      expect(readOwned(directory, "another")).toEqual([]);
      expect(statSync(`${directory}/services`).mode & 0o777).toBe(0o600);
      noteOwned(directory, "boot", []);
      expect(readOwned(directory, "boot")).toEqual([]);
    });
  });

  test("is nothing where the file is none, and without what cannot be in it", () => {
    within((directory) => {
      writeFileSync(`${directory}/services`, "{");
      expect(readOwned(directory, "boot")).toEqual([]);
      const odd = [
        { id: { ...WEB, address: "nowhere" }, way: "auto", keep: false },
        { id: WEB },
        null,
        OWNED[0],
      ];
      writeFileSync(`${directory}/services`, JSON.stringify({ bootId: "boot", owned: odd }));
      expect(readOwned(directory, "boot").length).toBe(1);
    });
  });
});
