/** Files of /proc as lines, and the addresses in them. */
import { readFileSync } from "node:fs";
import type { Ip } from "../base/address.ts";
import { ipFromBytes } from "../base/address.ts";

/** Lines that are looked at of a file. */
const LINES_MAX = 100_000;
/** ::ffff:0.0.0.0/96 */
const MAPPED = "00000000000000000000ffff";

/** The lines of a file; none where there is none. */
export function procLines(path: string): string[] {
  try {
    return readFileSync(path, "latin1").split("\n", LINES_MAX);
  } catch {
    return [];
  }
}

/** An address as the kernel prints it for a socket, and for a route of IPv4: words of 32 bits, each as a number of this processor, which is little endian. */
export function addressOf(words: string): Ip {
  const hex = (words.match(/.{8}/g) ?? []).map((word) => Uint8Array.fromHex(word).toReversed().toHex());
  const whole = hex.join("");
  return ipFromBytes(Uint8Array.fromHex(whole.startsWith(MAPPED) ? whole.slice(MAPPED.length) : whole));
}
