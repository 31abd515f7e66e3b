/** Kinds of value that name things of a network: interfaces, addresses, labels, names of ours. */
import type { Family, Ip } from "../base/address.ts";
import { addressBits, familyOf, ipBytes, isMulticast, parseIp } from "../base/address.ts";
import type { Kind, Written } from "./kind.ts";
import { reject, text } from "./kind.ts";
import type { Report } from "./report.ts";
import { isGarbling, quote } from "./words.ts";

/** IFNAMSIZ less its NUL, of linux/if.h: interface names and labels. */
const IFNAME_BYTES_MAX = 15;

/** What a text must be instead to be an interface name as the kernel's dev_valid_name() takes it; null when it is one. */
export function interfaceNameInstead(value: string): string | null {
  if (value === "" || value === "." || value === "..") return "an interface name";
  if (/[/\s]/.test(value) || isGarbling(value))
    return "an interface name without slash, space or control character";
  if (value.includes(":")) {
    return `an interface name without colon (${quote(value)} is a label: name the interface, and the label with the address)`;
  }
  const bytes = new TextEncoder().encode(value).length;
  return bytes > IFNAME_BYTES_MAX ? `at most ${IFNAME_BYTES_MAX} bytes long` : null;
}

/** An interface name. */
export const interfaceName: Kind<string> = text("an interface name", interfaceNameInstead);

const NAME_LENGTH_MAX = 64;
/** What a name of ours may be: it stands in log lines, arguments of scripts and files of the ledger. */
export const NAME_RULE = `letters, digits, "_", "-" and ".", at most ${NAME_LENGTH_MAX}, not beginning with "-" or "."`;
/** True for a name that follows {@link NAME_RULE}. */
export const isName = (value: string): boolean =>
  value.length <= NAME_LENGTH_MAX && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(value);

/** A name given by the user: a node, a sync group. */
export const name: Kind<string> = text("a name", (value) => (isName(value) ? null : NAME_RULE));

/** A user or group of the system, by name or number. */
export const account: Kind<string> = text("a user or group name", (value) =>
  /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?$/.test(value) ? null : "a user or group name",
);

/** Why no host on a link can have this address, or null. */
export function unusable(ip: Ip): string | null {
  const first = ipBytes(ip)[0] ?? 0;
  if (isMulticast(ip)) return "a multicast group";
  if (ip === "::" || (familyOf(ip) === 4 && first === 0)) return "the unspecified address";
  if (ip === "::1" || (familyOf(ip) === 4 && first === 127)) return "a loopback address";
  // RFC 4291 2.5.5.2: they stand for IPv4 addresses inside programs, never on a link.
  if (/^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(ip)) return "an IPv4 address in the form of an IPv6 one";
  return ip === "255.255.255.255" ? "the broadcast address" : null;
}

function readIp(written: Written, value: string, report: Report): Ip | null {
  const parsed = parseIp(value);
  if (parsed.ok) return parsed.value;
  report.error(written.spot.value, `${written.path}: ${quote(value)} is not an IP address`);
  return null;
}

/** The address of a host, without prefix. */
export const hostAddress: Kind<Ip> = {
  manual: "IP address",
  read(written, report) {
    if (typeof written.value !== "string") return reject(written, report, "an IP address in quotes");
    const ip = readIp(written, written.value, report);
    const why = ip === null ? null : unusable(ip);
    if (ip === null || why === null) return ip;
    report.error(written.spot.value, `${written.path}: ${ip} is ${why}`);
    return null;
  },
  show: quote,
};

/** A multicast group. */
export const groupAddress: Kind<Ip> = {
  manual: "multicast IP address",
  read(written, report) {
    if (typeof written.value !== "string") return reject(written, report, "an IP address in quotes");
    const ip = readIp(written, written.value, report);
    if (ip === null || isMulticast(ip)) return ip;
    report.error(written.spot.value, `${written.path}: ${ip} is not a multicast group`);
    return null;
  },
  show: quote,
};

/** An address with the length of its network's prefix. */
interface Cidr {
  readonly address: Ip;
  readonly prefix: number;
}

/** `192.168.1.1/24`; without prefix the whole length is taken, with a warning. */
export const cidr: Kind<Cidr> = {
  manual: "address in CIDR form",
  read(written, report) {
    if (typeof written.value !== "string")
      return reject(written, report, "an address in CIDR form in quotes");
    const [head = "", tail] = split(written.value);
    const address = readIp(written, head, report);
    if (address === null) return null;
    const bits = addressBits(familyOf(address));
    const at = written.spot.value;
    const why = unusable(address);
    if (why !== null) {
      report.error(at, `${written.path}: ${address} is ${why}`);
      return null;
    }
    if (tail === null) {
      report.warning(at, `${written.path}: ${address} has no prefix length; /${bits} is taken`);
      return { address, prefix: bits };
    }
    const prefix = /^(0|[1-9]\d{0,2})$/.test(tail) ? Number(tail) : Number.NaN;
    if (!(prefix >= 1 && prefix <= bits)) {
      report.error(at, `${written.path}: the prefix length of ${quote(written.value)} must be 1 to ${bits}`);
      return null;
    }
    const edge = edgeOf(address, prefix);
    if (edge !== null) report.warning(at, `${written.path}: ${edge}`);
    return { address, prefix };
  },
  show: ({ address, prefix }) => `"${address}/${prefix}"`,
};

function split(value: string): readonly [string, string | null] {
  const slash = value.indexOf("/");
  return slash < 0 ? [value, null] : [value.slice(0, slash), value.slice(slash + 1)];
}

/** In an IPv4 network of four or more addresses the lowest names the network and the highest is its broadcast: that, in words; null for all others. */
export function edgeOf(address: Ip, prefix: number): string | null {
  const family: Family = familyOf(address);
  if (family === 6 || prefix > 30) return null;
  const number = ipBytes(address).reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - prefix);
  const host = number % size;
  if (host !== 0 && host !== size - 1) return null;
  const what = host === 0 ? "the address of the network itself" : "the broadcast address";
  return `${address} is ${what} in its /${prefix}`;
}

/** An alias label; that it begins with its interface's name is checked where that is known. */
export const label: Kind<string> = text("a label", (value) => {
  if (value === "" || /[/\s]/.test(value) || isGarbling(value)) return 'a label like "eth1:1"';
  const bytes = new TextEncoder().encode(value).length;
  return bytes > IFNAME_BYTES_MAX ? `at most ${IFNAME_BYTES_MAX} bytes long` : null;
});
