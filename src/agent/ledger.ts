/**
 * The ledger: what must survive the death of the process, one record a virtual router. The edge keeps it in a memory-mapped
 * file of runtime_dir; this file says what is in a record.
 */
import type { Instant } from "../base/units.ts";
import type { AddressKey } from "./boundary.ts";
import type { Forwarding } from "../wire/forwarding.ts";

/** An address that we added, or are about to: written before the system call that adds it. */
export interface LedgerAddress extends AddressKey {
  /**
   * The kernel took it, for ever. Any other found after a crash is ours only if its lifetime is finite: what stands there for ever
   * in the place of one that had a lifetime was put there by somebody else, after ours was gone.
   */
  readonly confirmed: boolean;
}

/** The record of one router. */
export interface LedgerRecord {
  readonly router: string;
  /** Names the boot and the network namespace that wrote it: interface indexes and clocks mean nothing in others. */
  readonly bootId: string;
  /** Of the router's configuration: another one means another router. */
  readonly configHash: string;
  readonly index: number;
  readonly mac: string;
  readonly state: "init" | "backup" | "master" | "fault" | "standby";
  readonly added: readonly LedgerAddress[];
  /** Routes and rules that we added, or are about to: written before the system call that adds them. */
  readonly forwarding: readonly Forwarding[];
  /** When earlier agents resumed mastership from this record, newest last. */
  readonly resumes: readonly Instant[];
  /** CLOCK_BOOTTIME of the last advert that the kernel took; the edge stores it with each one. */
  readonly lastAdvertAt: Instant;
  /** Where its adverts have an authentication header: what bounds their sequence numbers; see seal.ts. */
  readonly sequenceBase?: number;
}
