/**
 * A process of its own that puts whole Ethernet frames on INTERFACE: `bun injector.ts INTERFACE TIMES HEX...` sends each frame TIMES
 * times, one round after the other, as fast as the kernel takes them. `*` for the frames reads them from standard input, a line each.
 */
import { ptr } from "bun:ffi";
import { AF_PACKET, cString, libc, openSocket } from "../lab/raw.ts";

const [device = "", times = "", ...given] = process.argv.slice(2);
const hex = given[0] === "*" ? (await Bun.stdin.text()).trim().split("\n") : given;
const frames = hex.map((text) => Uint8Array.fromHex(text));
const index = libc.if_nametoindex(ptr(cString(device)));
if (index === 0) throw new Error(`no interface ${device} here`);
// struct sockaddr_ll: family, protocol, index.
const link = new DataView(new ArrayBuffer(20));
link.setUint16(0, AF_PACKET, true);
link.setInt32(4, index, true);
const socket = openSocket(AF_PACKET, 0);
const address = new Uint8Array(link.buffer);
let sent = 0;
for (let round = 0; round < Number(times); round++) {
  for (const frame of frames) {
    // ENOBUFS: the queue is full, so wait for nothing and try again.
    while (Number(libc.sendto(socket, ptr(frame), frame.length, 0, ptr(address), address.length)) < 0);
    sent++;
  }
}
console.log(`sent ${sent}`);
