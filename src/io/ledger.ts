/**
 * The ledger file: a memory-mapped journal in runtime_dir that a SIGKILL between any two instructions leaves readable.
 *
 *     header (4096)  magic | format u32 | slots u32
 *     stamps         one f64 a slot: CLOCK_BOOTTIME of the last advert sent; a single aligned store
 *     entries        length u32 | crc32 u32 | JSON, padded to 8; a length of 0 ends them
 *
 * A replaced record is a new entry, valid once its length is written, which is last; until then the old one stands. A full file is
 * written anew beside and renamed over. Stores to a shared mapping reach the file whatever becomes of the process.
 */
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { LedgerAddress, LedgerRecord } from "../agent/ledger.ts";
import { isForwarding } from "./ledger-forwarding.ts";
import { assert } from "../base/assert.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { Instant } from "../base/units.ts";
import { instant } from "../base/units.ts";
import { isObject } from "./json.ts";
import { codeOf, reasonOf } from "./reason.ts";

const MAGIC = "haledger";
const FORMAT = 1;
const HEADER_BYTES = 4096;
const ENTRY_HEADER = 8;
/** Smallest file: a thousand routers, each written some times, before it has to be written anew. */
const SLOTS_LEAST = 4096;
const ENTRY_BYTES_LEAST = 512 * 1024;
/** A longer file was not written by us. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;

const align = (length: number): number => Math.ceil(length / 8) * 8;

type Kept = Omit<LedgerRecord, "lastAdvertAt">;

/** An entry's content; the time of the last advert is in the stamp of its slot. */
interface Entry {
  readonly router: string;
  readonly slot: number;
  readonly record: Kept | null;
}

/** The same as it is read: an agent that knew no routes may have written it. */
type Written = Omit<Entry, "record"> & {
  readonly record: (Omit<Kept, "forwarding"> & { readonly forwarding?: Kept["forwarding"] }) | null;
};

function isAddress(value: unknown): value is LedgerAddress {
  if (!isObject(value)) return false;
  const { index, address, prefix, confirmed } = value;
  return (
    typeof index === "number" &&
    typeof address === "string" &&
    typeof prefix === "number" &&
    typeof confirmed === "boolean"
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const { router, bootId, configHash, index, mac, state, added, forwarding, resumes, sequenceBase } = value;
  const texts = [router, bootId, configHash, mac, state].every((text) => typeof text === "string");
  if (!texts || typeof index !== "number") return false;
  if (!Array.isArray(added) || !added.every(isAddress)) return false;
  if (forwarding !== undefined && !(Array.isArray(forwarding) && forwarding.every(isForwarding)))
    return false;
  if (sequenceBase !== undefined && typeof sequenceBase !== "number") return false;
  return Array.isArray(resumes) && resumes.every((at) => typeof at === "number");
}

function isEntry(value: unknown): value is Written {
  if (!isObject(value)) return false;
  const { router, slot, record } = value;
  if (typeof router !== "string" || typeof slot !== "number") return false;
  return record === null || (isRecord(record) && record["router"] === router);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The records in a ledger's bytes; the error says what is wrong with them. */
export function decodeLedger(bytes: Uint8Array): Result<LedgerRecord[], string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES) return fail("too short");
  if (new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) return fail("not a ledger");
  const format = view.getUint32(8, true);
  if (format !== FORMAT) return fail(`format ${format}, not ${FORMAT}`);
  const slots = view.getUint32(12, true);
  let at = HEADER_BYTES + slots * 8;
  if (at > bytes.length) return fail(`${slots} slots`);
  const records = new Map<string, LedgerRecord>();
  while (at + ENTRY_HEADER <= bytes.length) {
    const length = view.getUint32(at, true);
    if (length === 0) break;
    if (at + ENTRY_HEADER + length > bytes.length) return fail(`entry of ${length} bytes at ${at}`);
    const payload = bytes.subarray(at + ENTRY_HEADER, at + ENTRY_HEADER + length);
    if (Bun.hash.crc32(payload) !== view.getUint32(at + 4, true)) return fail(`checksum at ${at}`);
    const entry = parse(new TextDecoder().decode(payload));
    if (!isEntry(entry) || entry.slot < 0 || entry.slot >= slots) return fail(`content at ${at}`);
    if (entry.record === null) {
      records.delete(entry.router);
    } else {
      const lastAdvertAt = instant(view.getFloat64(HEADER_BYTES + entry.slot * 8, true));
      const { forwarding = [] } = entry.record;
      records.set(entry.router, { ...entry.record, forwarding, lastAdvertAt });
    }
    at = align(at + ENTRY_HEADER + length);
  }
  return ok([...records.values()]);
}

/** The records in runtime_dir; none where there is no file. */
export function readLedger(directory: string): Result<LedgerRecord[], string> {
  try {
    const path = join(directory, "ledger");
    if (statSync(path).size > FILE_BYTES_MAX) return fail("too long");
    return decodeLedger(readFileSync(path));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return ok([]);
    return fail(reasonOf(error));
  }
}

interface Live {
  readonly record: LedgerRecord;
  readonly slot: number;
}

/** A mapped file and how far it is written. */
class Area {
  readonly slots: number;
  readonly stamps: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  /** Makes the file, empty. Throws where the file system refuses. */
  constructor(path: string, slots: number, entryBytes: number) {
    const start = HEADER_BYTES + slots * 8;
    const content = new Uint8Array(start + entryBytes);
    content.set(new TextEncoder().encode(MAGIC));
    new DataView(content.buffer).setUint32(8, FORMAT, true);
    new DataView(content.buffer).setUint32(12, slots, true);
    rmSync(path, { force: true });
    const fd = openSync(path, "wx", 0o600);
    try {
      // All of it, zeros too: a store into a page that the file system cannot provide would be a SIGBUS.
      for (let at = 0; at < content.length;) at += writeSync(fd, content, at, content.length - at);
    } finally {
      closeSync(fd);
    }
    this.#bytes = Bun.mmap(path, { shared: true });
    const { buffer, byteOffset, byteLength } = this.#bytes;
    this.#view = new DataView(buffer, byteOffset, byteLength);
    this.stamps = new Float64Array(buffer, byteOffset + HEADER_BYTES, slots);
    this.slots = slots;
    this.#at = start;
  }

  /** Writes an entry at the end; false when it does not fit. */
  append(entry: Entry): boolean {
    const payload = new TextEncoder().encode(JSON.stringify(entry));
    const end = align(this.#at + ENTRY_HEADER + payload.length);
    if (end > this.#bytes.length) return false;
    this.#bytes.set(payload, this.#at + ENTRY_HEADER);
    this.#view.setUint32(this.#at + 4, Bun.hash.crc32(payload), true);
    this.#view.setUint32(this.#at, payload.length, true);
    this.#at = end;
    return true;
  }
}

/** The ledger of the running agent. */
export class Ledger {
  readonly #directory: string;
  readonly #warn: (detail: string) => void;
  #live = new Map<string, Live>();
  /** Adverts that this process sent: a record replaced later does not forget them. */
  readonly #sent = new Map<string, Instant>();
  #area: Area;
  #nextSlot = 0;

  private constructor(directory: string, records: readonly LedgerRecord[], warn: (detail: string) => void) {
    this.#directory = directory;
    this.#warn = warn;
    for (const record of records) this.#live.set(record.router, { record, slot: -1 });
    this.#area = this.#rewritten(new Float64Array(0));
  }

  /**
   * Begins a file with the records of an earlier one. Throws where the file system refuses. Later `warn` is told when a full file
   * could not be written anew (no space left): it keeps what it said last, and the next change tries again.
   */
  static create(directory: string, records: readonly LedgerRecord[], warn: (detail: string) => void): Ledger {
    return new Ledger(directory, records, warn);
  }

  /** Replaces or, with null, forgets the record of a router. On return it is safe from the death of the process. */
  replace(router: string, record: LedgerRecord | null): void {
    const known = this.#live.get(router);
    if (record === null) {
      this.#sent.delete(router);
      if (known === undefined) return;
      this.#live.delete(router);
      if (!this.#area.append({ router, slot: 0, record: null })) this.#rewrite();
      return;
    }
    const sent = this.#sent.get(router) ?? record.lastAdvertAt;
    const lastAdvertAt = sent > record.lastAdvertAt ? sent : record.lastAdvertAt;
    // A stamp that differs gets a slot of its own, so that the old record keeps its own stamp until the new one is there.
    const keeps = known !== undefined && this.#area.stamps[known.slot] === lastAdvertAt;
    const slot = keeps ? known.slot : this.#nextSlot++;
    this.#live.set(router, { record: { ...record, lastAdvertAt }, slot });
    const fits = slot < this.#area.slots;
    if (fits) this.#area.stamps[slot] = lastAdvertAt;
    if (!fits || !this.#area.append(entryOf(router, slot, record))) this.#rewrite();
  }

  /** What it says now, apart from the times of the adverts. */
  records(): LedgerRecord[] {
    return Array.from(this.#live.values(), ({ record }) => record);
  }

  /** Forgets every router. */
  clear(): void {
    for (const router of [...this.#live.keys()]) this.replace(router, null);
  }

  /** The kernel took an advert of this router just now. */
  stamp(router: string, now: Instant): void {
    const known = this.#live.get(router);
    this.#sent.set(router, now);
    if (known !== undefined && known.slot < this.#area.slots) this.#area.stamps[known.slot] = now;
  }

  #rewrite(): void {
    try {
      this.#area = this.#rewritten(this.#area.stamps);
    } catch (error) {
      this.#warn(error instanceof Error ? error.message : String(error));
    }
  }

  /** A new file with what is live, of four times its size, in place of the old one. Changes nothing when it throws. */
  #rewritten(stamps: Float64Array): Area {
    const path = join(this.#directory, "ledger.new");
    const entries = Array.from(this.#live, ([router, { record }], slot) => entryOf(router, slot, record));
    const needed = entries.reduce((sum, entry) => {
      return sum + align(ENTRY_HEADER + new TextEncoder().encode(JSON.stringify(entry)).length);
    }, 0);
    const slots = Math.max(SLOTS_LEAST, entries.length * 4);
    const area = new Area(path, slots, Math.max(ENTRY_BYTES_LEAST, needed * 4));
    const live = new Map<string, Live>();
    for (const [router, { record, slot }] of this.#live) {
      area.stamps[live.size] = stamps[slot] ?? this.#sent.get(router) ?? record.lastAdvertAt;
      live.set(router, { record, slot: live.size });
    }
    for (const entry of entries) assert(area.append(entry), "a ledger too small for its records");
    renameSync(path, join(this.#directory, "ledger"));
    this.#live = live;
    this.#nextSlot = live.size;
    return area;
  }
}

function entryOf(router: string, slot: number, { lastAdvertAt: _, ...record }: LedgerRecord): Entry {
  return { router, slot, record: { ...record, router } };
}
