/**
 * A process of its own that sends the same VRRP message every INTERVAL milliseconds until it is killed, with a TTL of its choice:
 * `bun forger.ts INTERFACE DESTINATION TTL INTERVAL HEX`. The kernel makes the IPv4 header, so the source is the sender's own.
 */
import { ptr } from "bun:ffi";
import { AF_INET, MSG_DONTWAIT, SO_BINDTODEVICE, SOL_SOCKET } from "./raw.ts";
import { cString, every, libc, openSocket, setOption, socketAddress } from "./raw.ts";

const IPPROTO_VRRP = 112;
const IPPROTO_IP = 0;
const IP_TTL = 2;
const IP_MULTICAST_TTL = 33;

const [device = "", target = "", ttl = "", interval = "", hex = ""] = process.argv.slice(2);
const socket = openSocket(AF_INET, IPPROTO_VRRP);
setOption(socket, SOL_SOCKET, SO_BINDTODEVICE, cString(device));
setOption(socket, IPPROTO_IP, IP_TTL, Number(ttl));
setOption(socket, IPPROTO_IP, IP_MULTICAST_TTL, Number(ttl));
const destination = socketAddress(target);
const message = Uint8Array.fromHex(hex);

every(Number(interval), () => {
  libc.sendto(socket, ptr(message), message.length, MSG_DONTWAIT, ptr(destination), destination.length);
});
