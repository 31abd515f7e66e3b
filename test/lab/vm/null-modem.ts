/**
 * A null modem cable between the serial ports of two guests. An emulated port sends as fast as the host can; this cable carries no more
 * than a real one at its rate, can be cut, one way too, and can have noise on it.
 */
import type { Socket, UnixSocketListener } from "bun";

/** A start bit, eight of data, a stop bit. */
const BITS_PER_BYTE = 10;
const TICK_MS = 4;
/** What a port has in its buffer at the most: a sender feels the rate beyond that. */
const BUFFER_MAX = 64;
/** A timer that comes late may catch up this much. */
const CATCH_UP_MS = 20;

/** Which port: of the first guest, of the second. */
export type End = 0 | 1;
const across = (end: End): End => (end === 0 ? 1 : 0);

interface Port {
  readonly path: string;
  readonly listener: UnixSocketListener<undefined>;
  socket: Socket<undefined> | null;
  /** What it sent and the cable has not carried yet. */
  waiting: Uint8Array;
  /** Until when the line is taken by what it sent, as of performance.now(). */
  freeAt: number;
  /** What it sends is lost. */
  cut: boolean;
  /** Bytes it sent that the cable took, lost ones too. */
  sent: number;
}

export class NullModem {
  /** Bits a second. */
  rate: number;
  /** The share of bytes that arrive as others, 0 to 1. */
  noise = 0;
  readonly #ports: readonly [Port, Port];
  readonly #timer: ReturnType<typeof setInterval>;

  /** Its sockets are in `directory`. */
  constructor(directory: string, rate = 19_200) {
    this.rate = rate;
    this.#ports = [this.#listen(`${directory}/serial-a`), this.#listen(`${directory}/serial-b`)];
    this.#timer = setInterval(() => this.#carry(), TICK_MS);
  }

  /** The socket that a guest's port calls. */
  path(end: End): string {
    return this.#ports[end].path;
  }

  /** How many bytes of this end have gone over the line, into nothing where it is cut. */
  sent(end: End): number {
    return this.#ports[end].sent;
  }

  /** Cuts the line, or only the wire by which `from` sends. */
  cut(from?: End): void {
    for (const end of from === undefined ? ([0, 1] as const) : [from]) this.#ports[end].cut = true;
  }

  join(): void {
    for (const port of this.#ports) port.cut = false;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { listener } of this.#ports) listener.stop(true);
  }

  #listen(path: string): Port {
    const listener = Bun.listen<undefined>({
      unix: path,
      socket: {
        open: (socket) => {
          port.socket = socket;
        },
        data: (socket, bytes) => {
          port.waiting = Buffer.concat([port.waiting, bytes]);
          if (port.waiting.length > BUFFER_MAX) socket.pause();
        },
        close: () => {
          port.socket = null;
        },
        error: () => {
          port.socket = null;
        },
      },
    });
    const port: Port = {
      path,
      listener,
      socket: null,
      waiting: new Uint8Array(),
      freeAt: 0,
      cut: false,
      sent: 0,
    };
    return port;
  }

  #carry(): void {
    const now = performance.now();
    const byteMs = (BITS_PER_BYTE * 1000) / this.rate;
    for (const end of [0, 1] as const) {
      const port = this.#ports[end];
      port.freeAt = Math.max(port.freeAt, now - CATCH_UP_MS);
      const count = Math.min(port.waiting.length, Math.floor((now - port.freeAt) / byteMs));
      if (count <= 0) continue;
      const bytes = port.waiting.slice(0, count);
      port.waiting = port.waiting.subarray(count);
      port.freeAt += count * byteMs;
      if (port.waiting.length <= BUFFER_MAX) port.socket?.resume();
      port.sent += count;
      if (port.cut) continue;
      for (const index of bytes.keys()) {
        if (Math.random() < this.noise) bytes[index] = Math.floor(Math.random() * 256);
      }
      this.#ports[across(end)].socket?.write(bytes);
    }
  }
}
