/** /proc/net/ip_vs, where the kernel prints its virtual services: read where no more than what they are is asked for. */
import type { Ip } from "../base/address.ts";
import { ipFromBytes, parseIp } from "../base/address.ts";

/**
 * `TCP  C0A800C8:0050 wlc` or `UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr`, in hexadecimal; `FWM  00000001 rr` has no address, and
 * does not say of which family it is.
 */
const SERVICE = /^(TCP|UDP|SCTP) +(?:([0-9A-F]{8})|\[([0-9a-fA-F:]+)\]):([0-9A-F]{4}) /;
const MARK = /^FWM +([0-9A-F]{8}) /;

/** A virtual service in the kernel. */
export interface Printed {
  /** `tcp 10.0.0.1 80`, `fwmark 1`. */
  readonly name: string;
  /** Null: of a mark. */
  readonly address: Ip | null;
}

/** Every service that is printed in these lines of it. */
export function printedServices(lines: readonly string[]): Printed[] {
  return lines.flatMap((line): Printed[] => {
    const [, mark] = MARK.exec(line) ?? [];
    if (mark !== undefined) return [{ name: `fwmark ${Number.parseInt(mark, 16)}`, address: null }];
    const [, protocol = "", v4, v6 = "", port = ""] = SERVICE.exec(line) ?? [];
    const parsed = v4 === undefined ? parseIp(v6) : { ok: true, value: ipFromBytes(Uint8Array.fromHex(v4)) };
    if (protocol === "" || !parsed.ok) return [];
    const name = `${protocol.toLowerCase()} ${parsed.value} ${Number.parseInt(port, 16)}`;
    return [{ name, address: parsed.value }];
  });
}

/** The addresses that this host is the director of. */
export const directedAddresses = (lines: readonly string[]): ReadonlySet<Ip> =>
  new Set(printedServices(lines).flatMap(({ address }) => address ?? []));
