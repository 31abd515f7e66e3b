/** Faults of what is written and read on the wire, and of the damping of checks. */
import type { Mutant } from "./mutants.ts";

export const CODECS: readonly Mutant[] = [
  {
    file: "src/wire/vrrp.ts",
    find: 'if (fold(sum + pseudo) !== 0xffff) return fail({ kind: "checksum" });',
    replace: "",
    breaks: "believes damaged adverts of version 3",
    caughtBy: "wire",
  },
  {
    file: "src/wire/vrrp.ts",
    find: "bytes[AT.interval3] = advertisement.interval >> 8;",
    replace: "bytes[AT.interval3] = advertisement.interval & 0xff;",
    breaks: "swaps the halves of its interval",
    caughtBy: "wire",
  },
  {
    file: "src/wire/vrrp.ts",
    find: "const usesPseudo = envelope.family === 6 || !plain;",
    replace: "const usesPseudo = true;",
    breaks: "does not take the checksum of RFC 9568",
    caughtBy: "wire",
  },
  {
    file: "src/wire/arp.ts",
    find: 'bytes[AT.operation + 1] = arp.operation === "request" ? REQUEST : REPLY;',
    replace: "bytes[AT.operation + 1] = REPLY;",
    breaks: "announces by replies that nobody asked for",
    caughtBy: "wire",
  },
  {
    file: "src/wire/ip.ts",
    find: "payload: bytes.subarray(header, total),",
    replace: "payload: bytes.subarray(V4_HEADER, total),",
    breaks: "reads IP options as an advert",
    caughtBy: "wire",
  },
  {
    file: "src/check/damping.ts",
    find: "healthy ? thresholds.rise : thresholds.fall",
    replace: "healthy ? thresholds.fall : thresholds.rise",
    breaks: "mistakes rise for fall",
    caughtBy: "check",
  },
];
