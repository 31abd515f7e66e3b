/** An address from text, for tables; text that is none throws. */
import type { Ip, Mac } from "../../src/base/address.ts";
import { macBytes, macFromBytes, parseIp } from "../../src/base/address.ts";

export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

export const mac = (text: string): Mac => macFromBytes(macBytes(text as Mac));
