/**
 * A message that the daemon compressed whole (`traditional_compression on`, or one above 256 KiB): two fields, of which one holds the
 * message, as lines with `msgfmt classic`, and with `msgfmt netstring` as netstrings without their signature. What is around it is signed.
 */
import { inflateSync } from "node:zlib";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import type { Message, MessageError, Octets } from "./heartbeat-message.ts";
import { BYTES, MESSAGE_BYTES_MAX, octetBytes, valueOf } from "./heartbeat-message.ts";
import { CLASSIC_FIRST, decodeClassic } from "./heartbeat-classic.ts";
import { decodeNetstrings } from "./heartbeat-netstring.ts";
import { bunzip2 } from "./bzip2.ts";

const PAYLOAD = "_compressed_payload";
const ALGORITHM = "_compression_algorithm";

/** Why what a message is compressed to is no message. */
export type CompressedError =
  | MessageError
  /** Neither zlib nor bz2. */
  | { readonly kind: "algorithm" }
  /** No such stream, or one that gives more than {@link MESSAGE_BYTES_MAX} bytes. */
  | { readonly kind: "stream" };

/** The stream's content; null when it is none, or longer than a message may be. */
function inflated(algorithm: string, bytes: Uint8Array): Uint8Array | null {
  if (algorithm === "bz2") return bunzip2(bytes, MESSAGE_BYTES_MAX);
  try {
    return inflateSync(bytes, { maxOutputLength: MESSAGE_BYTES_MAX });
  } catch {
    return null;
  }
}

/** Null: it is not compressed. */
function payloadOf(message: Message): Octets | null {
  for (const field of message) if (field.type === BYTES && field.name === PAYLOAD) return field.value;
  return null;
}

/** The message within, or the same one when it is not compressed. One that is compressed twice is refused. */
export function decompressed(message: Message): Result<Message, CompressedError> {
  const payload = payloadOf(message);
  if (payload === null) return ok(message);
  const algorithm = valueOf(message, ALGORITHM);
  if (algorithm !== "zlib" && algorithm !== "bz2") return fail({ kind: "algorithm" });
  const bytes = inflated(algorithm, octetBytes(payload));
  if (bytes === null) return fail({ kind: "stream" });
  const within = bytes[0] === CLASSIC_FIRST ? decodeClassic(bytes) : unsigned(bytes);
  const twice = within.ok && payloadOf(within.value) !== null;
  return twice ? fail({ kind: "stream" }) : within;
}

function unsigned(bytes: Uint8Array): Result<Message, MessageError> {
  const within = decodeNetstrings(bytes);
  if (!within.ok) return within;
  return within.value.signature === null ? ok(within.value.message) : fail({ kind: "trailer" });
}
