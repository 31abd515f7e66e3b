/** What is probed: the keys that a check of a virtual router and one of real servers have alike, and which belong to which type. */
import { endpoint, localAddress, pattern, programName, requestPath, statusCodes } from "./check-kind.ts";
import type { Fields } from "./field.ts";
import { absent, listing, optional, record, required } from "./field.ts";
import { boolean, choice, commands, duration, integer, list, text } from "./kind.ts";
import { interfaceName } from "./network.ts";
import { RESPONSE_CODES } from "../wire/dns.ts";
import { digest, domain, headerField, recordType } from "./request-kind.ts";
import { directory } from "./system.ts";

/** The types of this version; the language has more. */
export const TYPES = [
  ...(["script", "process", "file", "tcp", "http", "https", "smtp", "dns", "ping", "udp"] as const),
  ...(["redis", "mysql", "pgsql", "on", "off"] as const),
] as const;
export type CheckType = (typeof TYPES)[number];

/** More than any priority: what a file may do to one is limited by 1 to 254 anyway. */
const NUMBER_MAX = 254;
const HEADERS_MAX = 32;
const URLS_MAX = 16;
const PAYLOAD_MAX = 1400;
const DAY = 86_400_000;

/** A word that goes into a protocol: no NUL, which ends one. */
const words = (manual: string) =>
  text(manual, (value) => (/^[^\0\r\n]{1,255}$/.test(value) ? null : "1 to 255 characters of one line"));

/** One of `urls`: what is left out is the check's. */
const urlFields = {
  path: required(requestPath, "What is asked for."),
  expect_status: absent(statusCodes, "the check's", "Status codes that mean success."),
  expect_body: absent(pattern, "none", "What the body must match."),
  expect_digest: absent(digest, "none", "The MD5 of the body."),
} satisfies Fields;

/** What is probed: the keys that every check has, whoever depends on it. */
export const probe = {
  command: absent(
    commands,
    "none",
    "script: the command, which must be there; exit status 0 is success, and no shell is involved.",
    { keepalived: ["script"] },
  ),
  dynamic: optional(
    boolean,
    false,
    "script: exit statuses from 2 to 255 are success, too, and say a number, so much less 2: it is added to a router's priority, or it is a real server's weight instead of the configured one.",
    { keepalived: ["misc_dynamic"] },
  ),
  process: absent(
    programName,
    "none",
    "process: a program that must run: its name, or its absolute path, or an array of that and its first arguments. Every process that /proc shows counts, zombies do not.",
    { see: "proc(5)", keepalived: ["vrrp_track_process"] },
  ),
  pidfile: absent(
    directory(""),
    "none",
    "process: a file with the number of the process that must run. With process that one must also be the program named, so that a stale file whose number went to another program is noticed.",
  ),
  file: absent(
    directory(""),
    "none",
    "file: a file that must be there and readable; inotify tells changes.",
    {
      see: "inotify(7)",
      keepalived: ["track_file"],
    },
  ),
  max_age: absent(
    duration(1000, 3650 * DAY),
    "none",
    "file: it must have been written since, by the clock of this host: a backup of last night. One from the future is new.",
  ),
  min_size: optional(integer(0, 2 ** 53 - 1), 0, "file: the bytes that it must have at least."),
  content: optional(
    choice(["any", "integer"]),
    "any",
    "file: integer: it must hold a whole number, which is added to the priority, where -254 or less is a fault, or to the weight of a real server.",
  ),
  scale: optional(
    integer(-NUMBER_MAX, NUMBER_MAX),
    1,
    "file: what the number in it is multiplied by before it is added.",
  ),
  default: absent(
    integer(-NUMBER_MAX, NUMBER_MAX),
    "none: that is a failure",
    "file: the number that counts while the file is missing or holds none.",
  ),
  target: absent(
    endpoint,
    "none",
    'where to, an IP address with its port ("192.0.2.1:80", "[2001:db8::1]:80"; ping: without); tcp and udp need one, the others have their usual one by default. Of a virtual server\'s check: instead of the real server\'s own address and port, or without a port of its address only.',
  ),
  port: absent(
    integer(1, 65_535),
    "the target's or the real server's",
    "another port, where target names none.",
    { keepalived: ["connect_port"] },
  ),
  interface: absent(
    interfaceName,
    "whichever the routes say",
    "the interface to go out through, whatever the routes say; needed for a link-local target.",
    { see: "SO_BINDTODEVICE in socket(7)" },
  ),
  source: absent(localAddress, "whichever the kernel chooses", "the address to come from.", {
    keepalived: ["bindto"],
  }),
  mark: optional(
    integer(0, 2 ** 32 - 1),
    0,
    "the mark that its packets carry, which rules of routing and of the packet filter see; 0: none.",
    { see: "SO_MARK in socket(7)", keepalived: ["fwmark"] },
  ),
  path: optional(requestPath, "/", "http, https: what is asked for."),
  method: optional(choice(["GET", "HEAD", "OPTIONS"]), "GET", "http, https: the method of the request."),
  host: absent(
    text("a host name", (value) => (/^[A-Za-z0-9.:[\]_-]{1,255}$/.test(value) ? null : "a host name")),
    "the target",
    "http, https: what the Host header names.",
    { keepalived: ["virtualhost"] },
  ),
  headers: optional(
    list(headerField, HEADERS_MAX),
    [],
    'http, https: further fields of the request, as in ["Authorization: Basic Y2hlY2s6c2VjcmV0"]; one that is sent anyway is replaced.',
    { secret: true },
  ),
  expect_status: optional(
    statusCodes,
    [{ low: 200, high: 299 }],
    "http, https: status codes that mean success; redirections are not followed.",
    { keepalived: ["status_code"] },
  ),
  expect_body: absent(
    pattern,
    "none",
    "http, https: a regular expression (as in JavaScript, without backreferences and lookaround; (?i) in front ignores case) that the body must match within its first 64 KiB; file: the same of its content.",
    { keepalived: ["regex"] },
  ),
  expect_digest: absent(
    digest,
    "none",
    "http, https: the MD5 of the body in hexadecimal, as genhash of keepalived prints it; the body has 224 KiB at most.",
    { keepalived: ["digest"] },
  ),
  urls: listing(
    optional(
      list(record(urlFields, "path"), URLS_MAX),
      [],
      "http, https: instead of path, several: all must be answered as expected, each over a connection of its own, within the one timeout.",
      { keepalived: ["url"] },
    ),
    urlFields,
  ),
  tls: optional(
    boolean,
    false,
    "smtp, redis, mysql, pgsql: over TLS, with server_name, ca, verify and expiry_warning as https has them. smtp and the databases begin in clear and ask for it (STARTTLS); redis, and smtp on port 465, begin with it.",
    { see: "RFC 3207" },
  ),
  server_name: absent(
    text("a host name", (value) => (/^[A-Za-z0-9._-]{1,253}$/.test(value) ? null : "a host name")),
    "host where that is a name",
    "https, tls: the name that the server is told before it shows a certificate, and that its certificate must be for. Where there is none, it must be for the target's address.",
    { see: "RFC 6066 3", keepalived: ["enable_sni"] },
  ),
  verify: optional(
    boolean,
    true,
    "https, tls: the server's certificate must be vouched for, in force, and for server_name; false: whatever it is.",
  ),
  ca: absent(
    directory(""),
    "the authorities that browsers know, as of the build",
    "https, tls: a file of certificates (PEM) that vouch for the server's, read at each probe; a certificate that vouches for itself can stand there too.",
  ),
  expiry_warning: optional(
    integer(0, 3650),
    14,
    "https, tls: days before the end of the server's certificate from which on it is warned of, in the log and in status.",
  ),
  helo: absent(
    text("a host name", (value) => (/^[A-Za-z0-9._:[\]-]{1,253}$/.test(value) ? null : "a host name")),
    "the host name",
    "smtp: whom we say we are.",
    { see: "RFC 5321 4.1.1.1", keepalived: ["helo_name"] },
  ),
  query: optional(domain, ".", "dns: the name that is asked for.", { keepalived: ["name"] }),
  query_type: optional(recordType, 6, "dns: the type of record that is asked for; numbers as TYPE65."),
  transport: optional(
    choice(["udp", "tcp"]),
    "udp",
    "dns: how; an answer too long for udp is asked for by tcp.",
  ),
  expect_rcode: optional(
    choice(RESPONSE_CODES),
    "NOERROR",
    "dns: the response code that means success; with NOERROR there must be a record, too.",
  ),
  expect_answer: absent(
    pattern,
    "none",
    'dns: a regular expression that the data of one record must match, as master files have it: "192.0.2.1", "10 mail.example.org.".',
  ),
  payload: absent(
    text("a text", (value) => (value.length <= PAYLOAD_MAX ? null : `at most ${PAYLOAD_MAX} characters`)),
    "an empty datagram",
    "udp: what is sent, as UTF-8.",
  ),
  payload_hex: absent(
    text("hexadecimal digits", (value) =>
      /^([0-9a-fA-F]{2}\s*)*$/.test(value) && value.length <= 3 * PAYLOAD_MAX
        ? null
        : "pairs of hexadecimal digits",
    ),
    "none",
    "udp: what is sent, in hexadecimal.",
  ),
  expect_reply: absent(pattern, "none", "udp: a regular expression that the reply must match, as UTF-8.", {
    keepalived: ["require_reply"],
  }),
  require_reply: optional(
    boolean,
    false,
    "udp: something must come back. Otherwise silence until the timeout is success, as there is no other sign of life; ICMP that says that nobody is there is a failure.",
  ),
  username: absent(
    words("a user name"),
    "none",
    "mysql, pgsql: who logs in; without it is enough that the server answers a stranger. redis: with password, who does.",
  ),
  password: absent(
    words("a password"),
    "none",
    "redis, mysql, pgsql: of the login. Without tls it goes over the network as a hash to mysql and pgsql (see get_server_public_key), in clear to redis.",
    { secret: true },
  ),
  get_server_public_key: optional(
    boolean,
    false,
    "mysql without tls: a server that wants the password itself (caching_sha2_password, where it does not remember it) is asked for its public key, and gets the password encrypted with that. Nothing says whose key it is: who can answer in the server's place learns the password. false: such a login fails.",
  ),
  database: absent(words("a database"), "the server's default", "mysql, pgsql: what is logged in to."),
} satisfies Fields;

type Key = keyof typeof probe;

/** Of probes over the network. */
const ROUTE: readonly Key[] = ["interface", "source", "mark"];

/** Of those that can be over TLS. */
const TLS: readonly Key[] = ["server_name", "verify", "ca", "expiry_warning"];

const WEB: readonly Key[] = [
  ...(["path", "method", "host", "headers"] as const),
  ...(["expect_status", "expect_body", "expect_digest", "urls"] as const),
];

const DATABASE: readonly Key[] = ["port", ...ROUTE, "username", "password", "database", "tls", ...TLS];

/** The port of a type where none is written. */
export const USUAL_PORT: Readonly<Partial<Record<CheckType, number>>> = {
  ...{ http: 80, https: 443, smtp: 25, dns: 53, redis: 6379, mysql: 3306, pgsql: 5432 },
};

/** The keys of each type: one of `needs` must be there. */
export const KEYS_OF: Readonly<
  Record<CheckType, { readonly needs: readonly Key[]; readonly takes: readonly Key[] }>
> = {
  script: { needs: ["command"], takes: ["dynamic"] },
  process: { needs: ["process", "pidfile"], takes: [] },
  file: { needs: ["file"], takes: ["content", "scale", "default", "expect_body", "max_age", "min_size"] },
  tcp: { needs: ["target"], takes: ["port", ...ROUTE] },
  http: { needs: ["target"], takes: ["port", ...ROUTE, ...WEB] },
  https: { needs: ["target"], takes: ["port", ...ROUTE, ...WEB, ...TLS] },
  ping: { needs: ["target"], takes: ROUTE },
  smtp: { needs: ["target"], takes: ["port", ...ROUTE, "helo", "tls", ...TLS] },
  dns: {
    needs: ["target"],
    takes: [
      "port",
      ...ROUTE,
      ...(["query", "query_type", "transport", "expect_rcode", "expect_answer"] as const),
    ],
  },
  udp: {
    needs: ["target"],
    takes: ["port", ...ROUTE, "payload", "payload_hex", "expect_reply", "require_reply"],
  },
  redis: { needs: ["target"], takes: ["port", ...ROUTE, "username", "password", "tls", ...TLS] },
  mysql: { needs: ["target"], takes: [...DATABASE, "get_server_public_key"] },
  pgsql: { needs: ["target"], takes: DATABASE },
  on: { needs: [], takes: [] },
  off: { needs: [], takes: [] },
};
