/** What an earlier agent left behind: carried on where that is proven safe, taken away where it is not. */
import type { Instant } from "../base/units.ts";
import { elapsed } from "../base/units.ts";
import type { RouterConfig } from "../config/model.ts";
import type { AddressChange, KernelAddress } from "./boundary.ts";
import type { Forwarding, ForwardingChange } from "../wire/forwarding.ts";
import { keyText } from "./kernel.ts";
import type { LedgerRecord } from "./ledger.ts";
import { forwardingKey, inOrderOfRemoval } from "./routing.ts";

/** A process that dies again and again is no master: so many resumes within {@link RESUME_WINDOW} and it starts as backup. */
const RESUMES_MAX = 3;
const RESUME_WINDOW = 60_000;

/** What must be as the record says it was. */
interface Present {
  readonly bootId: string;
  readonly configHash: string;
  readonly index: number;
  readonly mac: string;
}

/** The resumes that still count. */
export const recentResumes = (resumes: readonly Instant[], now: Instant): Instant[] =>
  resumes.filter((at) => elapsed(at, now) < RESUME_WINDOW).slice(-RESUMES_MAX);

/**
 * Whether mastership simply goes on: the same boot, configuration and interface, and less than two intervals since the last
 * advert that the kernel took, so that nobody can have taken over. Null when it does, else why not.
 */
export function refusal(
  record: LedgerRecord,
  present: Present,
  config: RouterConfig,
  now: Instant,
): string | null {
  if (record.state !== "master") return "was not master";
  if (record.bootId !== present.bootId) return "another boot";
  if (record.configHash !== present.configHash) return "another configuration";
  if (record.index !== present.index || record.mac !== present.mac) return "another interface";
  const silent = elapsed(record.lastAdvertAt, now);
  if (silent < 0 || silent >= 2 * config.advertInterval) {
    return `last advert ${Math.round(silent)} ms ago`;
  }
  const resumes = recentResumes(record.resumes, now).length;
  return resumes >= RESUMES_MAX ? `${resumes} resumes within a minute` : null;
}

/** An address in the kernel that an agent which is no more added for `router`. */
interface LeftBehind {
  readonly router: string;
  readonly address: KernelAddress;
}

/**
 * The addresses that these records vouch for, as far as the kernel still has them. An unconfirmed one (it has a lifetime, or the
 * process died before it heard the kernel's answer) counts only with a finite lifetime.
 */
export function leftBehind(
  records: readonly LedgerRecord[],
  addresses: readonly KernelAddress[],
  bootId: string,
): LeftBehind[] {
  const present = new Map(addresses.map((address) => [keyText(address), address]));
  const left = new Map<string, LeftBehind>();
  for (const { router, bootId: of, added } of records) {
    // Interface numbers and addresses of another boot mean nothing in this one.
    if (of !== bootId) continue;
    for (const { confirmed, ...key } of added) {
      const address = present.get(keyText(key));
      if (address === undefined || (!confirmed && address.validLifetime === null)) continue;
      left.set(keyText(key), { router, address });
    }
  }
  return [...left.values()];
}

/** The same as removals, for when no agent is there to take anything over. */
export function staleAddresses(
  records: readonly LedgerRecord[],
  addresses: readonly KernelAddress[],
  bootId: string,
): AddressChange[] {
  return leftBehind(records, addresses, bootId).map(({ address: { index, address, prefix } }) => ({
    op: "delete",
    key: { index, address, prefix },
  }));
}

/** What these records vouch for, as far as the kernel still has it with our protocol number, by router. */
export function leftForwarding(
  records: readonly LedgerRecord[],
  told: readonly Forwarding[],
  bootId: string,
): { readonly router: string; readonly entry: Forwarding }[] {
  const present = new Map(told.map((entry) => [forwardingKey(entry), entry]));
  const left = new Map<string, { router: string; entry: Forwarding }>();
  for (const { router, bootId: of, forwarding } of records) {
    // Another boot has none of it.
    if (of !== bootId) continue;
    for (const entry of forwarding) {
      const known = present.get(forwardingKey(entry));
      if (known !== undefined) left.set(forwardingKey(known), { router, entry: known });
    }
  }
  return [...left.values()];
}

/** The same as removals, for when no agent is there to take anything over. */
const staleForwarding = (
  records: readonly LedgerRecord[],
  told: readonly Forwarding[],
  bootId: string,
): ForwardingChange[] => inOrderOfRemoval(leftForwarding(records, told, bootId).map(({ entry }) => entry));

/** All of this for an edge that has no agent. */
export const STALE = { addresses: staleAddresses, forwarding: staleForwarding };

/** FNV-1a over two halves with different starts: tells one configuration from another; no protection against intent. */
export function configHash(config: RouterConfig): string {
  const text = JSON.stringify(config);
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + at), 0x01000193);
  }
  return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0");
}
