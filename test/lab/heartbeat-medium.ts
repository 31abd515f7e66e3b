/** What a lab's heartbeat node hears and is heard by: datagrams of UDP, or a pseudo-terminal whose other end is a peer's serial line. */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { constants, openSync, readSync, writeSync } from "node:fs";
import { SerialFramer } from "../../src/heartbeat/serial.ts";

const PORT = 694;
/** ioctl_tty(2). */
const TIOCSPTLCK = 0x4004_5431;
const TIOCGPTN = 0x8004_5430;
/** Between two looks at a line; at 19,200 baud that is 20 bytes. */
const LOOK_EVERY_MS = 10;

export interface Medium {
  /** On a line: where the peer finds its end. */
  readonly path: string | null;
  /** Messages are lines of text here. */
  readonly serial: boolean;
  send(bytes: Uint8Array): void;
}

/** UDP to an address, a broadcast address, or a group, which the interface with the address `join` joins. */
export async function openUdp(
  to: string,
  join: string | undefined,
  take: (bytes: Uint8Array) => void,
): Promise<Medium> {
  const socket = await Bun.udpSocket({
    hostname: "0.0.0.0",
    port: PORT,
    socket: { data: (_, data) => take(data) },
  });
  socket.setBroadcast(true);
  if (join !== undefined) {
    socket.addMembership(to, join);
    socket.setMulticastInterface(join);
  }
  return { path: null, serial: false, send: (bytes) => void socket.send(bytes, PORT, to) };
}

/** A new pseudo-terminal. */
export function openLine(take: (bytes: Uint8Array) => void): Medium {
  const { ioctl } = dlopen("libc.so.6", {
    ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  }).symbols;
  const line = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const value = new Int32Array(1);
  if (ioctl(line, TIOCSPTLCK, ptr(value)) < 0 || ioctl(line, TIOCGPTN, ptr(value)) < 0) {
    throw new Error("no pseudo-terminal here");
  }
  const framer = new SerialFramer();
  const buffer = new Uint8Array(4096);
  const look = (): void => {
    try {
      for (;;)
        for (const frame of framer.take(buffer.subarray(0, readSync(line, buffer))).frames) take(frame);
    } catch {
      // EAGAIN: nothing more; EIO: the other end is not open, now or yet.
    }
  };
  setInterval(look, LOOK_EVERY_MS);
  return {
    path: `/dev/pts/${value[0]}`,
    serial: true,
    send: (bytes) => {
      try {
        writeSync(line, bytes);
      } catch {
        // Nobody reads: a line keeps nothing for later.
      }
    },
  };
}
