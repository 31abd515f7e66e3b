/** Bytes that come in pieces, as one piece, up to a limit: most answers are short, and no room is kept for more than there is. */

/** Room to begin with. */
const FIRST = 2048;

export class Gathered {
  readonly #most: number;
  #room = new Uint8Array(FIRST);
  #length = 0;

  /** What comes after `most` bytes is dropped. */
  constructor(most: number) {
    this.#most = most;
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  get full(): boolean {
    return this.#length >= this.#most;
  }

  add(piece: Uint8Array): void {
    const taken = piece.subarray(0, this.#most - this.#length);
    const length = this.#length + taken.length;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(length, 2 * this.#room.length));
      room.set(this.bytes);
      this.#room = room;
    }
    this.#room.set(taken, this.#length);
    this.#length = length;
  }
}
