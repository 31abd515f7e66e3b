/**
 * Membership of multicast groups on an ordinary socket: only that makes the kernel send IGMP and MLD reports, without which a
 * snooping switch stops sending us the group. Closing the socket leaves.
 */
import * as layout from "../../native/layout.ts";
import { viewOf } from "../../native/memory.ts";
import { closeDescriptor, openSocket, setOption } from "../../native/socket.ts";
import type { Family, Ip } from "../base/address.ts";
import { ipBytes } from "../base/address.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";

/**
 * struct ip_mreqn or struct ipv6_mreq: a group on an interface. The kernel reads 12 bytes of the first; user-mode qemu takes it to end
 * in a long, and passes on garbage as the interface unless there are 16.
 */
function membership(family: Family, group: Ip, index: number): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 16 : 20);
  bytes.set(ipBytes(group));
  viewOf(bytes).setInt32(family === 4 ? 8 : 16, index, true);
  return bytes;
}

/** The groups joined on one interface. */
export class Membership {
  readonly #joined = new Set<Ip>();
  readonly #fd: number;
  readonly #index: number;
  readonly #family: Family;

  private constructor(fd: number, index: number, family: Family) {
    this.#fd = fd;
    this.#index = index;
    this.#family = family;
  }

  /** Joins no group yet; the error is minus errno. */
  static open(index: number, family: Family): Result<Membership, number> {
    const fd = openSocket(family === 4 ? layout.AF_INET : layout.AF_INET6, layout.SOCK_DGRAM, 0);
    return fd < 0 ? fail(fd) : ok(new Membership(fd, index, family));
  }

  /** Leaves and joins until exactly `groups` are joined: 0, or minus errno of the first that could not be. */
  set(groups: readonly Ip[]): number {
    for (const group of this.#joined) {
      if (groups.includes(group)) continue;
      this.#change(layout.IP_DROP_MEMBERSHIP, layout.IPV6_LEAVE_GROUP, group);
      this.#joined.delete(group);
    }
    for (const group of groups) {
      if (this.#joined.has(group)) continue;
      const result = this.#change(layout.IP_ADD_MEMBERSHIP, layout.IPV6_JOIN_GROUP, group);
      if (result < 0) return result;
      this.#joined.add(group);
    }
    return 0;
  }

  close(): void {
    closeDescriptor(this.#fd);
  }

  #change(name4: number, name6: number, group: Ip): number {
    const request = membership(this.#family, group, this.#index);
    return this.#family === 4
      ? setOption(this.#fd, layout.IPPROTO_IP, name4, request)
      : setOption(this.#fd, layout.IPPROTO_IPV6, name6, request);
  }
}
