/** The kernel's table of virtual services, by whichever of its two interfaces. Every call is answered before it returns. */
import type { Result } from "../base/result.ts";
import type { Change, Entry, Timeouts } from "../wire/ipvs.ts";
import { NetlinkTable } from "./ipvs-netlink.ts";
import { SockoptTable } from "./ipvs-sockopt.ts";

/** Errors are minus errno. The kernel wants CAP_NET_ADMIN for everything, reading too. */
export interface KernelTable {
  /** All services with their servers; by socket option those of IPv4. */
  read(): Result<readonly Entry[], number>;
  /**
   * One write: 0 or minus errno. EEXIST, ENOENT and ESRCH where the server, or the service, is there already or not; ENOENT also where
   * the kernel has no such scheduler; EOPNOTSUPP where a socket option cannot say it.
   */
  write(change: Change): number;
  timeouts(): Result<Timeouts, number>;
  /** 0 or minus errno. */
  setTimeouts(timeouts: Timeouts): number;
  close(): void;
}

/** Opens it; `auto` is netlink where the kernel has that. ENOPROTOOPT or ENOENT: this kernel has no IPVS, or has not loaded it. */
export function openTable(way: "auto" | "sockopt" | "netlink"): Result<KernelTable, number> {
  if (way === "sockopt") return SockoptTable.open();
  const opened = NetlinkTable.open();
  return opened.ok || way === "netlink" ? opened : SockoptTable.open();
}
