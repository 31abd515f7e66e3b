/** A socket that leaves this host the way a check says: through its interface, from its address. */
import * as layout from "../../../native/layout.ts";
import { errnoName } from "../../../native/libc.ts";
import {
  bindSocket,
  bindToDevice,
  closeDescriptor,
  connectSocket,
  ipAddress,
  openSocket,
  portAddress,
  setOption,
} from "../../../native/socket.ts";
import type { Family, Ip } from "../../base/address.ts";
import { familyOf, ipBytes } from "../../base/address.ts";
import type { Result } from "../../base/result.ts";
import { fail, ok } from "../../base/result.ts";
import type { Route } from "../../config/probe-model.ts";

const EINPROGRESS = 115;

/** What kind of socket. */
export interface Sort {
  readonly type: number;
  readonly protocol: number;
}

export const TCP: Sort = { type: layout.SOCK_STREAM, protocol: layout.IPPROTO_TCP };
export const UDP: Sort = { type: layout.SOCK_DGRAM, protocol: layout.IPPROTO_UDP };
export const ICMP: Readonly<Record<Family, Sort>> = {
  4: { type: layout.SOCK_RAW, protocol: layout.IPPROTO_ICMP },
  6: { type: layout.SOCK_RAW, protocol: layout.IPPROTO_ICMPV6 },
};

/**
 * A non-blocking socket that is connected to an address, or on its way there; `port` is null for a protocol without. The error says
 * what failed: `ENODEV: interface wan0`, `EADDRNOTAVAIL: source 192.0.2.1`, `ENETUNREACH`.
 */
export function openConnected(
  sort: Sort,
  { interface: link, source, mark }: Route,
  address: Ip,
  port: number | null,
  prepare: (fd: number) => void = () => {},
): Result<number, string> {
  const family = familyOf(address);
  const fd = openSocket(family === 4 ? layout.AF_INET : layout.AF_INET6, sort.type, sort.protocol);
  if (fd < 0) return fail(`${errnoName(fd)}: no socket`);
  const refuse = (result: number, what: string): Result<number, string> => {
    closeDescriptor(fd);
    return fail(`${errnoName(result)}${what}`);
  };
  prepare(fd);
  const tied = link === null ? 0 : bindToDevice(fd, link);
  if (tied < 0) return refuse(tied, `: interface ${link}`);
  const marked = mark === 0 ? 0 : setOption(fd, layout.SOL_SOCKET, layout.SO_MARK, mark);
  if (marked < 0) return refuse(marked, `: mark ${mark}`);
  if (source !== null) {
    // Otherwise bind(2) takes a port out of those of the whole host, whatever the target (ip(7)).
    if (port !== null) setOption(fd, layout.IPPROTO_IP, layout.IP_BIND_ADDRESS_NO_PORT, 1);
    const bound = bindSocket(fd, ipAddress(ipBytes(source), 0));
    if (bound < 0) return refuse(bound, `: source ${source}`);
  }
  const bytes = ipBytes(address);
  const connected = connectSocket(fd, port === null ? ipAddress(bytes, 0) : portAddress(bytes, port, 0));
  if (connected < 0 && connected !== -EINPROGRESS) return refuse(connected, "");
  return ok(fd);
}

/** What routers and the target's kernel report becomes errors of the socket (ip(7), IP_RECVERR). */
export function hearErrors(fd: number, family: Family): void {
  if (family === 6) setOption(fd, layout.IPPROTO_IPV6, layout.IPV6_RECVERR, 1);
  else setOption(fd, layout.IPPROTO_IP, layout.IP_RECVERR, 1);
}

/** ICMP_ECHOREPLY of RFC 792; ICMP6 Echo Reply of RFC 4443 4.2. */
const ECHO_REPLY: Readonly<Record<Family, number>> = { 4: 0, 6: 129 };

/** Lets a raw socket of {@link ICMP} hear echo replies and nothing else. */
export function echoesOnly(fd: number, family: Family): void {
  const six = family === 6;
  // A mask of what is dropped, one bit a type (raw(7); RFC 3542 3.2 counts the bits from the lowest of each word).
  const mask = new Uint8Array(six ? 32 : 4).fill(0xff);
  const bit = ECHO_REPLY[family];
  const byte = bit >> 3;
  mask[byte] = (mask[byte] ?? 0) & ~(1 << (bit & 7));
  setOption(fd, six ? layout.IPPROTO_ICMPV6 : layout.SOL_RAW, layout.ICMP_FILTER, mask);
}
