/** The keys of `[virtual_server.NAME]`: a service that the kernel balances, its servers, and how they are probed. */
import { ms } from "../base/units.ts";
import type { Fields } from "./field.ts";
import { absent, group, listing, optional, record, required } from "./field.ts";
import { boolean, choice, commands, duration, integer, list, text } from "./kind.ts";
import { place } from "./service-kind.ts";
import { serverCheck } from "./tables-check.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** Servers of one service. */
const SERVERS_MAX = 4096;
const WEIGHT_MAX = 65_535;
/** Thresholds are signed in the kernel. */
const THRESHOLD_MAX = 2 ** 31 - 1;
const FLAGS_MAX = 8;

const SCHEDULERS = [
  ...([
    "rr",
    "wrr",
    "lc",
    "wlc",
    "fo",
    "ovf",
    "lblc",
    "lblcr",
    "dh",
    "sh",
    "mh",
    "sed",
    "nq",
    "twos",
  ] as const),
] as const;
const FORWARDS = ["dr", "nat", "tun"] as const;

/** `check`, of one server: the service's but for the keys that are written, or one of its own where it says type. */
export const ownCheck = {
  ...serverCheck,
  type: absent(serverCheck.type.kind, "the service's", serverCheck.type.doc),
} satisfies Fields;

const forward = absent(choice(FORWARDS), "the service's", "How packets reach it.", {
  keepalived: ["lvs_method"],
});

const fallbackFields = {
  address: required(place, "The sorry server; without a port that of the service."),
  forward,
  weight: optional(integer(1, WEIGHT_MAX), 1, "Its weight while it serves."),
  check: listing(
    absent(
      record(serverCheck),
      "none",
      "How it is probed; while it fails it is not used. Without one it always is.",
    ),
    serverCheck,
  ),
} satisfies Fields;

const serverFields = {
  address: required(place, "The real server; without a port that of the service."),
  weight: optional(integer(0, WEIGHT_MAX), 1, "Its share; 0 takes no new connections."),
  forward,
  u_threshold: optional(integer(0, THRESHOLD_MAX), 0, "No new connections from this many on; 0: no limit.", {
    keepalived: ["uthreshold"],
  }),
  l_threshold: optional(
    integer(0, THRESHOLD_MAX),
    0,
    "New ones again below this many; 0: three quarters of u_threshold.",
    { keepalived: ["lthreshold"] },
  ),
  check: listing(
    absent(
      record(ownCheck),
      "the service's",
      "How this one is probed: the keys written here instead of those of the service's check; with type, a check of its own.",
    ),
    {},
  ),
} satisfies Fields;

const notifyFields = {
  up: optional(commands, [], "A server is in service.", { keepalived: ["notify_up"] }),
  down: optional(commands, [], "A server is out of service.", { keepalived: ["notify_down"] }),
  quorum_up: optional(commands, [], "The service has its quorum.", { keepalived: ["quorum_up"] }),
  quorum_down: optional(commands, [], "The service has lost its quorum.", { keepalived: ["quorum_down"] }),
} satisfies Fields;

/** `[virtual_server.NAME]` */
export const virtualServer = {
  address: absent(
    place,
    "none",
    "The service's address and port, or fwmark. Port 0 is every port, and needs persistence.",
  ),
  fwmark: absent(
    integer(1, 2 ** 32 - 1),
    "none",
    "The service is whatever the packet filter has given this mark.",
  ),
  protocol: optional(choice(["tcp", "udp", "sctp"]), "tcp", "The transport; a firewall mark has any."),
  scheduler: optional(choice(SCHEDULERS), "wlc", "How the kernel chooses a server.", {
    see: "ipvsadm(8)",
    keepalived: ["lvs_sched", "lb_algo"],
  }),
  scheduler_flags: optional(
    list(
      choice(["sh-port", "sh-fallback", "mh-port", "mh-fallback", "flag-1", "flag-2", "flag-3"]),
      FLAGS_MAX,
    ),
    [],
    "Of sh and mh: -port counts the client's port as well, -fallback takes another server where the chosen one is out.",
  ),
  one_packet: optional(boolean, false, "UDP: each datagram is scheduled for itself.", {
    keepalived: ["ops"],
  }),
  forward: optional(
    choice(FORWARDS),
    "dr",
    "How packets reach the servers: dr changes the link-layer address only, nat rewrites addresses and ports, tun wraps them (IP in IP). With dr and tun a server has the service's address on a loopback and its port.",
    { keepalived: ["lvs_method", "lb_kind"] },
  ),
  persistence: optional(
    duration(0, 24 * HOUR),
    ms(0),
    "How long a client stays with its server, in whole seconds; 0: no longer than a connection.",
    { keepalived: ["persistence_timeout"] },
  ),
  persistence_netmask: absent(
    integer(1, 128),
    "the whole address",
    "Clients whose first so many bits agree are one.",
    { keepalived: ["persistence_granularity"] },
  ),
  quiescent: optional(
    boolean,
    true,
    "A failed server keeps its connections at weight 0 (true), or is removed, and they with it (false).",
    { keepalived: ["inhibit_on_failure"] },
  ),
  drain_timeout: optional(
    duration(0, 24 * HOUR),
    ms(60 * SECOND),
    "A server that is listed no more stays at weight 0 while it has connections, but no longer than this; 0s: it is removed at once, and they with it.",
  ),
  quorum: optional(
    integer(1, 2 ** 31 - 1),
    1,
    "The sum of the weights in service that will do; with less the fallback takes everything.",
  ),
  quorum_hysteresis: optional(
    integer(0, 2 ** 31 - 1),
    0,
    "The quorum is reached at so much more than that, and lost at so much less.",
    { keepalived: ["hysteresis"] },
  ),
  panic_below: optional(
    integer(0, 100),
    0,
    "Percentage of the servers: where less of them would be left in service, those that fail stay in. When all fail at once it is rarely they who are ill. Who was not in service does not get in by it.",
  ),
  fallback: listing(
    absent(
      record(fallbackFields, "address"),
      "none",
      "The sorry server: it is in the table before the last other one leaves, and gone after one is back. Without it, servers that are left serve below the quorum, too.",
      { keepalived: ["sorry_server"] },
    ),
    fallbackFields,
  ),
  real_servers: listing(
    required(list(record(serverFields, "address"), SERVERS_MAX), "The servers behind it."),
    serverFields,
  ),
  active_when: absent(
    text("a name", (value) =>
      /^[\x21-\x7e]{1,400}$/.test(value) ? null : "the name of a router, or a group's first resource",
    ),
    "always",
    "Only while this router is master here, or this group of resources runs here (called by its first resource, as status has it), the service is active; its servers are probed all the time.",
  ),
  inactive: optional(
    choice(["empty", "prepared"]),
    "empty",
    "With active_when: what the kernel has while the service is not active: nothing of it, or all of it.",
  ),
  on_stop: optional(
    choice(["remove", "keep"]),
    "remove",
    "What becomes of the service when the agent is stopped: with keep it stays in the kernel as it is, unsupervised, until the next start takes it over or `haagent release` removes it.",
  ),
  ipvs: optional(
    choice(["auto", "sockopt", "netlink"]),
    "auto",
    "How the kernel is programmed; auto is netlink where the kernel has that.",
  ),
  notify: group(notifyFields, "Commands run on a change: of a server, or of the quorum."),
  check: listing(
    absent(
      record(serverCheck),
      "none: servers are always good",
      "How its servers are probed: the keys of `[check.NAME]`, with these defaults, and where to is each server.",
    ),
    serverCheck,
  ),
} satisfies Fields;
