/** The decoder of the ledger file under fuzz: what a dead agent left is believed only when it is whole. */
import type { LedgerRecord } from "../../src/agent/ledger.ts";
import { ip } from "../io/edge.ts";
import type { Result } from "../../src/base/result.ts";
import { instant } from "../../src/base/units.ts";
import { decodeLedger } from "../../src/io/ledger.ts";
import { target } from "./target.ts";

/** The header is padded to a page; the inputs are without that padding, which says nothing. */
const HEADER = 16;
const PAGE = 4096;
const SLOTS = 3;
const ENTRIES = HEADER + SLOTS * 8;
const ENTRY_HEADER = 8;

const record = (router: string, state: LedgerRecord["state"]): Omit<LedgerRecord, "lastAdvertAt"> => ({
  router,
  bootId: "0e3f",
  configHash: "77aa",
  index: 3,
  mac: "02:00:00:00:01:01",
  state,
  added: [{ index: 3, address: ip("192.0.2.50"), prefix: 24, confirmed: true }],
  forwarding: [],
  resumes: [instant(12.5)],
});

/** The file of these entries, each with the time of its last advert in its slot. */
function ledger(...contents: readonly unknown[]): Uint8Array {
  const entries = contents.map((content) => new TextEncoder().encode(JSON.stringify(content)));
  const padded = (length: number): number => Math.ceil((ENTRY_HEADER + length) / 8) * 8;
  const bytes = new Uint8Array(ENTRIES + entries.reduce((sum, { length }) => sum + padded(length), 0) + 8);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("haledger"));
  view.setUint32(8, 1, true);
  view.setUint32(12, SLOTS, true);
  let at = ENTRIES;
  for (const [slot, entry] of entries.entries()) {
    if (slot < SLOTS) view.setFloat64(HEADER + slot * 8, 1000 + slot, true);
    view.setUint32(at, entry.length, true);
    bytes.set(entry, at + ENTRY_HEADER);
    at += padded(entry.length);
  }
  seal(bytes);
  return bytes;
}

/** Makes the checksums of all entries right, as far as their lengths lead. */
function seal(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = ENTRIES; at + ENTRY_HEADER <= bytes.length;) {
    const length = view.getUint32(at, true);
    const end = at + ENTRY_HEADER + length;
    if (length === 0 || end > bytes.length) return;
    view.setUint32(at + 4, Bun.hash.crc32(bytes.subarray(at + ENTRY_HEADER, end)), true);
    at = Math.ceil(end / 8) * 8;
  }
}

/** The file that an input stands for. */
function whole(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER) return bytes;
  const file = new Uint8Array(PAGE + bytes.length - HEADER);
  file.set(bytes.subarray(0, HEADER));
  file.set(bytes.subarray(HEADER), PAGE);
  return file;
}

const master = { router: "lan", slot: 0, record: record("lan", "master") };
const backup = { router: "wan", slot: 1, record: record("wan", "backup") };

export const ledgers = target<Result<LedgerRecord[], string>>({
  name: "ledger",
  golden: [
    ledger(master),
    ledger(master, backup, { router: "lan", slot: 0, record: null }),
    ledger(backup, { router: "wan", slot: 2, record: record("wan", "init") }),
  ],
  lengthFields: [8, 12, ENTRIES].map((at) => ({ at, bytes: 4, order: "little" })),
  // DataView throws by itself where an index would give undefined.
  watch: false,
  outcomes: {
    records: "reached",
    empty: "reached",
    too: "reached",
    not: "reached",
    format: "reached",
    slots: "reached",
    entry: "reached",
    checksum: "reached",
    content: "reached",
  },
  decode: (bytes) => decodeLedger(whole(bytes)),
  outcomeOf: (read) => {
    if (read.ok) return read.value.length > 0 ? "records" : "empty";
    return /slots$/.test(read.error) ? "slots" : (read.error.split(" ")[0] ?? "");
  },
  check: (read) => {
    if (!read.ok) return null;
    const names = read.value.map(({ router }) => router);
    if (new Set(names).size < names.length) return `several records of one router: ${names.join(", ")}`;
    for (const { added, forwarding, resumes, lastAdvertAt } of read.value) {
      if (![added, forwarding, resumes].every(Array.isArray)) return "a list that is none";
      if (typeof lastAdvertAt !== "number") return `the last advert at ${String(lastAdvertAt)}`;
    }
    return null;
  },
  repair: (_, bytes) => seal(bytes),
});
