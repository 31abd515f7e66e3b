/** Sockets that native/ opened, woken by Bun's own event loop: one call a datagram, no thread, no polling. */
import type { Socket, SocketHandler } from "bun";
import { codeOf } from "./reason.ts";

/** A socket in the event loop, which owns its descriptor from now on. */
export interface Adopted {
  /** Closes the descriptor; nothing is called any more. */
  close(): void;
}

/** What {@link adopt} calls. */
interface Receiver {
  /** One datagram, whole. The bytes are the callee's. Reading can be held up by `socket`. */
  data(bytes: Uint8Array, socket: Pausable): void;
  /** The kernel reported an error while receiving, and the descriptor is closed: `ENETDOWN`, `ENOBUFS`. */
  failed(errno: string): void;
}

/** While it is paused, what comes waits in the kernel, which throws away what is too much. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Hands a non-blocking datagram socket to the event loop. What waited on it before is delivered too. */
export function adopt(fd: number, receiver: Receiver): Adopted {
  let closed = false;
  let socket: Socket | null = null;
  const end = (error: unknown): void => {
    if (closed) return;
    closed = true;
    receiver.failed(codeOf(error));
  };
  const handler: SocketHandler<undefined, "uint8array"> = {
    binaryType: "uint8array",
    open(opened) {
      socket = opened;
      if (closed) opened.terminate();
    },
    data(opened, bytes) {
      if (!closed) receiver.data(bytes, opened);
    },
    close(_, error) {
      end(error);
    },
    error(_, error) {
      // A handler threw: a bug of ours, which must not be taken for an error of the socket.
      throw error;
    },
  };
  // `fd` is documented (FdSocketOptions) but in no overload of the types; the cast names the one that differs in it alone.
  const options = { fd, socket: handler } as unknown as Parameters<typeof Bun.connect>[0];
  Bun.connect(options).catch(end);
  return {
    close() {
      if (closed) return;
      closed = true;
      socket?.terminate();
    },
  };
}
