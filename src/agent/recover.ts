/**
 * What a dead agent left behind, told from its ledger: the addresses that it added and the kernel still has.
 * Both `haagent release` and an agent that starts without resuming mastership remove them.
 */
import type { AddressChange, AddressKey, KernelAddress } from "./boundary.ts";
import type { LedgerAddress, LedgerRecord } from "./ledger.ts";

const sameAddress = (a: AddressKey, b: AddressKey): boolean =>
  a.index === b.index && a.address === b.address && a.prefix === b.prefix;

/**
 * Ours for certain: the kernel had said yes, or it carries the finite lifetime that only we give. An unconfirmed address
 * without one may be what stood there before us and made our own attempt fail: it is left alone.
 */
function isOurs(added: LedgerAddress, present: KernelAddress): boolean {
  return sameAddress(added, present) && (added.confirmed || present.validLifetime !== null);
}

/**
 * Deletions, each address once, of what `records` say an agent of this boot added and `addresses` still shows. A record of
 * another boot speaks of interface indexes that mean nothing any more; its addresses died with that boot.
 */
export function staleAddresses(
  records: readonly LedgerRecord[],
  addresses: readonly KernelAddress[],
  bootId: string,
): AddressChange[] {
  const added = records.filter((record) => record.bootId === bootId).flatMap((record) => record.added);
  return addresses
    .filter((present) => added.some((each) => isOurs(each, present)))
    .map(({ index, address, prefix }) => ({ op: "delete", key: { index, address, prefix } }));
}
