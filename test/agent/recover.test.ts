/** What is removed after an agent died, and what is not. */
import { describe, expect, test } from "bun:test";
import type { KernelAddress } from "../../src/agent/boundary.ts";
import type { LedgerAddress, LedgerRecord } from "../../src/agent/ledger.ts";
import { staleAddresses } from "../../src/agent/recover.ts";
import type { Ip } from "../../src/base/address.ts";
import { instant, seconds } from "../../src/base/units.ts";

const VIP = { index: 2, address: "192.0.2.1" as Ip, prefix: 24 };
const BOOT = "this boot";

const record = (added: readonly LedgerAddress[], bootId = BOOT): LedgerRecord => ({
  router: "VI_1",
  bootId,
  configHash: "c",
  index: 2,
  mac: "02:00:00:00:00:01",
  state: "master",
  forwarding: [],
  added,
  resumes: [],
  lastAdvertAt: instant(0),
});

const present = (change: Partial<KernelAddress> = {}): KernelAddress => ({
  ...VIP,
  label: null,
  secondary: false,
  tentative: false,
  validLifetime: seconds(2),
  ...change,
});

const deleted = [{ op: "delete" as const, key: VIP }];

describe("after an agent died", () => {
  test("a confirmed address is removed, with a lifetime or for ever", () => {
    const records = [record([{ ...VIP, confirmed: true }])];
    expect(staleAddresses(records, [present()], BOOT)).toEqual(deleted);
    expect(staleAddresses(records, [present({ validLifetime: null })], BOOT)).toEqual(deleted);
  });

  test("an unconfirmed address is removed only if it carries a lifetime", () => {
    const records = [record([{ ...VIP, confirmed: false }])];
    expect(staleAddresses(records, [present()], BOOT)).toEqual(deleted);
    expect(staleAddresses(records, [present({ validLifetime: null })], BOOT)).toEqual([]);
  });

  test("an address that is in no record stays", () => {
    expect(staleAddresses([record([])], [present()], BOOT)).toEqual([]);
  });

  test("the same address on another interface or with another prefix stays", () => {
    const records = [record([{ ...VIP, confirmed: true }])];
    expect(staleAddresses(records, [present({ index: 3 }), present({ prefix: 32 })], BOOT)).toEqual([]);
  });

  test("an address that is gone already needs nothing", () => {
    expect(staleAddresses([record([{ ...VIP, confirmed: true }])], [], BOOT)).toEqual([]);
  });

  test("a record of an earlier boot counts for nothing", () => {
    expect(staleAddresses([record([{ ...VIP, confirmed: true }], "last boot")], [present()], BOOT)).toEqual(
      [],
    );
  });

  test("an address that moved from one router to another is removed once", () => {
    const both = record([{ ...VIP, confirmed: true }]);
    expect(staleAddresses([both, { ...both, router: "VI_2" }], [present()], BOOT)).toEqual(deleted);
  });
});
