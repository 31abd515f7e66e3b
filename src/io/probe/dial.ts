/** A TCP connection for a probe, through the event loop from its first packet on. */
import type { Socket, SocketHandler } from "bun";
import { errnoName } from "../../../native/libc.ts";
import { takeSocketError } from "../../../native/socket.ts";
import type { TcpProbe } from "../../config/probe-model.ts";
import { codeOf } from "../adopt.ts";
import { openConnected, TCP } from "./socket.ts";

/** What {@link dial} calls, always later. */
export interface Caller {
  connected(line: Line): void;
  data(bytes: Uint8Array): void;
  /** The other side has closed; nothing follows. */
  ended(): void;
  /** `ECONNREFUSED`, `ENETUNREACH`, `ENODEV: interface wan0`; nothing follows. */
  failed(why: string): void;
}

/** A connection that stands. */
export interface Line {
  /** False when the kernel would not take all of it at once. */
  write(bytes: Uint8Array): boolean;
}

/** A connection, or one that is to be. */
export interface Dialled {
  /** Closes it, with a FIN if it stands; nothing is called any more. */
  close(): void;
}

/** Connects to where a probe says. */
export function dial(to: Omit<TcpProbe, "type">, caller: Caller): Dialled {
  let over = false;
  let connected = false;
  let socket: Socket | null = null;
  const finish = (tell: () => void): void => {
    if (over) return;
    over = true;
    tell();
  };
  const dialled = {
    close(): void {
      over = true;
      socket?.close();
    },
  };
  const opened = openConnected(TCP, to, to.address, to.port);
  if (!opened.ok) {
    const { error } = opened;
    queueMicrotask(() => finish(() => caller.failed(error)));
    return dialled;
  }
  const fd = opened.value;
  /** Writable means connected, or failed: connect(2). */
  const stands = (made: Socket): void => {
    if (over || connected) return;
    const error = takeSocketError(fd);
    if (error !== 0) {
      finish(() => caller.failed(errnoName(error)));
      made.close();
      return;
    }
    connected = true;
    caller.connected({ write: (bytes) => made.write(bytes) === bytes.length });
  };
  const handler: SocketHandler<undefined, "uint8array"> = {
    binaryType: "uint8array",
    open(made) {
      // At once, long before it is connected.
      socket = made;
      if (over) made.close();
    },
    drain: stands,
    data(made, bytes) {
      stands(made);
      if (!over) caller.data(bytes);
    },
    end(made) {
      finish(() => (connected ? caller.ended() : caller.failed("ECONNRESET")));
      made.close();
    },
    close(_, error) {
      finish(() => (error === undefined ? caller.ended() : caller.failed(codeOf(error))));
    },
    error(_, error) {
      // A handler threw: a bug of ours, which must not be taken for an error of the socket.
      throw error;
    },
  };
  // As in adopt(): `fd` is documented but in no overload of the types.
  const options = { fd, socket: handler } as unknown as Parameters<typeof Bun.connect>[0];
  Bun.connect(options).catch((error: unknown) => finish(() => caller.failed(codeOf(error))));
  return dialled;
}
