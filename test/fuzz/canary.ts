/** Decoders with a planted fault each: fuzz that lets one live proves nothing. */
import type { Result } from "../../src/base/result.ts";
import { checksum, sumWords } from "../../src/wire/checksum.ts";
import type { Decoded, DecodeError } from "../../src/wire/vrrp.ts";
import { V3_IP4 } from "./adverts.ts";
import type { Target } from "./target.ts";
import { codec, putWord } from "./target.ts";

type Decode = (bytes: Uint8Array) => Result<Decoded, DecodeError>;

const right: Decode = V3_IP4.decode;

const faults: Readonly<Record<string, Decode>> = {
  "throws on a version nobody has": (bytes) => {
    if ((bytes[0] ?? 0) >> 4 === 15) throw new RangeError("version");
    return right(bytes);
  },
  "reads as many addresses as are counted": (bytes) => {
    let sum = 0;
    for (let at = 8; at < 8 + (bytes[3] ?? 0) * 4; at++) sum += bytes[at] ?? 0;
    return sum < 0 ? { ok: false, error: { kind: "checksum" } } : right(bytes);
  },
  "looks before its input": (bytes) => {
    const decoded = right(bytes);
    const before = bytes.byteOffset > 0 ? new Uint8Array(bytes.buffer)[bytes.byteOffset - 1] : 0;
    return before === 0 ? decoded : { ok: false, error: { kind: "checksum" } };
  },
  "reads on into what follows the input": (bytes) =>
    bytes.length === 7 ? right(new Uint8Array(bytes.buffer, bytes.byteOffset, 8)) : right(bytes),
  "believes any checksum": (bytes) => {
    const decoded = right(bytes);
    return decoded.ok || decoded.error.kind !== "checksum" ? decoded : right(summed(bytes));
  },
  "lets a trailer pass": (bytes) => {
    const length = 8 + (bytes[3] ?? 0) * 4;
    return right(bytes.length > length ? bytes.subarray(0, length) : bytes);
  },
  "loses the highest bit of the interval": (bytes) => {
    const decoded = right(bytes);
    if (!decoded.ok || ((bytes[4] ?? 0) & 0x08) === 0) return decoded;
    const plain = bytes.slice();
    plain[4] = (plain[4] ?? 0) & 0x07;
    return right(summed(plain));
  },
};

/** A copy with the checksum of RFC 9568 made right. */
function summed(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  putWord(copy, 6, 0);
  putWord(copy, 6, checksum(sumWords(copy, 0, copy.length)));
  return copy;
}

export const CANARIES: readonly Target[] = Object.entries(faults).map(([name, decode]) =>
  codec({ ...V3_IP4, name, decode }),
);
