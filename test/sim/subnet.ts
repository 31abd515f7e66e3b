/** Which addresses the kernel takes for primary and secondary. */
import type { AddressKey } from "../../src/agent/boundary.ts";
import { familyOf, ipBytes } from "../../src/base/address.ts";

/** Whether two addresses are of one subnet: then the later one is a secondary (IPv4). */
export function sameSubnet(a: AddressKey, b: AddressKey): boolean {
  if (a.index !== b.index || a.prefix !== b.prefix) return false;
  if (familyOf(a.address) !== 4 || familyOf(b.address) !== 4) return false;
  const left = ipBytes(a.address);
  const right = ipBytes(b.address);
  for (let bit = 0; bit < a.prefix; bit++) {
    const mask = 0x80 >> (bit & 7);
    if (((left[bit >> 3] ?? 0) & mask) !== ((right[bit >> 3] ?? 0) & mask)) return false;
  }
  return true;
}
