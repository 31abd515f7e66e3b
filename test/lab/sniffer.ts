/**
 * A process of its own that writes every frame of INTERFACE, both ways, to standard output as a pcap file with the kernel's
 * nanosecond time stamps, until it is killed: `bun sniffer.ts INTERFACE`. It says "listening" once nothing is missed any more.
 * `bun sniffer.ts --ports BRIDGE` writes what enters the ports of a bridge instead: each frame of each station once.
 */
import { ptr } from "bun:ffi";
import { AF_PACKET, SO_RCVBUF, SO_RCVBUFFORCE, SO_TIMESTAMPNS, SOL_SOCKET } from "./raw.ts";
import { cString, libc, openSocket, setOption } from "./raw.ts";

const ETH_P_ALL = 0x0003;
const PCAP_NANOSECONDS = 0xa1b23c4d;
const LINKTYPE_ETHERNET = 1;
const SNAPLEN = 65535;
const BUFFER = 8 * 1024 * 1024;
const RECORD_HEADER = 16;
/** Offset of the time in the control message: struct cmsghdr is 16 bytes on 64-bit machines. */
const CMSG_DATA = 16;
/** packet(7): sll_pkttype of a frame that this machine sends; it is byte 10 of struct sockaddr_ll. */
const PACKET_OUTGOING = 4;
const SLL_PKTTYPE = 10;

const ports = process.argv[2] === "--ports";
const device = process.argv[ports ? 3 : 2] ?? "";
const index = libc.if_nametoindex(ptr(cString(device)));
if (index === 0) throw new Error(`no interface ${device} here`);
// Protocol 0: it receives nothing before it is bound to the one interface.
const socket = openSocket(AF_PACKET, 0);
try {
  setOption(socket, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER);
} catch {
  // Not in a user namespace: as much as net.core.rmem_max gives.
  setOption(socket, SOL_SOCKET, SO_RCVBUF, BUFFER);
}
setOption(socket, SOL_SOCKET, SO_TIMESTAMPNS, 1);
const link = new DataView(new ArrayBuffer(20));
link.setUint16(0, AF_PACKET, true);
link.setUint16(2, ETH_P_ALL);
// 0: every interface.
link.setInt32(4, ports ? 0 : index, true);
if (libc.bind(socket, ptr(link), link.byteLength) < 0) throw new Error(`cannot listen on ${device}`);

const header = new DataView(new ArrayBuffer(24));
header.setUint32(0, PCAP_NANOSECONDS, true);
header.setUint16(4, 2, true);
header.setUint16(6, 4, true);
header.setUint32(16, SNAPLEN, true);
header.setUint32(20, LINKTYPE_ETHERNET, true);
put(new Uint8Array(header.buffer), 24);
console.error("listening");

const record = new Uint8Array(RECORD_HEADER + SNAPLEN);
const recordView = new DataView(record.buffer);
const from = new DataView(new ArrayBuffer(20));
const control = new DataView(new ArrayBuffer(64));
// struct iovec and struct msghdr of recvmsg(2), 64-bit.
const vector = BigUint64Array.of(BigInt(ptr(record)) + BigInt(RECORD_HEADER), BigInt(SNAPLEN));
const message = new BigUint64Array(7);
for (;;) {
  message.set([
    BigInt(ptr(from)),
    BigInt(from.byteLength),
    BigInt(ptr(vector)),
    1n,
    BigInt(ptr(control)),
    BigInt(control.byteLength),
    0n,
  ]);
  const length = libc.recvmsg(socket, ptr(message), 0);
  // ENETDOWN when the interface goes down: it comes back by itself.
  if (length < 0) continue;
  if (ports && (from.getUint8(SLL_PKTTYPE) === PACKET_OUTGOING || from.getInt32(4, true) === index)) continue;
  recordView.setUint32(0, Number(control.getBigInt64(CMSG_DATA, true)), true);
  recordView.setUint32(4, Number(control.getBigInt64(CMSG_DATA + 8, true)), true);
  recordView.setUint32(8, Number(length), true);
  recordView.setUint32(12, Number(length), true);
  put(record, RECORD_HEADER + Number(length));
}

/** write(2) all of it; the reader gone means that nobody wants more. */
function put(bytes: Uint8Array, length: number): void {
  for (let at = 0; at < length;) {
    const written = Number(libc.write(1, ptr(bytes, at), length - at));
    if (written < 0) process.exit(0);
    at += written;
  }
}
