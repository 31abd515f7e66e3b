/** The configuration language: every key of haagent.toml stated once. Reader, findings and manual derive from it. */
import type { Fields } from "./field.ts";
import { absent, group, later, optional } from "./field.ts";
import { choice, integer, text } from "./kind.ts";
import { wholeSeconds } from "./service-kind.ts";
import { account, name } from "./network.ts";
import { RUNTIME_DIR } from "./runtime-dir.ts";
import { directory, logTarget } from "./system.ts";
import { check } from "./tables-check.ts";
import { heartbeat } from "./tables-heartbeat.ts";
import { mail } from "./tables-later.ts";
import { realserver } from "./tables-realserver.ts";
import { virtualServer } from "./tables-virtual-server.ts";
import { vrrp } from "./tables-vrrp.ts";

const FACILITIES = [
  ...["kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"],
  ...["local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"],
] as const;

const SECOND = 1000;
const DAY = 24 * 3600 * SECOND;

/** How long the kernel remembers a connection in which nothing happens. */
const timeout = (doc: string) =>
  absent(wholeSeconds(SECOND, DAY), "as it is", doc, { see: "ipvsadm(8)", keepalived: ["lvs_timeouts"] });

/** `[agent]` */
export const agent = {
  node: absent(name, "the host name", "What this node calls itself."),
  runtime_dir: optional(
    directory("control.sock"),
    RUNTIME_DIR,
    "Control socket, lock and ledger; on a tmpfs, so that it is gone after a boot.",
  ),
  state_dir: optional(
    directory(""),
    "/var/lib/haagent",
    "What must survive a boot; written seldom, for the sake of flash.",
  ),
  maintenance_dir: absent(
    directory(""),
    "none",
    'A directory in which a file takes a real server out, as in ldirectord: its name is the address, "192.0.2.1", or with the port, "192.0.2.1:80" and "[2001:db8::1]:80".',
  ),
  ipvs_timeouts: group(
    {
      tcp: timeout("Of a connection of TCP; the kernel's own is 15m."),
      tcp_fin: timeout("Of one that is being closed; the kernel's own is 2m."),
      udp: timeout("Of a flow of UDP; the kernel's own is 5m."),
    },
    "After how long without a packet the kernel forgets connections of virtual services, all of them; put back when the agent is stopped.",
  ),
  control_group: absent(
    account,
    "none",
    "Members of this group may use the control socket (0660, else 0600).",
  ),
  realtime_priority: optional(
    integer(0, 99),
    0,
    "0: ordinary scheduling; 1 to 99: SCHED_RR at this priority, with memory locked.",
    { see: "sched(7)", keepalived: ["vrrp_rt_priority"] },
  ),
  script_user: absent(
    account,
    "haagent-script if that user exists, else nobody",
    "Checks, hooks and notify commands run as this user; as root only where root is written here.",
  ),
  address_method: optional(
    choice(["auto", "ioctl", "netlink"]),
    "auto",
    "How addresses are added: by rtnetlink, or by the alias ioctls where a label asks for it.",
    { see: "netdevice(7), rtnetlink(7)" },
  ),
  address_lifetime: optional(
    choice(["auto", "forever"]),
    "auto",
    "auto: addresses carry a kernel lifetime that the agent renews, so they vanish when it dies.",
  ),
  metrics_listen: later(
    text("address and port", () => null),
    null,
    "Where Prometheus finds the metrics.",
  ),
  web_listen: later(
    text("address and port", () => null),
    null,
    "Where a browser finds the status page.",
  ),
  log: group(
    {
      level: optional(
        choice(["debug", "info", "warning", "error"]),
        "info",
        "The least level that is logged.",
      ),
      target: optional(logTarget, "stderr", "stderr, syslog, or the absolute name of a file."),
      facility: optional(choice(FACILITIES), "daemon", "The facility in syslog.", { see: "syslog(3)" }),
    },
    "The log.",
  ),
} satisfies Fields;

/** A table of the file. */
export interface Table {
  readonly doc: string;
  readonly fields: Fields;
  /** `[vrrp.NAME]`, any number of them, or `[agent]`, one. */
  readonly named: boolean;
  /** Not in this version, all of it. */
  readonly later: boolean;
}

/** All tables of the file. */
export const tables = {
  agent: { doc: "The agent itself.", fields: agent, named: false, later: false },
  mail: { doc: "Mail about changes of state.", fields: mail, named: false, later: true },
  vrrp: { doc: "A virtual router; the table's name is its name.", fields: vrrp, named: true, later: false },
  check: { doc: "A probe that can move a virtual router.", fields: check, named: true, later: false },
  heartbeat: {
    doc: "Linux-HA heartbeat: membership over several links.",
    fields: heartbeat,
    named: false,
    later: false,
  },
  virtual_server: {
    doc: "A service that the kernel balances over real servers (IPVS); the table's name is its name.",
    fields: virtualServer,
    named: true,
    later: false,
  },
  realserver: {
    doc: "This host as a real server behind a director that forwards by `dr`; see realserver.md.",
    fields: realserver,
    named: false,
    later: false,
  },
} satisfies Readonly<Record<string, Table>>;
