/** Whether an address is in a network. */
import type { Ip } from "../base/address.ts";
import { ipBytes } from "../base/address.ts";

/** Whether the first `length` bits of two addresses of one family are the same; false for two families. */
export function within(ip: Ip, network: Ip, length: number): boolean {
  const [a, b] = [ipBytes(ip), ipBytes(network)];
  if (a.length !== b.length) return false;
  return a.every((byte, at) => {
    const bits = Math.min(8, Math.max(0, length - at * 8));
    const mask = (0xff00 >> bits) & 0xff;
    return (byte & mask) === ((b[at] ?? 0) & mask);
  });
}
