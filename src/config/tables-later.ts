/** The part of the language that belongs to later versions: IPVS, mail. Its tables are refused, not ignored. */
import { ms } from "../base/units.ts";
import type { Fields } from "./field.ts";
import { absent, listing, optional, record, required } from "./field.ts";
import { boolean, choice, duration, integer, list, text } from "./kind.ts";
import { name } from "./network.ts";

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
