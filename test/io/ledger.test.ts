/** The ledger file: what a killed process leaves, what a broken file says, how it grows. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LedgerRecord } from "../../src/agent/ledger.ts";
import type { Instant } from "../../src/base/units.ts";
import { instant } from "../../src/base/units.ts";
import { decodeLedger, Ledger, readLedger } from "../../src/io/ledger.ts";
import { ip, temporaryDirectory } from "./edge.ts";
import { FORGET, never, recordOf, ROUTERS } from "./ledger-writer.ts";

const WRITER = new URL("ledger-writer.ts", import.meta.url).pathname;
const KILLS = 40;

/** The records, which must be readable. */
function records(directory: string): Map<string, LedgerRecord> {
  const read = readLedger(directory);
  if (!read.ok) throw new Error(read.error);
  return new Map(read.value.map((record) => [record.router, record]));
}

/** Kills a writer some milliseconds after it began. */
async function killedAfter(milliseconds: number, directory: string): Promise<void> {
  const writer = Bun.spawn([process.execPath, WRITER, directory], { stdout: "pipe" });
  await writer.stdout.getReader().read();
  await Bun.sleep(milliseconds);
  writer.kill("SIGKILL");
  await writer.exited;
}

/** The last operation before or at `n` that concerned the router, or -1. */
function lastOperation(router: number, n: number): number {
  const behind = (((n - router) % ROUTERS) + ROUTERS) % ROUTERS;
  return n - behind < 0 ? -1 : n - behind;
}

/** Whether the records are what operations 0 to `n` left, all of them done. */
function isStateAfter(found: ReadonlyMap<string, LedgerRecord>, n: number): boolean {
  for (let router = 0; router < ROUTERS; router++) {
    const operation = lastOperation(router, n);
    const record = found.get(`R${router}`);
    if (operation < 0 || operation % FORGET === 0) {
      if (record !== undefined) return false;
      continue;
    }
    if (record === undefined) return false;
    const { lastAdvertAt, ...rest } = record;
    const { lastAdvertAt: _, ...written } = recordOf(operation);
    if (!Bun.deepEquals(rest, written)) return false;
    const before = operation - ROUTERS;
    // The advert of the newest operation may not have been sent yet; one before it, of the same router, had been.
    const earlier = before >= 0 && before % FORGET !== 0 ? before : 0;
    if (lastAdvertAt !== operation && !(operation === n && lastAdvertAt === earlier)) return false;
  }
  return true;
}

const plain = (router: string, lastAdvertAt: Instant): LedgerRecord => ({
  router,
  bootId: "boot",
  configHash: "hash",
  index: 3,
  mac: "02:00:00:00:00:01",
  state: "master",
  forwarding: [],
  added: [{ index: 3, address: ip("10.0.0.1"), prefix: 24, confirmed: false }],
  resumes: [instant(1.5), instant(2.25)],
  lastAdvertAt,
});

describe("a ledger", () => {
  test(`is whole after ${KILLS} kills at any instant`, async () => {
    using directory = temporaryDirectory();
    let operations = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await killedAfter(Math.random() * 25, directory.path);
      const found = records(directory.path);
      const newest = Math.max(-1, ...Array.from(found.values(), ({ index }) => index));
      // A forgotten router has no number: the last operation is the newest one seen, or the forgetting right after it.
      expect([newest, newest + 1].some((n) => isStateAfter(found, n))).toBe(true);
      operations += newest;
    }
    // They were killed at work, not before it.
    expect(operations).toBeGreaterThan(KILLS * 100);
  }, 60_000);

  test("keeps what was written, for another process to read", () => {
    using directory = temporaryDirectory();
    const ledger = Ledger.create(directory.path, [], never);
    ledger.replace("A", plain("A", instant(12.5)));
    ledger.replace("B", plain("B", instant(13)));
    ledger.replace("B", null);
    expect(records(directory.path)).toEqual(new Map([["A", plain("A", instant(12.5))]]));
    expect(statSync(join(directory.path, "ledger")).mode & 0o777).toBe(0o600);
  });

  test("takes the time of each advert, and keeps it when the record is replaced", () => {
    using directory = temporaryDirectory();
    const ledger = Ledger.create(directory.path, [], never);
    ledger.replace("A", plain("A", instant(1)));
    ledger.stamp("A", instant(100.125));
    expect(records(directory.path).get("A")?.lastAdvertAt).toBe(instant(100.125));
    ledger.replace("A", plain("A", instant(50)));
    expect(records(directory.path).get("A")?.lastAdvertAt).toBe(instant(100.125));
    ledger.replace("A", null);
    ledger.replace("A", plain("A", instant(50)));
    expect(records(directory.path).get("A")?.lastAdvertAt).toBe(instant(50));
  });

  test("forgets the time of an earlier process when the record says so", () => {
    using directory = temporaryDirectory();
    const ledger = Ledger.create(directory.path, [plain("A", instant(1000))], never);
    expect(records(directory.path).get("A")?.lastAdvertAt).toBe(instant(1000));
    // After a reboot the clock began anew: the old figure would be of the future.
    ledger.replace("A", plain("A", instant(10)));
    expect(records(directory.path).get("A")?.lastAdvertAt).toBe(instant(10));
  });

  test("carries the records of the one before", () => {
    using directory = temporaryDirectory();
    Ledger.create(directory.path, [], never).replace("A", plain("A", instant(5)));
    Ledger.create(directory.path, [...records(directory.path).values()], never);
    expect(records(directory.path).get("A")).toEqual(plain("A", instant(5)));
  });

  test("grows with a thousand routers of a hundred addresses, and shrinks when they are gone", () => {
    using directory = temporaryDirectory();
    const ledger = Ledger.create(directory.path, [], never);
    const added = Array.from({ length: 100 }, (_, at) => ({
      index: 3,
      address: ip(`10.0.0.${at}`),
      prefix: 24,
      confirmed: true,
    }));
    const names = Array.from({ length: 1000 }, (_, at) => `R${at}`);
    for (const name of names) ledger.replace(name, { ...plain(name, instant(1)), added });
    for (const [at, name] of names.entries()) ledger.stamp(name, instant(at + 10));
    const found = records(directory.path);
    expect(found.size).toBe(1000);
    expect(found.get("R999")).toEqual({ ...plain("R999", instant(1009)), added });
    expect(found.get("R0")?.lastAdvertAt).toBe(instant(10));
    for (const name of names) ledger.replace(name, null);
    for (let turn = 0; turn < 100_000; turn++) ledger.replace("A", plain("A", instant(turn)));
    expect(records(directory.path)).toEqual(new Map([["A", plain("A", instant(99_999))]]));
    expect(statSync(join(directory.path, "ledger")).size).toBeLessThan(1024 * 1024);
  });
});

describe("a ledger that cannot be written anew", () => {
  test("says so, goes on, and is whole again once it can", () => {
    using directory = temporaryDirectory();
    const runtimeDir = join(directory.path, "run");
    mkdirSync(runtimeDir);
    const warnings: string[] = [];
    const ledger = Ledger.create(runtimeDir, [], (detail) => warnings.push(detail));
    rmSync(runtimeDir, { recursive: true });
    // As many changes as fill the file; what a removed directory refuses, a full one does.
    for (let turn = 0; warnings.length < 3 && turn < 100_000; turn++) {
      ledger.replace("A", plain("A", instant(turn)));
      ledger.stamp("A", instant(turn + 0.5));
    }
    expect(warnings.length).toBe(3);
    expect(warnings[0]).toContain("ENOENT");
    mkdirSync(runtimeDir);
    ledger.replace("B", plain("B", instant(7)));
    ledger.stamp("A", instant(1e6));
    expect([...records(runtimeDir).keys()].sort()).toEqual(["A", "B"]);
    expect(records(runtimeDir).get("A")?.lastAdvertAt).toBe(instant(1e6));
    expect(records(runtimeDir).get("B")).toEqual(plain("B", instant(7)));
  });
});

describe("a file that is no ledger", () => {
  const written = (): Uint8Array => {
    using directory = temporaryDirectory();
    const ledger = Ledger.create(directory.path, [], never);
    ledger.replace("A", plain("A", instant(5)));
    ledger.replace("B", plain("B", instant(6)));
    return Uint8Array.from(readFileSync(join(directory.path, "ledger")));
  };
  /** Offset of the first entry: after the header and the stamps. */
  const entries = (bytes: Uint8Array): number =>
    4096 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true) * 8;

  test("is said, whatever is wrong with it", () => {
    const whole = written();
    const broken = (change: (bytes: Uint8Array) => void): string => {
      const bytes = whole.slice();
      change(bytes);
      const read = decodeLedger(bytes);
      return read.ok ? "read" : read.error;
    };
    const at = entries(whole);
    expect(decodeLedger(whole).ok).toBe(true);
    expect(decodeLedger(new Uint8Array(0))).toEqual({ ok: false, error: "too short" });
    expect(broken((bytes) => bytes.fill(0, 0, 8))).toBe("not a ledger");
    expect(broken((bytes) => bytes.set([2], 8))).toBe("format 2, not 1");
    expect(broken((bytes) => bytes.set([0xff, 0xff, 0xff], 12))).toBe("16777215 slots");
    expect(broken((bytes) => bytes.set([0x7d], at + 20))).toBe(`checksum at ${at}`);
    expect(broken((bytes) => bytes.set([0xff, 0xff, 0xff], at))).toBe(`entry of 16777215 bytes at ${at}`);
  });

  test("never makes the reader throw", () => {
    const whole = written();
    const at = entries(whole);
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed % below;
    };
    for (let turn = 0; turn < 20_000; turn++) {
      const bytes = whole.slice(0, at + 600);
      bytes[random(4) === 0 ? random(16) : at + random(600)] = random(256);
      decodeLedger(turn % 5 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
    }
  });

  test("is an error of reading, not an empty ledger", () => {
    using directory = temporaryDirectory();
    expect(readLedger(directory.path)).toEqual({ ok: true, value: [] });
    writeFileSync(join(directory.path, "ledger"), "rubbish");
    expect(readLedger(directory.path)).toEqual({ ok: false, error: "too short" });
  });
});
