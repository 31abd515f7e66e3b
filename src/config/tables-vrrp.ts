/**
 * The keys of `[vrrp.NAME]`, a virtual router.
 * Departs from principle 12: one table, longer with each key.
 */
import { ms } from "../base/units.ts";
import { evidence } from "./evidence.ts";
import type { Fields } from "./field.ts";
import { absent, group, later, listing, optional, record, required } from "./field.ts";
import { boolean, choice, commands, duration, integer, list, text } from "./kind.ts";
import { cidr, groupAddress, hostAddress, interfaceName, label, name } from "./network.ts";
import { route } from "./route.ts";
import { PRIORITY_USUAL, rule } from "./rule.ts";
import { secret } from "./system.ts";
import { trackedInterfaceFields } from "./tables-track.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** No list of one key may be longer: what a person writes stays far below, what a script writes should too. */
const ELEMENTS_MAX = 4096;
/** Each is asked in each silence. */
const WITNESSES_MAX = 16;
/** Each peer costs a packet an interval. */
const PEERS_MAX = 255;

const addressFields = {
  address: required(cidr, "The address with its prefix length; without one /32 or /128, with a warning."),
  interface: absent(interfaceName, "the router's", "The interface that gets it.", { keepalived: ["dev"] }),
  label: absent(label, "none", 'IPv4: the alias that ifconfig shows, "eth1:1".'),
} satisfies Fields;

const peerFields = {
  address: required(hostAddress, "The peer's address."),
  min_ttl: optional(
    integer(1, 255),
    255,
    "The lowest TTL or hop limit believed from this peer: 255 less the routers on the way.",
  ),
} satisfies Fields;

const authFields = {
  type: required(
    choice(["none", "pass", "ah"]),
    "none; pass: a password in clear text; ah: an authentication header with HMAC-MD5-96, obsolete, for the sake of keepalived's.",
    { keepalived: ["auth_type"] },
  ),
  key: absent(secret, "", "The password or key; the first 8 bytes count.", { keepalived: ["auth_pass"] }),
} satisfies Fields;

/** `[vrrp.NAME]` */
export const vrrp = {
  interface: required(interfaceName, "The interface that adverts are sent and heard on."),
  vrid: required(
    integer(1, 255),
    "Virtual router identifier: the same on all nodes of this router, unique on the link.",
    {
      see: "RFC 9568 5.2.3",
      keepalived: ["virtual_router_id"],
    },
  ),
  version: optional(
    choice([3, 2, "2+3"]),
    3,
    "Version of the protocol; IPv6 needs 3. 2+3 sends and hears both, while old routers are replaced one by one; version 2 is then told whole seconds.",
    { see: "RFC 9568, RFC 3768, RFC 5798 8.4" },
  ),
  priority: optional(
    integer(1, 255),
    100,
    "The highest wins the election; 255 is for the owner, whose interface has the addresses by itself.",
    { see: "RFC 9568 5.2.4" },
  ),
  initial_state: optional(
    choice(["backup", "master"]),
    "backup",
    "Taken for the sake of keepalived's users; below priority 255 it changes nothing.",
    { keepalived: ["state"] },
  ),
  advert_interval: optional(
    duration(10, 255 * SECOND),
    ms(SECOND),
    "Between two adverts. Version 2: whole seconds, 1s to 255s; version 3: 10ms to 40.95s in steps of 10ms. " +
      "A version 2 advert of another interval is believed all the same, and the longer interval counts (RFC 3768 7.1 would drop it, and so " +
      "make two masters of a typing error).",
    { see: "RFC 9568 5.2.7, RFC 3768 5.3.7", keepalived: ["advert_int"] },
  ),
  preempt: optional(boolean, true, "Whether a higher priority takes over from a master that works.", {
    see: "RFC 9568 6.1",
    keepalived: ["nopreempt"],
  }),
  preempt_delay: optional(
    duration(0, HOUR),
    ms(0),
    "How long a master of lower priority is tolerated first.",
  ),
  startup_delay: optional(
    duration(0, HOUR),
    ms(0),
    "How long to only listen after the agent's start, as where switch ports learn first; not after a crash that was resumed.",
    { keepalived: ["vrrp_startup_delay"] },
  ),
  tie: optional(
    choice(["address", "sticky"]),
    "address",
    "Two masters of equal priority: address: the higher source address stays; sticky: the one that is master for longer, where all nodes have it so.",
  ),
  checksum: optional(
    choice(["rfc5798", "rfc9568"]),
    "rfc5798",
    "Version 3 over IPv4 is sent with a pseudo-header in the checksum (rfc5798, as keepalived and FRR do) or without; both are accepted.",
    { see: "RFC 5798 5.2.8, RFC 9568 5.2.8", keepalived: ["v3_checksum_as_v2"] },
  ),
  auth: listing(
    absent(record(authFields), '{ type = "none" }', "Version 2 only: what RFC 2338 called authentication.", {
      secret: true,
      see: "RFC 2338 5.3.6, RFC 2402",
      keepalived: ["authentication"],
    }),
    authFields,
  ),
  addresses: listing(
    optional(
      list(record(addressFields, "address"), ELEMENTS_MAX),
      [],
      "What the master holds and advertises, one family; the same list on every node.",
      { see: "RFC 9568 5.2.9", keepalived: ["virtual_ipaddress", "virtual_ip_address"] },
    ),
    addressFields,
  ),
  excluded_addresses: listing(
    optional(
      list(record(addressFields, "address"), ELEMENTS_MAX),
      [],
      "What the master holds too, of any family, without advertising it.",
      { keepalived: ["virtual_ipaddress_excluded"] },
    ),
    addressFields,
  ),
  on_found: optional(
    choice(["fault", "adopt"]),
    "fault",
    "An address or route that is there but not ours, below priority 255: fault, or adopt it as it is and never remove it.",
  ),
  routes: optional(
    list(route, ELEMENTS_MAX),
    [],
    'Routes that move with the master, as ip-route(8) takes them: [-4|-6] [TYPE] NETWORK with via, dev, table, metric, src, scope, onlink, mtu. IPv6\'s default is "::/0", or begins with -6.',
    { keepalived: ["virtual_routes"] },
  ),
  rules: optional(
    list(rule, ELEMENTS_MAX),
    [],
    `Policy rules that move with the master, as ip-rule(8) takes them: [-4|-6] [TYPE] with not, from, to, iif, oif, fwmark, table, priority (${PRIORITY_USUAL} unless said).`,
    { keepalived: ["virtual_rules"] },
  ),
  virtual_mac: optional(
    choice([false, true, "announce-only"]),
    false,
    "The addresses live at MAC address 00-00-5e-00-01-VRID (IPv6: 02) on a macvlan vrrp.VRID.INTERFACE (vrrp6.): neighbours keep what they know in a failover; announce-only: adverts still leave from the interface's own MAC address.",
    { see: "RFC 9568 7.3", keepalived: ["use_vmac", "vmac_xmit_base"] },
  ),
  accept: optional(
    boolean,
    true,
    "Whether a master that is not the owner takes packets for the addresses; false: it answers ARP and neighbour discovery for them and forwards, no more, by an nf_tables table of its own.",
    { see: "RFC 9568 6.1", keepalived: ["no_accept"] },
  ),
  multicast_group: absent(groupAddress, "224.0.0.18 or ff02::12", "Where adverts are sent.", {
    see: "RFC 9568 5.1.1.2, 5.1.2.2",
    keepalived: ["mcast_dst_ip"],
  }),
  unicast_source: absent(
    hostAddress,
    "the interface's first address, IPv6: its link-local one",
    "The source of adverts; never one of the virtual addresses.",
    { keepalived: ["unicast_src_ip", "mcast_src_ip"] },
  ),
  unicast_peers: listing(
    optional(
      list(record(peerFields, "address"), PEERS_MAX),
      [],
      "Adverts go to these instead of a group; unicast ones are believed from these only.",
      { keepalived: ["unicast_peer"] },
    ),
    peerFields,
  ),
  track_interfaces: listing(
    optional(
      list(record(trackedInterfaceFields, "name"), ELEMENTS_MAX),
      [],
      "Other interfaces this router depends on.",
      {
        keepalived: ["track_interface"],
      },
    ),
    trackedInterfaceFields,
  ),
  track_checks: optional(
    list(
      text("the name of a check", () => null),
      ELEMENTS_MAX,
    ),
    [],
    "Checks, by the names of their tables, this router depends on.",
    { keepalived: ["track_script"] },
  ),
  sync_group: absent(
    name,
    "none",
    "All routers of this node that name one group are master together or not at all: while one of them is in fault, or another node is its master, none holds its addresses. With the same priority and weights in each: the group moves only to a node that is better in every member.",
    { keepalived: ["vrrp_sync_group"] },
  ),
  garp: group(
    {
      count: optional(integer(1, 60), 5, "Announcements of each address in a burst.", {
        keepalived: ["garp_master_repeat"],
      }),
      interval: optional(duration(0, SECOND), ms(2), "Between two frames on one interface.", {
        keepalived: ["garp_interval"],
      }),
      refresh: optional(
        duration(0, 24 * HOUR),
        ms(MINUTE),
        "One announcement of each address this often; 0s: never.",
        {
          keepalived: ["garp_master_refresh"],
        },
      ),
      repeat_after: optional(
        duration(0, HOUR),
        ms(5 * SECOND),
        "A second burst this long after the first; 0s: none.",
        {
          keepalived: ["garp_master_delay"],
        },
      ),
    },
    "Gratuitous ARP and unsolicited neighbour advertisements of a new master.",
    { see: "RFC 9568 6.4.2" },
  ),
  notify: group(
    {
      master: optional(commands, [], "Run on becoming master.", { keepalived: ["notify_master"] }),
      backup: optional(commands, [], "Run on becoming backup.", { keepalived: ["notify_backup"] }),
      fault: optional(commands, [], "Run on a fault.", { keepalived: ["notify_fault"] }),
      stop: optional(commands, [], "Run when the agent stops.", { keepalived: ["notify_stop"] }),
      any: optional(
        commands,
        [],
        "Run on each of these, with INSTANCE, the name, the state and the priority appended; with GROUP, its name, the state and 0 when the sync group as a whole changes. A master whose addresses somebody else has, as its cluster or a neighbour shows, runs it once more, the reason in HAAGENT_REASON.",
      ),
    },
    "Commands run after a change of state, not waited for.",
  ),
  hooks: group(
    {
      before_take: optional(
        commands,
        [],
        "Run by a new master, which advertises already and takes the addresses only when this ended well; otherwise it releases.",
      ),
      after_take: optional(
        commands,
        [],
        "Run when the addresses, routes and rules are there and announced; a failure is logged and decides nothing.",
      ),
      before_release: optional(
        commands,
        [],
        "Run before the addresses are given up of free will (stop, standby, a reload, a failed check) and waited for; at any other loss run after it. A failure is logged and decides nothing.",
      ),
      timeout: optional(
        duration(10, 5 * MINUTE),
        ms(5 * SECOND),
        "How long all commands of a hook may take together; then their process group is killed and the hook has failed. The agent's stop may take this and a second more: with before_release above 8s raise the kill timeout of its service file too (10 s as shipped), which the doctor reads.",
      ),
      retry: optional(
        duration(10, HOUR),
        ms(30 * SECOND),
        "How long the router stays in fault after a before_take that failed.",
      ),
    },
    "Commands that are waited for, unlike notify. One at a time for each router; those of several routers run side by side, and a sync group takes when the last of its before_take ended well.",
  ),
  mail: later(boolean, false, "Whether changes of state are mailed.", { keepalived: ["smtp_alert"] }),
  guard: optional(
    list(evidence, WITNESSES_MAX),
    [],
    'Evidence asked for before taking over from a master that is heard no more. "heartbeat": the other nodes of [heartbeat]; as long as one says that it is master and healthy, this one stays backup and raises an alarm. "ping:ADDRESS": a witness; while none of them answers, this one stays backup, as it may be cut off itself. A clean release needs no evidence, and takeover --force asks for none.',
  ),
  on_isolation: optional(
    choice(["keep", "release"]),
    "keep",
    "What a master does that no witness of guard answers three times, a second apart or an advert_interval if that is longer: keep the addresses, or release them to whoever is not cut off.",
  ),
} satisfies Fields;
