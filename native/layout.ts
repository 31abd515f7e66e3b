/** Numbers of the Linux user-space interface, the same on x64 and arm64 unless said. Named as in the headers. */

// <sys/socket.h>
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

// setsockopt(2) levels and names
export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_BROADCAST = 6;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_MARK = 36;
export const SOL_PACKET = 263;
export const PACKET_IGNORE_OUTGOING = 23;
export const SOL_NETLINK = 270;
export const NETLINK_CAP_ACK = 10;
export const NETLINK_GET_STRICT_CHK = 12;
export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;
export const NETLINK_GENERIC = 16;
export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IP_TOS = 1;
export const IP_HDRINCL = 3;
export const IP_PKTINFO = 8;
export const IP_RECVERR = 11;
export const IP_BIND_ADDRESS_NO_PORT = 24;
export const IP_MULTICAST_IF = 32;
export const IP_MULTICAST_TTL = 33;
export const IP_MULTICAST_LOOP = 34;
export const IP_ADD_MEMBERSHIP = 35;
export const IP_DROP_MEMBERSHIP = 36;
export const IP_MULTICAST_ALL = 49;
export const IPPROTO_IPV6 = 41;
export const IPV6_MULTICAST_IF = 17;
export const IPV6_MULTICAST_HOPS = 18;
export const IPV6_MULTICAST_LOOP = 19;
export const IPV6_JOIN_GROUP = 20;
export const IPV6_LEAVE_GROUP = 21;
export const IPV6_RECVERR = 25;
export const IPV6_V6ONLY = 26;
export const IPV6_MULTICAST_ALL = 29;
export const IPV6_HDRINCL = 36;
export const IPV6_PKTINFO = 50;
export const IPPROTO_ICMPV6 = 58;
export const SOL_RAW = 255;
/** Of SOL_RAW and of IPPROTO_ICMPV6: raw(7), RFC 3542 3.2. */
export const ICMP_FILTER = 1;

// <linux/if_ether.h>
export const ETH_P_ALL = 0x0003;
export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_IPV6 = 0x86dd;

// <linux/if.h>, <linux/sockios.h>
export const IFNAMSIZ = 16;
export const SIOCGIFNAME = 0x8910;
export const SIOCGIFFLAGS = 0x8913;
export const SIOCSIFFLAGS = 0x8914;
export const SIOCSIFADDR = 0x8916;
export const SIOCSIFNETMASK = 0x891c;
export const IFF_UP = 1;

// <poll.h>
export const POLLIN = 1;

// <time.h>, <sched.h>, <sys/mman.h>, <linux/prctl.h>, <sys/file.h>
export const CLOCK_BOOTTIME = 7;
export const SCHED_RR = 2;
export const SCHED_RESET_ON_FORK = 0x4000_0000;
/** <asm-generic/mman-common.h> */
export const MADV_DONTNEED = 4;
export const MCL_CURRENT = 1;
export const MCL_FUTURE = 2;
export const MCL_ONFAULT = 4;
export const SCHED_OTHER = 0;
export const SCHED_FLAG_RESET_ON_FORK = 1;
export const PRIO_PROCESS = 0;
/** <asm-generic/resource.h> */
export const RLIMIT_NOFILE = 7;
export const PR_SET_TIMERSLACK = 29;
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;
export const LOCK_EX = 2;
export const LOCK_NB = 4;

/** System call numbers: <asm/unistd.h> of each architecture. */
export const SYS_SCHED_GETSCHEDULER = process.arch === "arm64" ? 120 : 145;
export const SYS_SCHED_SETATTR = process.arch === "arm64" ? 274 : 314;
export const SYS_SCHED_SETSCHEDULER = process.arch === "arm64" ? 119 : 144;

/** struct sched_attr (sched_setattr(2)), its first version. */
export const SCHED_ATTR = { length: 0, policy: 4, flags: 8, nice: 16, runtime: 24, size: 48 } as const;

/** Offsets in struct msghdr, struct mmsghdr and struct iovec of an LP64 system; musl pads its int iovlen to the same place. */
export const MSGHDR = {
  name: 0,
  namelen: 8,
  iov: 16,
  iovlen: 24,
  control: 32,
  controllen: 40,
  flags: 48,
  size: 56,
} as const;
export const MMSGHDR = { length: 56, size: 64 } as const;
export const IOVEC = { base: 0, length: 8, size: 16 } as const;

/** struct cmsghdr: length (8 bytes), level, type, then data. */
export const CMSGHDR = { length: 0, level: 8, type: 12, data: 16 } as const;

/** struct sockaddr_ll (packet(7)). */
export const SOCKADDR_LL = { family: 0, protocol: 2, index: 4, halen: 11, address: 12, size: 20 } as const;
