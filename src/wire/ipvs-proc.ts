/** /proc/net/ip_vs, where the kernel prints its virtual services: read where no more than their addresses are asked for. */
import type { Ip } from "../base/address.ts";
import { ipFromBytes, parseIp } from "../base/address.ts";

/** `TCP  C0A800C8:0050 wlc` or `UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr`, in hexadecimal; `FWM  00000001 rr` has no address. */
const SERVICE = /^(?:TCP|UDP|SCTP) +(?:([0-9A-F]{8})|\[([0-9a-fA-F:]+)\]):[0-9A-F]{4} /;

/** The addresses that this host is the director of. */
export function directedAddresses(text: string): ReadonlySet<Ip> {
  const addresses = new Set<Ip>();
  for (const line of text.split("\n")) {
    const [, v4, v6] = SERVICE.exec(line) ?? [];
    if (v4 !== undefined) addresses.add(ipFromBytes(Uint8Array.fromHex(v4)));
    const parsed = v6 === undefined ? null : parseIp(v6);
    if (parsed?.ok === true) addresses.add(parsed.value);
  }
  return addresses;
}
