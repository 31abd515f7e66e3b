/** The keys of `[heartbeat]`, and which of them belong to which type of link. */
import { ms } from "../base/units.ts";
import type { Fields } from "./field.ts";
import { absent, group, later, listing, optional, record, required } from "./field.ts";
import { boolean, choice, commands, duration, integer, list } from "./kind.ts";
import { named } from "./named.ts";
import { groupAddress, hostAddress, interfaceName, name } from "./network.ts";
import { directory, secret } from "./system.ts";
import { fenceFields } from "./tables-fence.ts";
import { resources } from "./tables-resources.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const ELEMENTS_MAX = 4096;

const authFields = {
  method: absent(
    choice(["crc", "md5", "sha1", "sha256"]),
    "that of keys_file",
    "How messages are signed: crc keeps damaged messages out and nobody else; sha256 among haagents only. Its key has the number 1.",
  ),
  key: absent(secret, "none", "The shared key; crc has none."),
  keys_file: absent(
    directory(""),
    "none",
    "A file of keys as heartbeat writes it (authkeys), mode 0600, instead of method and key: all its keys are accepted, the one that its auth line names signs.",
  ),
  follow: optional(
    boolean,
    false,
    "Sign with the key that a peer was last heard to sign with. For the time in which the keys of a cluster with a heartbeat 3.0.6 are replaced, which takes each message for signed with its own key.",
  ),
} satisfies Fields;

const linkFields = {
  type: required(choice(["serial", "broadcast", "multicast", "unicast"]), "The medium."),
  device: absent(
    directory(""),
    "none",
    "serial: the line; 8 bits, no parity, locked for us alone. One that the kernel uses as its console is refused.",
    { see: "termios(3)" },
  ),
  baud: optional(
    integer(300, 4_000_000),
    19_200,
    "serial: its speed, any that the port can do; messages may take half of it.",
  ),
  rtscts: optional(
    boolean,
    false,
    "serial: hardware flow control. heartbeat always has it on: without these wires in the cable it must be off here.",
  ),
  interface: absent(interfaceName, "none", "All others: the interface, whatever the routes say."),
  group: absent(groupAddress, "none", "multicast: the group."),
  ttl: optional(integer(1, 255), 1, "multicast: how many hops messages go."),
  peer: absent(hostAddress, "none", "unicast: the other node; one link for each of several."),
} satisfies Fields;

/** The keys that a link of each type needs; `may` has a default. */
export const LINK_KEYS = {
  serial: { needs: ["device"], may: ["baud", "rtscts"] },
  broadcast: { needs: ["interface"], may: [] },
  multicast: { needs: ["interface", "group"], may: ["ttl"] },
  unicast: { needs: ["interface", "peer"], may: [] },
} as const;

/** `[heartbeat]` */
export const heartbeat = {
  nodes: required(
    list(name, ELEMENTS_MAX),
    "The uname -n of each node, this one (agent.node) included: two to five.",
  ),
  keepalive: optional(duration(10, HOUR), ms(SECOND), "Between two messages."),
  warntime: absent(
    duration(10, HOUR),
    "deadtime / 2",
    "Silence that is worth a warning, and makes a link late.",
  ),
  deadtime: optional(
    duration(10, HOUR),
    ms(10 * SECOND),
    "Silence that means death; told to the others, each of which waits so long for us. More than two keepalives.",
  ),
  initdead: absent(duration(10, HOUR), "2 × deadtime", "The same after the start, while networks come up."),
  udp_port: optional(integer(1, 65_535), 694, "The port of broadcast, multicast and unicast links."),
  auth: listing(required(record(authFields), "How messages are signed.", { secret: true }), authFields),
  links: listing(
    required(
      list(record(linkFields), ELEMENTS_MAX),
      "The media between the nodes; a single one is worth a warning. Masters that go, and two masters, are told over them as well.",
    ),
    linkFields,
  ),
  ping_nodes: optional(
    list(hostAddress, ELEMENTS_MAX),
    [],
    "Addresses that both nodes need, as a gateway: each gets an ICMP echo request every keepalive, and is dead when it has not answered for deadtime. The side that hears more of them gets the resources (heartbeat's ping and ipfail).",
  ),
  ping_groups: optional(
    named(list(hostAddress, ELEMENTS_MAX), ELEMENTS_MAX),
    [],
    'Addresses that count as one ping node, alive while any of them answers: { upstream = ["192.0.2.1", "192.0.2.2"] } (heartbeat\'s ping_group).',
  ),
  watchdog: later(directory(""), null, "A watchdog device."),
  ...resources,
  fence: listing(
    absent(
      record(fenceFields),
      "none",
      "What makes sure that a node that is not heard, and has not left cleanly, is down before its groups are taken over (heartbeat's stonith).",
    ),
    fenceFields,
  ),
  notify: group(
    {
      link: optional(commands, [], "A link is up, late, dead, failed or open."),
      node: optional(
        commands,
        [],
        "A node, or a ping node, is up, active, dead, restarted, returned or leaving; or it differs in its groups, or has the same again.",
      ),
      group: optional(
        commands,
        [],
        "A group of resources is starting, started, stopping, stopped, failed or stuck here.",
      ),
    },
    "Commands run after a change, not waited for, with LINK, NODE or GROUP, the name and the state appended.",
  ),
} satisfies Fields;
