/** VRRP packets as an attacker or a broken router would make them: right in everything but what a test asks to be wrong. */
import { checksum } from "../lab/raw.ts";
import type { Box, Site } from "./site.ts";
import { portOn } from "./site.ts";

export interface Forgery {
  readonly source?: string;
  readonly destination?: string;
  readonly ttl?: number;
  readonly version?: number;
  readonly type?: number;
  readonly vrid?: number;
  readonly priority?: number;
  readonly addresses?: readonly string[];
  /** The count in the message, where it is another one than that of `addresses`. */
  readonly count?: number;
  /** Version 3: centiseconds; version 2: seconds. */
  readonly interval?: number;
  /** Version 2. */
  readonly password?: string;
  /** Added to the right checksum. */
  readonly spoil?: number;
  /** Bytes of the message that are sent. */
  readonly cut?: number;
  /** Total length of the IPv4 header, where it lies. */
  readonly length?: number;
  /** Flags and fragment offset. */
  readonly fragment?: number;
}

const IPPROTO_VRRP = 112;
const SOURCE_MAC = "020000000109";
const four = (text: string): number[] => text.split(".").map(Number);
const pair = (value: number): number[] => [value >> 8, value & 0xff];
const even = (bytes: readonly number[]): Uint8Array =>
  Uint8Array.from(bytes.length % 2 === 0 ? bytes : [...bytes, 0]);

function message(forgery: Forgery, source: string, destination: string): number[] {
  const { version = 3, type = 1, vrid = 51, priority = 90, addresses = ["10.77.1.50"], password } = forgery;
  const { count = addresses.length, interval = version === 2 ? 1 : 10, spoil = 0 } = forgery;
  const timing = version === 2 ? [password === undefined ? 0 : 1, interval] : pair(interval);
  const head = [(version << 4) | type, vrid, priority, count, ...timing];
  const tail = addresses.flatMap(four);
  if (version === 2) {
    const data = new Uint8Array(8);
    data.set(new TextEncoder().encode(password ?? "").subarray(0, 8));
    tail.push(...data);
  }
  const whole = [...head, 0, 0, ...tail];
  const pseudo = [...four(source), ...four(destination), 0, IPPROTO_VRRP, ...pair(whole.length)];
  const sum = (checksum(even(version === 2 ? whole : [...pseudo, ...whole])) + spoil) & 0xffff;
  return [...head, ...pair(sum), ...tail].slice(0, forgery.cut);
}

/** One IPv4 frame in hexadecimal, to the group or, by `mac`, to a station. */
export function forge(forgery: Forgery, mac = "01005e000012"): string {
  const { source = "10.77.1.9", destination = "224.0.0.18", ttl = 255, fragment = 0 } = forgery;
  const payload = message(forgery, source, destination);
  const length = forgery.length ?? 20 + payload.length;
  const header = [0x45, 0xc0, ...pair(length), 0, 0, ...pair(fragment), ttl, IPPROTO_VRRP, 0, 0];
  header.push(...four(source), ...four(destination));
  header.splice(10, 2, ...pair(checksum(even(header))));
  return mac + SOURCE_MAC + "0800" + Uint8Array.from([...header, ...payload]).toHex();
}

/** The same of IPv6: sixteen bytes an address, in hexadecimal. */
export interface Forgery6 {
  readonly source?: string;
  readonly hopLimit?: number;
  readonly priority?: number;
  readonly spoil?: number;
}

/** One IPv6 frame to ff02::12 for VRID 51 and the address fe80::50. */
export function forge6(forgery: Forgery6): string {
  const bytes = (last: number): number[] => [0xfe, 0x80, ...new Array<number>(13).fill(0), last];
  const source = forgery.source === undefined ? bytes(9) : [...Uint8Array.fromHex(forgery.source)];
  const group = [0xff, 0x02, ...new Array<number>(13).fill(0), 0x12];
  const head = [0x31, 51, forgery.priority ?? 90, 1, 0, 10];
  const whole = [...head, 0, 0, ...bytes(0x50)];
  const pseudo = [...source, ...group, 0, 0, ...pair(whole.length), 0, 0, 0, IPPROTO_VRRP];
  const sum = (checksum(even([...pseudo, ...whole])) + (forgery.spoil ?? 0)) & 0xffff;
  const header = [
    0x60,
    0,
    0,
    0,
    ...pair(whole.length),
    IPPROTO_VRRP,
    forgery.hopLimit ?? 255,
    ...source,
    ...group,
  ];
  const packet = [...header, ...head, ...pair(sum), ...bytes(0x50)];
  return `333300000012${SOURCE_MAC}86dd${Uint8Array.from(packet).toHex()}`;
}

const INJECTOR = new URL("injector.ts", import.meta.url).pathname;

/**
 * Puts frames on the cable of a site's box from the switch's end, each so often; resolves when all are sent. Past the bridge, which
 * would drop some of them.
 */
export async function inject(site: Site, box: Box, frames: readonly string[], times = 1): Promise<void> {
  const argv = [process.execPath, INJECTOR, portOn(box, 1), String(times), "*"];
  await site.wiring.run(argv, `${frames.join("\n")}\n`);
}
