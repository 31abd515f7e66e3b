/** The part of the language that belongs to later versions: heartbeat, IPVS, mail. Its tables are refused, not ignored. */
import { ms } from "../base/units.ts";
import type { Fields } from "./field.ts";
import { absent, listing, optional, record, required } from "./field.ts";
import { boolean, choice, commands, duration, integer, list, text } from "./kind.ts";
import { cidr, groupAddress, hostAddress, interfaceName, name } from "./network.ts";
import { directory, secret } from "./system.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const ELEMENTS_MAX = 4096;

const words = (manual: string) => text(manual, () => null);

/** `[mail]` */
export const mail = {
  server: required(words("address and port"), "The SMTP server."),
  from: required(words("a mail address"), "The sender."),
  to: required(list(words("a mail address"), ELEMENTS_MAX), "Who is told."),
} satisfies Fields;

const heartbeatAuthFields = {
  method: absent(
    choice(["crc", "md5", "sha1", "sha256"]),
    "that of keys_file",
    "How messages are signed; sha256 among haagents only.",
  ),
  key: absent(secret, "none", "The shared key."),
  keys_file: absent(directory(""), "none", "A file of keys as heartbeat writes it (authkeys), mode 0600."),
} satisfies Fields;

const linkFields = {
  type: required(choice(["serial", "broadcast", "multicast", "unicast"]), "The medium."),
  device: absent(directory(""), "none", "serial: the line."),
  baud: optional(integer(300, 4_000_000), 19_200, "serial: its speed."),
  rtscts: optional(boolean, false, "serial: hardware flow control."),
  interface: absent(interfaceName, "none", "All others: the interface."),
  group: absent(groupAddress, "none", "multicast: the group."),
  ttl: optional(integer(1, 255), 1, "multicast: how far messages go."),
  peer: absent(hostAddress, "none", "unicast: the other node."),
} satisfies Fields;

const fenceFields = {
  command: required(commands, "The command that takes the other node's power."),
  timeout: optional(duration(10, HOUR), ms(20 * SECOND), "How long it may run."),
  delay: absent(duration(0, HOUR), "0s on the preferred node, 5s on the other", "How long to wait first."),
  on_failure: optional(words("block"), "block", "What follows when fencing fails."),
} satisfies Fields;

/** `[heartbeat]` */
export const heartbeat = {
  nodes: required(list(name, ELEMENTS_MAX), "The uname -n of each node, this one included."),
  keepalive: optional(duration(10, HOUR), ms(SECOND), "Between two messages."),
  warntime: absent(duration(10, HOUR), "deadtime / 2", "Silence that is worth a warning."),
  deadtime: optional(duration(10, HOUR), ms(10 * SECOND), "Silence that means death."),
  initdead: absent(duration(10, HOUR), "2 × deadtime", "The same after the start, while networks come up."),
  udp_port: optional(integer(1, 65_535), 694, "The port of broadcast, multicast and unicast links."),
  auto_failback: optional(
    choice([true, false, "legacy"]),
    true,
    "Whether resources return to the preferred node.",
  ),
  auth: listing(
    required(record(heartbeatAuthFields), "How messages are signed.", { secret: true }),
    heartbeatAuthFields,
  ),
  links: listing(
    required(list(record(linkFields), ELEMENTS_MAX), "The media between the nodes."),
    linkFields,
  ),
  ping_nodes: optional(
    list(hostAddress, ELEMENTS_MAX),
    [],
    "ipfail: the side that sees more of these keeps the resources.",
  ),
  ping_groups: absent(words("table of arrays of addresses"), "none", "Groups that count as one ping node."),
  watchdog: absent(directory(""), "none", "A watchdog device."),
  resource_dirs: optional(
    list(directory(""), ELEMENTS_MAX),
    [],
    "Where resource scripts are looked for: /etc/ha.d/resource.d, /etc/init.d.",
  ),
  resources: optional(
    list(words("haresources line"), ELEMENTS_MAX),
    [],
    "haresources lines: the preferred node, then its resources, started left to right.",
  ),
  fence: listing(
    absent(record(fenceFields), "none", "What makes sure of the other node's death before a takeover."),
    fenceFields,
  ),
} satisfies Fields;

const realServerFields = {
  address: required(words("address and port"), "The real server."),
  weight: optional(integer(0, 65_535), 1, "Its share."),
  forward: absent(choice(["dr", "nat", "tun"]), "the service's", "How packets reach it."),
  u_threshold: optional(integer(0, 2 ** 32 - 1), 0, "No new connections from this many on; 0: no limit."),
  l_threshold: optional(integer(0, 2 ** 32 - 1), 0, "New ones again below this many."),
} satisfies Fields;

/** What a real server can be probed by. */
export const PROBES = [
  ...(["tcp", "http", "https", "smtp", "dns", "ping", "udp", "ftp", "pop", "imap", "ldap", "mysql"] as const),
  ...(["pgsql", "redis", "nntp", "sip", "radius", "simpletcp", "script", "file", "on", "off"] as const),
] as const;

const serviceCheckFields = {
  type: required(choice(PROBES), "What is probed."),
  path: absent(words("a path"), "none", "What an HTTP probe asks for."),
  expect_status: absent(words("HTTP status codes"), "none", "Status codes that mean success."),
  expect_body: absent(words("a regular expression"), "none", "What the body must match."),
  interval: optional(duration(10, 24 * HOUR), ms(2 * SECOND), "From one start of the probe to the next."),
  timeout: optional(duration(10, 24 * HOUR), ms(2 * SECOND), "A probe that takes longer has failed."),
  rise: optional(integer(1, 1000), 2, "Successes in a row that bring a server in."),
  fall: optional(integer(1, 1000), 3, "Failures in a row that take it out."),
} satisfies Fields;

/** `[virtual_server.NAME]` */
export const virtualServer = {
  address: absent(words("address and port"), "none", "The service's address and port; or fwmark."),
  fwmark: absent(integer(1, 2 ** 32 - 1), "none", "The service is what carries this firewall mark."),
  protocol: optional(choice(["tcp", "udp", "sctp"]), "tcp", "The transport."),
  scheduler: optional(words("an IPVS scheduler"), "wlc", "How the kernel chooses."),
  scheduler_flags: optional(
    list(words("a flag"), ELEMENTS_MAX),
    [],
    "Flags of the scheduler: sh-port, sh-fallback.",
  ),
  one_packet: optional(boolean, false, "UDP: schedule each packet by itself."),
  forward: optional(choice(["dr", "nat", "tun"]), "dr", "How packets reach the real servers."),
  persistence: optional(duration(0, 24 * HOUR), ms(0), "How long a client stays with its server."),
  persistence_netmask: absent(
    integer(1, 128),
    "the whole address",
    "How much of the client's address counts.",
  ),
  quiescent: optional(boolean, true, "A failed server gets weight 0 (true) or is removed (false)."),
  quorum: optional(integer(1, 2 ** 31 - 1), 1, "Weight of good servers that the service needs."),
  fallback: absent(words("address and port"), "none", "The sorry server."),
  real_servers: listing(
    required(list(record(realServerFields), ELEMENTS_MAX), "The servers behind it."),
    realServerFields,
  ),
  active_when: absent(name, "always", "Program the kernel only while this router is master."),
  ipvs: optional(choice(["auto", "sockopt", "netlink"]), "auto", "How the kernel is programmed."),
  check: listing(
    absent(record(serviceCheckFields), "none", "How its servers are probed."),
    serviceCheckFields,
  ),
} satisfies Fields;

/** `[realserver]` */
export const realserver = {
  addresses: required(
    list(cidr, ELEMENTS_MAX),
    "Service addresses carried on lo, with ARP for them silenced.",
  ),
} satisfies Fields;
