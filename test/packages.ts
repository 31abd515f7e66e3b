/** What the demo and the tests need from the machine, and which Debian package has it: the one place where this is said. */
import { existsSync } from "node:fs";

export interface Tool {
  /** A program that must be on the PATH, or the path of a file. */
  readonly program: string;
  /** The Debian package that brings it. */
  readonly debian: string;
  /** Who needs it. */
  readonly reason: string;
}

/** For `npm start`: namespaces, bridges and a client. */
export const DEMO_TOOLS: readonly Tool[] = [
  { program: "ip", debian: "iproute2", reason: "interfaces and addresses in network namespaces" },
  { program: "bridge", debian: "iproute2", reason: "a switch whose ports can be cut" },
  { program: "setpriv", debian: "util-linux", reason: "programs that end with the one that started them" },
];

/** For `npm test`: what the demo needs, and the real peers and witnesses. */
export const TEST_TOOLS: readonly Tool[] = [
  ...DEMO_TOOLS,
  { program: "chrt", debian: "util-linux", reason: "suites that take no processor from others" },
  { program: "ps", debian: "procps", reason: "process groups and sessions of scripts" },
  { program: "sysctl", debian: "procps", reason: "kernel settings of a namespace" },
  { program: "nft", debian: "nftables", reason: "links that lose packets one way" },
  { program: "iptables-save", debian: "iptables", reason: "rules that the doctor reads" },
  { program: "keepalived", debian: "keepalived", reason: "the peer that haagent must agree with" },
  { program: "/usr/lib/frr/vrrpd", debian: "frr", reason: "another VRRP that haagent must agree with" },
  {
    program: "/usr/libexec/heartbeat/heartbeat",
    debian: "heartbeat",
    reason: "Linux-HA heartbeat, that haagent must agree with",
  },
  { program: "tshark", debian: "tshark", reason: "the judge of every packet we send" },
  { program: "ifconfig", debian: "net-tools", reason: "what old tools show of an alias" },
  {
    program: "qemu-aarch64-static",
    debian: "qemu-user-static",
    reason: "the arm64 build, and old processors",
  },
  { program: "musl-gcc", debian: "musl-tools", reason: "the musl build" },
  { program: "nginx", debian: "nginx", reason: "a real daemon that is killed under a process check" },
  ...[
    ...[
      { program: "lighttpd", debian: "lighttpd" },
      // Its module of TLS.
      { program: "/usr/lib/lighttpd/mod_openssl.so", debian: "lighttpd-mod-openssl" },
      { program: "openssl", debian: "openssl" },
      { program: "smtpd", debian: "opensmtpd" },
      // Its TLS: Debian's has errors of its own there.
      { program: "stunnel4", debian: "stunnel4" },
      { program: "dnsmasq", debian: "dnsmasq-base" },
    ],
    ...[
      { program: "redis-server", debian: "redis-server" },
      { program: "mariadbd", debian: "mariadb-server" },
      { program: "pg_ctlcluster", debian: "postgresql" },
      { program: "ss", debian: "iproute2" },
    ],
  ].map((tool) => ({ ...tool, reason: "real daemons that checks talk to" })),
  { program: "systemd-analyze", debian: "systemd", reason: "a systemd to boot, for the unit" },
  { program: "start-stop-daemon", debian: "dpkg", reason: "the System V script" },
  { program: "zsh", debian: "zsh", reason: "the completion of zsh" },
  { program: "ping", debian: "iputils-ping", reason: "a client of the samples" },
  { program: "iptables", debian: "iptables", reason: "the other firewall snippet" },
  { program: "make", debian: "make", reason: "the OpenWrt package's Makefile" },
  {
    program: "qemu-system-x86_64",
    debian: "qemu-system-x86",
    reason: "a kernel with all modules, in a guest",
  },
  { program: "depmod", debian: "kmod", reason: "the modules of that kernel" },
  { program: "xz", debian: "xz-utils", reason: "the image of that kernel" },
  { program: "ipvsadm", debian: "ipvsadm", reason: "the judge of the table of virtual services" },
  { program: "drbdadm", debian: "drbd-utils", reason: "a DRBD resource, in a guest" },
  { program: "mkfs.ext4", debian: "e2fsprogs", reason: "a disk to mount" },
  { program: "ldirectord", debian: "ldirectord", reason: "the director that haagent replaces" },
  { program: "wg", debian: "wireguard-tools", reason: "tunnels of WireGuard" },
  { program: "busybox", debian: "busybox-static", reason: "a DHCP client and its server" },
  { program: "strace", debian: "strace", reason: "which files the compiled program opens" },
];

/** Those of {@link TEST_TOOLS}, and what an ordinary user needs to have other users in a namespace. */
export const testTools = (root: boolean): readonly Tool[] =>
  root
    ? TEST_TOOLS
    : [...TEST_TOOLS, { program: "newuidmap", debian: "uidmap", reason: "a second user, without root" }];

/** For `npm run bench`, which is not part of the tests. */
export const BENCH_TOOLS: readonly Tool[] = [
  ...TEST_TOOLS,
  { program: "tcpdump", debian: "tcpdump", reason: "time stamps of packets" },
  { program: "gcc", debian: "gcc", reason: "a kernel without IPVS, for keepalived's checkers" },
];

/** The tools that are not on the PATH of this process (sbin included: Debian gives users a PATH without it). */
export function missing(tools: readonly Tool[]): Tool[] {
  const path = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
  return tools.filter(({ program }) =>
    // A path may be that of a library.
    program.startsWith("/") ? !existsSync(program) : Bun.which(program, { PATH: path }) === null,
  );
}
