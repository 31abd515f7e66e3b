/** ppoll(2) over a set of descriptors that changes seldom. */
import { ptr } from "bun:ffi";
import { LITTLE, viewOf } from "./memory.ts";
import { checked, descriptor, libc } from "./libc.ts";
import { POLLIN } from "./layout.ts";

/** Descriptors watched for input together. The memory for the kernel is kept between calls. */
export class PollSet {
  #fds: readonly number[] = [];
  #entries = new Uint8Array(0);
  readonly #timeout = new Uint32Array(4);

  /** Replaces the set. */
  watch(fds: readonly number[]): void {
    this.#fds = [...fds];
    this.#entries = new Uint8Array(fds.length * 8);
    const view = viewOf(this.#entries);
    for (const [index, fd] of fds.entries()) {
      view.setInt32(index * 8, descriptor(fd), LITTLE);
      view.setInt16(index * 8 + 4, POLLIN, LITTLE);
    }
  }

  /**
   * Waits until a descriptor has input or an error, at most `milliseconds` (0: only looks), to the kernel's full precision.
   * Returns those that have; none on timeout or a signal.
   */
  wait(milliseconds: number): readonly number[] {
    const nanoseconds = Math.max(0, Math.ceil(milliseconds * 1e6));
    this.#timeout[0] = Math.floor(nanoseconds / 1e9);
    this.#timeout[2] = nanoseconds % 1e9;
    const entries = this.#fds.length === 0 ? null : ptr(this.#entries);
    const count = checked(libc.ppoll(entries, this.#fds.length, ptr(this.#timeout), null));
    if (count <= 0) return [];
    const view = viewOf(this.#entries);
    return this.#fds.filter((_, index) => view.getInt16(index * 8 + 6, LITTLE) !== 0);
  }
}
