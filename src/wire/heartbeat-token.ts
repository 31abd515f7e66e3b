/** What signs a heartbeat message: a checksum, or HMAC (RFC 2104) with a key of the cluster, in lower-case hexadecimal. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { unreachable } from "../base/assert.ts";
import { crc32 } from "./crc32.ts";
import type { Octets } from "./heartbeat-message.ts";

/** `crc` keeps damaged messages out and nobody else; `sha256` is known to haagent only. */
export const METHODS = ["crc", "md5", "sha1", "sha256"] as const;
export type Method = (typeof METHODS)[number];

/** The token over `data`: 1 to 8 digits of crc, which has no leading zeros, 32 of md5, 40 of sha1, 64 of sha256. crc takes no key. */
export function token(method: Method, key: Uint8Array, data: Uint8Array): Octets {
  switch (method) {
    case "crc":
      return crc32(data, 0).toString(16);
    case "md5":
    case "sha1":
    case "sha256":
      return createHmac(method, key).update(data).digest("hex");
    default:
      return unreachable(method);
  }
}

/** Whether two texts are the same; how long it takes says nothing of where they differ. */
export const isSame = (one: Octets, other: Octets): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"));
