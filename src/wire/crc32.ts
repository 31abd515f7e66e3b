/** The 32-bit cyclic redundancy check of cksum(1) and bzip2: polynomial 0x04C11DB7, highest bit first. */

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

/** Complemented at the end; `start` is 0 in cksum(1) and heartbeat, all ones in bzip2. 0 to 2^32 - 1. */
export function crc32(bytes: Uint8Array, start: 0 | 0xffff_ffff): number {
  let crc = start | 0;
  for (let at = 0; at < bytes.length; at++) {
    crc = (crc << 8) ^ (TABLE[((crc >>> 24) ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}
