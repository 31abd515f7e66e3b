/** `haagent release`: no agent runs, and what the last one left goes, by its ledger. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { missingCapabilities } from "../../native/process.ts";
import type { AddressResult, Link } from "../agent/boundary.ts";
import type { ForwardingResult } from "../wire/forwarding.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import { bootId, isElsewhere } from "./boot.ts";
import { Kernel } from "./kernel.ts";
import { Ledger, readLedger } from "./ledger.ts";
import { takeLock } from "./lock.ts";
import { killOrphans } from "./orphans.ts";
import { PacketFilters } from "./packet-filters.ts";
import { BY_AGENT, RealServer } from "./realserver.ts";
import { Promotion } from "./promotion.ts";
import type { Stale } from "./run.ts";
import { VirtualMacs } from "./virtual-macs.ts";
import { forwardingOf } from "./run.ts";
import { restoreTimeouts } from "./ipvs-timeouts.ts";
import { releaseOwned } from "./owned-services.ts";

/** Answers to a removal which say that there is nothing to remove any more. */
export const GONE: readonly string[] = ["EADDRNOTAVAIL", "ENODEV", "ESRCH", "ENOENT"];

/** What was done: each address, route and rule with the kernel's answer, and what is worth a word to the operator. */
interface Released {
  readonly results: readonly AddressResult[];
  readonly forwarding: readonly ForwardingResult[];
  readonly links: readonly Link[];
  /** Devices of virtual MAC addresses that were removed, the packet filter's table, addresses of a real server. */
  readonly others: readonly string[];
  /** Process groups of commands that were killed. */
  readonly killed: readonly number[];
  readonly warnings: readonly string[];
}

/**
 * Removes the addresses, routes and rules that `stale` finds in the ledger of `directory`, puts back what sysctls were borrowed and
 * empties the ledger, but for what belongs to another network namespace. The error is a sentence: another agent runs, or the system
 * refuses. Before all of that the commands end that were left running.
 */
export function release(directory: string, stale: Stale): Result<Released, string> {
  if (!existsSync(directory))
    return ok({ results: [], forwarding: [], links: [], others: [], killed: [], warnings: [] });
  const lock = takeLock(directory);
  if (!lock.ok) return lock;
  try {
    return releaseLocked(directory, stale);
  } catch (error) {
    return fail(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    lock.value.release();
  }
}

function releaseLocked(directory: string, stale: Stale): Result<Released, string> {
  const warnings: string[] = [];
  const warn = (detail: string): void => void warnings.push(detail);
  const here = bootId();
  const killed = killOrphans(directory, here);
  const records = readLedger(directory);
  // Nothing can be told from it; a lifetime that we gave still ends by itself.
  if (!records.ok) warn(`ledger: ${records.error}; treated as empty`);
  const promotion = new Promotion(directory, warn);
  const known = records.ok ? records.value : [];
  if (known.length > 0 && missingCapabilities().includes("CAP_NET_ADMIN")) {
    return fail("no CAP_NET_ADMIN: run as root");
  }
  const opened = Kernel.open(() => undefined, warn);
  if (!opened.ok) return fail(`rtnetlink: ${opened.error}`);
  const { kernel, tables } = opened.value;
  const told = forwardingOf(kernel, known);
  const forwarding = kernel.forward(stale.forwarding(known, told, here)).results;
  const { results } = kernel.change(stale.addresses(known, tables.addresses, here));
  kernel.close();
  promotion.restoreAll();
  const virtualMacs = new VirtualMacs(directory, warn);
  const others = virtualMacs.removeAll();
  virtualMacs.close();
  const packetFilters = new PacketFilters(directory);
  others.push(...packetFilters.sweep().map((table) => `table inet ${table}`));
  packetFilters.close();
  others.push(...realServerLeft(join(directory, BY_AGENT), warn));
  const services = releaseOwned(directory, here, () => false);
  others.push(...services.removed);
  const timeouts = restoreTimeouts(directory, here);
  for (const failure of [...services.failures, ...(timeouts === null ? [] : [timeouts])]) warn(failure);
  const elsewhere = known.filter((record) => isElsewhere(record.bootId, here));
  if (elsewhere.length > 0) {
    const names = elsewhere.map(({ router }) => router).join(", ");
    warn(`${names}: added in another network namespace; to be released there, so the ledger keeps it`);
  }
  // What could not be removed stays in the ledger, for another try.
  if ([...forwarding, ...results].every(({ errno }) => errno === null || GONE.includes(errno)))
    Ledger.create(directory, elsewhere, warn);
  return ok({ results, forwarding, links: tables.links, others, killed, warnings });
}

/** Takes away what an agent carried as a real server; the addresses. */
function realServerLeft(directory: string, warn: (detail: string) => void): string[] {
  if (!RealServer.hasLeft(directory)) return [];
  const opened = RealServer.open(directory, warn);
  if (!opened.ok) {
    warn(opened.error);
    return [];
  }
  const addresses = opened.value.ours();
  const done = opened.value.set([]);
  opened.value.close();
  if (!done.ok) warn(`rtnetlink: ${done.error}`);
  return done.ok ? addresses.map((address) => `${address} on lo`) : [];
}
