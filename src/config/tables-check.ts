/**
 * The keys of checks: `[check.NAME]` for virtual routers, `[virtual_server.NAME.check]` for real servers. What is probed has the same keys in
 * both; and which of them belong to which type.
 */
import { ms } from "../base/units.ts";
import { endpoint, localAddress, pattern, programName, requestPath, statusCodes } from "./check-kind.ts";
import type { Fields, Values } from "./field.ts";
import { absent, optional, required } from "./field.ts";
import type { Given } from "./kind.ts";
import { choice, commands, duration, integer, text } from "./kind.ts";
import { interfaceName } from "./network.ts";
import { directory } from "./system.ts";
import { PROBES } from "./tables-later.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** More than any priority: what a file may do to one is limited by 1 to 254 anyway. */
export const NUMBER_MAX = 254;

/** The types of this version; the language has more. */
const TYPES = ["script", "process", "file", "tcp", "http", "ping", "on", "off"] as const;
export type CheckType = (typeof TYPES)[number];

/** Those that say something of a real server. */
const SERVER_TYPES = TYPES.filter((type) => type !== "process");

const later = PROBES.filter((type) => !TYPES.some((known) => known === type));
const TYPE_DOC =
  "What is probed. Only script starts a program; the others are done by the agent itself, on a thread of their own.";

/** What is probed: the keys that every check has, whoever depends on it. */
const probe = {
  command: absent(
    commands,
    "none",
    "script: the command, which must be there; exit status 0 is success, and no shell is involved.",
    { keepalived: ["script"] },
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
  content: optional(
    choice(["any", "integer"]),
    "any",
    "file: integer: it must hold a whole number, which is added to the priority; -254 or less is a fault.",
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
    'tcp, http, ping: where to, an IP address with its port ("192.0.2.1:80", "[2001:db8::1]:80"; http: default 80; ping: no port). Of a virtual server\'s check: instead of the real server\'s own address and port, or without a port of its address only.',
  ),
  port: absent(
    integer(1, 65_535),
    "the target's or the real server's",
    "tcp, http: another port, where target names none.",
    { keepalived: ["connect_port"] },
  ),
  interface: absent(
    interfaceName,
    "whichever the routes say",
    "tcp, http, ping: the interface to go out through, whatever the routes say; needed for a link-local target.",
    { see: "SO_BINDTODEVICE in socket(7)" },
  ),
  source: absent(localAddress, "whichever the kernel chooses", "tcp, http, ping: the address to come from.", {
    keepalived: ["bindto"],
  }),
  mark: optional(
    integer(0, 2 ** 32 - 1),
    0,
    "tcp, http, ping: the mark that its packets carry, which rules of routing and of the packet filter see; 0: none.",
    { see: "SO_MARK in socket(7)", keepalived: ["fwmark"] },
  ),
  path: optional(requestPath, "/", "http: what is asked for, by GET."),
  host: absent(
    text("a host name", (value) => (/^[A-Za-z0-9.:[\]_-]{1,255}$/.test(value) ? null : "a host name")),
    "the target",
    "http: what the Host header names.",
    { keepalived: ["virtualhost"] },
  ),
  expect_status: optional(
    statusCodes,
    [{ low: 200, high: 299 }],
    "http: status codes that mean success; redirections are not followed.",
    { keepalived: ["status_code"] },
  ),
  expect_body: absent(
    pattern,
    "none",
    "http: a regular expression (as in JavaScript, without backreferences and lookaround; (?i) in front ignores case) that the body must match within its first 64 KiB; file: the same of its content.",
    { keepalived: ["regex"] },
  ),
} satisfies Fields;

/** How often, how long, how many times: the same keys with other defaults where another thing depends on it. */
const course = (interval: number, timeout: number | null, rise: number) => ({
  interval: optional(
    duration(10, 24 * HOUR),
    ms(interval),
    "From one start of the probe to the next; one that still runs is waited for. Checks are spread over it.",
  ),
  fast_interval: absent(
    duration(10, 24 * HOUR),
    "interval",
    "Instead of interval while it is undecided: before the first verdict, and while results contradict the last one.",
  ),
  timeout:
    timeout === null
      ? absent(
          duration(10, 24 * HOUR),
          "interval",
          "A whole probe that takes longer has failed; a script is killed.",
        )
      : optional(
          duration(10, 24 * HOUR),
          ms(timeout),
          "A whole probe that takes longer has failed; a script is killed.",
        ),
  rise: optional(integer(1, 1000), rise, "Successes in a row that make a failed check good."),
  fall: optional(integer(1, 1000), 3, "Failures in a row that make a good check failed."),
});

/** `[check.NAME]` */
export const check = {
  type: required(choice(TYPES, later), TYPE_DOC),
  ...probe,
  ...course(SECOND, null, 1),
  weight: optional(
    integer(-253, 253),
    0,
    "Added to the priority: while good if positive, while failed if negative. 0: failed means fault.",
  ),
} satisfies Fields;

/** `[virtual_server.NAME.check]`: without target the real server is probed, at its address and port. */
export const serverCheck = {
  type: required(choice(SERVER_TYPES, later), TYPE_DOC),
  ...probe,
  ...course(2 * SECOND, 2 * SECOND, 2),
} satisfies Fields;

/** What both kinds of check have: what is probed, and its course. */
export type ProbeValues = Values<typeof probe & ReturnType<typeof course>> & {
  readonly type: Given<CheckType> | null;
};

type Key = keyof ProbeValues;

/** What every type takes. */
const COMMON = ["type", "interval", "fast_interval", "timeout", "rise", "fall", "weight"];
/** Of probes over the network. */
const ROUTE: readonly Key[] = ["interface", "source", "mark"];

/** Beside those, the keys of each type: one of `needs` must be there. */
export const KEYS_OF: Readonly<
  Record<CheckType, { readonly needs: readonly Key[]; readonly takes: readonly Key[] }>
> = {
  script: { needs: ["command"], takes: [] },
  process: { needs: ["process", "pidfile"], takes: [] },
  file: { needs: ["file"], takes: ["content", "scale", "default", "expect_body"] },
  tcp: { needs: ["target"], takes: ["port", ...ROUTE] },
  http: { needs: ["target"], takes: ["port", ...ROUTE, "path", "host", "expect_status", "expect_body"] },
  ping: { needs: ["target"], takes: ROUTE },
  on: { needs: [], takes: [] },
  off: { needs: [], takes: [] },
};

/** The types that take a key; all of them give null. */
export function typesOf(key: string): CheckType[] | null {
  if (COMMON.includes(key)) return null;
  return TYPES.filter((type) =>
    [...KEYS_OF[type].needs, ...KEYS_OF[type].takes].some((each) => each === key),
  );
}
