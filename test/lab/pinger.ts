/**
 * A process of its own that sends an ICMP echo request to ADDRESS every INTERVAL milliseconds until it is killed:
 * `bun pinger.ts INTERFACE ADDRESS INTERVAL`. It reads no answer, the sniffer does. ping(8) spins below 10 ms and would take a
 * whole core from what is measured.
 */
import { ptr } from "bun:ffi";
import { AF_INET, AF_INET6, MSG_DONTWAIT, SO_BINDTODEVICE, SO_RCVBUF, SOL_SOCKET } from "./raw.ts";
import { checksum, cString, every, libc, openSocket, setOption, socketAddress } from "./raw.ts";

const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const PAYLOAD = 56;

const [device = "", target = "", interval = ""] = process.argv.slice(2);
const six = target.includes(":");
const socket = openSocket(six ? AF_INET6 : AF_INET, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
// Answers come in here as well and nobody reads them: as little room for them as there is.
setOption(socket, SOL_SOCKET, SO_RCVBUF, 1);
setOption(socket, SOL_SOCKET, SO_BINDTODEVICE, cString(device));
const destination = socketAddress(target);
const packet = new Uint8Array(8 + PAYLOAD);
const view = new DataView(packet.buffer);
view.setUint8(0, six ? 128 : 8);
view.setUint16(4, process.pid & 0xffff);

let sequence = 0;
every(Number(interval), () => {
  view.setUint16(6, sequence);
  view.setUint16(2, 0);
  // The kernel fills in the ICMPv6 checksum.
  if (!six) view.setUint16(2, checksum(packet));
  // An error (no answer to ARP, interface down) is what the capture shows as silence.
  libc.sendto(socket, ptr(packet), packet.length, MSG_DONTWAIT, ptr(destination), destination.length);
  sequence = (sequence + 1) & 0xffff;
});
