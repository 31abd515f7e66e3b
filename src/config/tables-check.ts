/** The keys of `[check.NAME]`, and which of them belong to which type of check. */
import { ms } from "../base/units.ts";
import { endpoint, localAddress, pattern, programName, requestPath, statusCodes } from "./check-kind.ts";
import type { Fields } from "./field.ts";
import { absent, optional, required } from "./field.ts";
import { choice, commands, duration, integer, text } from "./kind.ts";
import { interfaceName } from "./network.ts";
import { directory } from "./system.ts";
import { PROBES } from "./tables-later.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** More than any priority: what a file may do to one is limited by 1 to 254 anyway. */
export const NUMBER_MAX = 254;

/** The types of this version; the language has more. */
const TYPES = ["script", "process", "file", "tcp", "http", "ping"] as const;
export type CheckType = (typeof TYPES)[number];

/** `[check.NAME]` */
export const check = {
  type: required(
    choice(
      TYPES,
      PROBES.filter((type) => !TYPES.some((known) => known === type)),
    ),
    "What is probed. Only script starts a program; the others are done by the agent itself, on a thread of their own.",
  ),
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
    'tcp, http, ping: where to, an IP address with its port ("192.0.2.1:80", "[2001:db8::1]:80"; http: default 80; ping: no port).',
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
  interval: optional(duration(10, 24 * HOUR), ms(SECOND), "From one start of the probe to the next."),
  timeout: absent(
    duration(10, 24 * HOUR),
    "interval",
    "A whole probe that takes longer has failed; a script is killed.",
  ),
  rise: optional(integer(1, 1000), 1, "Successes in a row that make a failed check good."),
  fall: optional(integer(1, 1000), 3, "Failures in a row that make a good check failed."),
  weight: optional(
    integer(-253, 253),
    0,
    "Added to the priority: while good if positive, while failed if negative. 0: failed means fault.",
  ),
} satisfies Fields;

type Key = keyof typeof check;

/** What every type takes. */
const COMMON: readonly Key[] = ["type", "interval", "timeout", "rise", "fall", "weight"];

/** Beside those, the keys of each type: one of `needs` must be there. */
export const KEYS_OF: Readonly<
  Record<CheckType, { readonly needs: readonly Key[]; readonly takes: readonly Key[] }>
> = {
  script: { needs: ["command"], takes: [] },
  process: { needs: ["process", "pidfile"], takes: [] },
  file: { needs: ["file"], takes: ["content", "scale", "default", "expect_body"] },
  tcp: { needs: ["target"], takes: ["interface", "source"] },
  http: {
    needs: ["target"],
    takes: ["interface", "source", "path", "host", "expect_status", "expect_body"],
  },
  ping: { needs: ["target"], takes: ["interface", "source"] },
};

/** The types that take a key; all of them give null. */
export function typesOf(key: string): CheckType[] | null {
  if (COMMON.some((common) => common === key)) return null;
  return TYPES.filter((type) =>
    [...KEYS_OF[type].needs, ...KEYS_OF[type].takes].some((each) => each === key),
  );
}
