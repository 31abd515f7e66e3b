/** Structures laid out in memory that the kernel reads: pointers as numbers, fields by offset. */
import type { Pointer } from "bun:ffi";
import { ptr } from "bun:ffi";
import { assert } from "../src/base/assert.ts";

/** True on the only byte order that is built for; netlink and BPF are in host order. */
export const LITTLE = true;
assert(new Uint16Array(Uint8Array.of(1, 0).buffer)[0] === 1, "a big-endian machine");

/** A view of the whole of some bytes. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The address of some bytes, good for as long as the caller keeps them alive. Small arrays live in the engine's heap and move out of
 * it when somebody asks for their buffer; asking first makes the address final.
 */
export function addressOf(bytes: Uint8Array): Pointer {
  assert(bytes.buffer.byteLength > 0, "no bytes");
  return ptr(bytes);
}

/** Writes the address of `target` into a structure; see {@link addressOf}. */
export function setPointer(view: DataView, offset: number, target: Uint8Array): void {
  setLong(view, offset, addressOf(target));
}

/** Writes a 64-bit unsigned value that a number holds exactly. */
export function setLong(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % 2 ** 32, LITTLE);
  view.setUint32(offset + 4, Math.floor(value / 2 ** 32), LITTLE);
}
