/** Names of the system, and how long lists may be. Each row: a rule, a text, all that is said of it. */
import { agent, router, table } from "./said.ts";

table("a name of the system", [
  [
    "an interface has 15 bytes at most",
    router('interface = "abcdefghijklmnop"'),
    ['2:13 error: interface must be at most 15 bytes long, not "abcdefghijklmnop"'],
  ],
  [
    "an interface has 15 bytes at most, counted in UTF-8",
    router('interface = "éééééééé"'),
    ['2:13 error: interface must be at most 15 bytes long, not "éééééééé"'],
  ],
  [
    "an interface has no slash",
    router('interface = "eth/0"'),
    [
      '2:13 error: interface must be an interface name without slash, space or control character, not "eth/0"',
    ],
  ],
  [
    "an interface has no space",
    router('interface = "eth 0"'),
    [
      '2:13 error: interface must be an interface name without slash, space or control character, not "eth 0"',
    ],
  ],
  [
    "an interface is no label",
    router('interface = "eth0:1"'),
    [
      '2:13 error: interface must be an interface name without colon ("eth0:1" is a label: name the interface, and the label with the address), not "eth0:1"',
    ],
  ],
  [
    "an interface is not empty",
    router('interface = ""'),
    ['2:13 error: interface must be an interface name, not ""'],
  ],
  [
    "an interface is not ..",
    router('interface = ".."'),
    ['2:13 error: interface must be an interface name, not ".."'],
  ],
  [
    "an interface is a string",
    router("interface = 0"),
    ["2:13 error: interface must be an interface name, not 0"],
  ],
  [
    "runtime_dir is absolute",
    agent('runtime_dir = "run"'),
    ['2:15 error: runtime_dir must be an absolute path, not "run"'],
  ],
  [
    "runtime_dir leaves room for its socket",
    agent('runtime_dir = "/' + "r".repeat(94) + '"'),
    [
      '2:15 error: runtime_dir must be an absolute path of at most 94 bytes, not "/rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr…"',
    ],
  ],
  [
    "state_dir is absolute",
    agent('state_dir = ""'),
    ['2:13 error: state_dir must be an absolute path, not ""'],
  ],
  [
    "control_group is no path",
    agent('control_group = "/haagent"'),
    ['2:17 error: control_group must be a user or group name, not "/haagent"'],
  ],
  [
    "control_group and script_user of this host are fine",
    agent('control_group = "haagent"', 'script_user = "haagent-script"'),
    [],
  ],
  [
    "control_group and script_user that this host does not have are warnings",
    agent('control_group = "wheel"', 'script_user = "ops"'),
    [
      '2:17 warning: there is no group "wheel" on this host: the agent will not start',
      '3:15 warning: there is no user "ops" on this host: no check, hook or notify command can run',
    ],
  ],
  [
    "script_user is a name",
    agent('script_user = ""'),
    ['2:15 error: script_user must be a user or group name, not ""'],
  ],
  [
    "node is a name",
    agent('node = "ha 1"'),
    [
      '2:8 error: node must be letters, digits, "_", "-" and ".", at most 64, not beginning with "-" or ".", not "ha 1"',
    ],
  ],
  [
    "log.target is stderr, syslog or absolute",
    agent('log = { target = "haagent.log" }'),
    ['2:18 error: log.target must be "stderr", "syslog" or the absolute path of a file, not "haagent.log"'],
  ],
  [
    "log.target is no directory",
    agent('log = { target = "/var/log/" }'),
    ['2:18 error: log.target must be "stderr", "syslog" or the absolute path of a file, not "/var/log/"'],
  ],
  ["log is a table", agent('log = "debug"'), ["2:7 error: log must be a table, not a string"]],
  [
    "sync_group is a name",
    router('sync_group = "a b"'),
    [
      '5:14 error: sync_group must be letters, digits, "_", "-" and ".", at most 64, not beginning with "-" or ".", not "a b"',
    ],
  ],
]);

table("a list", [
  [
    "of peers ends at 255",
    router("unicast_peers = [" + '"10.0.1.1", '.repeat(256) + "]"),
    ["5:17 error: unicast_peers has 256 elements; the limit is 255"],
  ],
  [
    "of tracked interfaces ends at 4096",
    router("track_interfaces = [" + '"eth1", '.repeat(4097) + "]"),
    ["5:20 error: track_interfaces has 4097 elements; the limit is 4096"],
  ],
]);
