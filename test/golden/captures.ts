/** The captures of this folder, and the packets in them by kind. README.md says where each comes from. */
import { readFileSync } from "node:fs";
import type { Frame } from "./pcap.ts";
import { readPcap } from "./pcap.ts";

const ETHERNET_HEADER = 14;
const ETHERTYPE = { ip4: 0x0800, arp: 0x0806, ip6: 0x86dd };

export const CAPTURES = [
  "owner255-state-master",
  "v2-ah",
  "v2-noauth-lifecycle",
  "v2-pass",
  "v3-ipv4-3vips-0.1s",
  "v3-ipv6",
  "v3-unicast",
  "v3-vmac4",
  "v3-vmac6",
] as const;
export type CaptureName = (typeof CAPTURES)[number];

export const readCapture = (name: CaptureName): Frame[] =>
  readPcap(new Uint8Array(readFileSync(new URL(`./${name}.pcap`, import.meta.url))));

/** What the frames carry, from the IP or ARP header on, by ethertype. */
export function packetsOf(name: CaptureName): { ip4: Uint8Array[]; ip6: Uint8Array[]; arp: Uint8Array[] } {
  const packets: ReturnType<typeof packetsOf> = { ip4: [], ip6: [], arp: [] };
  for (const { bytes } of readCapture(name)) {
    const ethertype = ((bytes[12] ?? 0) << 8) | (bytes[13] ?? 0);
    const payload = bytes.subarray(ETHERNET_HEADER);
    if (ethertype === ETHERTYPE.ip4) packets.ip4.push(payload);
    else if (ethertype === ETHERTYPE.ip6) packets.ip6.push(payload);
    else if (ethertype === ETHERTYPE.arp) packets.arp.push(payload);
    else throw new Error(`a frame of type ${ethertype.toString(16)}`);
  }
  return packets;
}
