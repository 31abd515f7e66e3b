/** What each kind of value may be. Each row: a rule, a text, all that is said of it. */
import { agent, checked, router, table } from "./said.ts";

table("a boolean", [
  ["is no string", router('preempt = "yes"'), ['5:11 error: preempt must be true or false, not "yes"']],
  ["is no number", router("preempt = 1"), ["5:11 error: preempt must be true or false, not 1"]],
]);

table("an integer", [
  [
    "is no string",
    router('priority = "150"'),
    ['5:12 error: priority must be a whole number from 1 to 255, not "150"'],
  ],
  [
    "has no fraction",
    router("priority = 1.5"),
    ["5:12 error: priority must be a whole number from 1 to 255, not 1.5"],
  ],
  ["may be written with one that is zero", router("priority = 150.0"), []],
  ["is not below its range", router("priority = 0"), ["5:12 error: priority must be 1 to 255, not 0"]],
  ["is not above its range", router("priority = 256"), ["5:12 error: priority must be 1 to 255, not 256"]],
  [
    "is not nan",
    router("priority = nan"),
    ["5:12 error: priority must be a whole number from 1 to 255, not nan"],
  ],
  [
    "is not inf",
    router("priority = inf"),
    ["5:12 error: priority must be a whole number from 1 to 255, not inf"],
  ],
  [
    "is no array",
    router("vrid = [1]"),
    ["3:8 error: vrid must be a whole number from 1 to 255, not an array"],
  ],
  [
    "is no table",
    router("vrid = { a = 1 }"),
    ["3:8 error: vrid must be a whole number from 1 to 255, not a table"],
  ],
  [
    "is no date",
    router("vrid = 2020-01-01T00:00:00Z"),
    ["3:8 error: vrid must be a whole number from 1 to 255, not a date"],
  ],
  ["vrid is 1 at least", router("vrid = 0"), ["3:8 error: vrid must be 1 to 255, not 0"]],
  ["vrid is 255 at most", router("vrid = 256"), ["3:8 error: vrid must be 1 to 255, not 256"]],
  ["vrid may be 255", router("vrid = 255"), []],
  [
    "garp.count is 1 at least",
    router("garp = { count = 0 }"),
    ["5:18 error: garp.count must be 1 to 60, not 0"],
  ],
  [
    "garp.count is 60 at most",
    router("garp = { count = 61 }"),
    ["5:18 error: garp.count must be 1 to 60, not 61"],
  ],
  [
    "realtime_priority is 99 at most",
    agent("realtime_priority = 100"),
    ["2:21 error: realtime_priority must be 0 to 99, not 100"],
  ],
  [
    "realtime_priority is 0 at least",
    agent("realtime_priority = -1"),
    ["2:21 error: realtime_priority must be 0 to 99, not -1"],
  ],
  [
    "a check's weight is 253 at most",
    checked("weight = 254"),
    ["9:10 error: weight must be -253 to 253, not 254"],
  ],
  [
    "a check's weight is -253 at least",
    checked("weight = -254"),
    ["9:10 error: weight must be -253 to 253, not -254"],
  ],
  [
    "an interface's weight is -253 at least",
    router('track_interfaces = [{ name = "eth1", weight = -254 }]'),
    ["5:47 error: track_interfaces.weight must be -253 to 253, not -254"],
  ],
  ["rise is 1 at least", checked("rise = 0"), ["9:8 error: rise must be 1 to 1000, not 0"]],
  ["fall is 1 at least", checked("fall = 0"), ["9:8 error: fall must be 1 to 1000, not 0"]],
  [
    "min_ttl is 255 at most",
    router('unicast_peers = [{ address = "10.0.0.9", min_ttl = 256 }]'),
    ["5:52 error: unicast_peers.min_ttl must be 1 to 255, not 256"],
  ],
  [
    "min_ttl is 1 at least",
    router('unicast_peers = [{ address = "10.0.0.9", min_ttl = 0 }]'),
    ["5:52 error: unicast_peers.min_ttl must be 1 to 255, not 0"],
  ],
]);

table("a duration", [
  [
    "has a unit or is a number",
    router('advert_interval = "1"'),
    ['5:19 error: advert_interval must be a duration like "10ms", "1s", "5m" or "1h", not "1"'],
  ],
  [
    "knows its units",
    router('advert_interval = "1 sec"'),
    ['5:19 error: advert_interval must be a duration like "10ms", "1s", "5m" or "1h", not "1 sec"'],
  ],
  [
    "is no boolean",
    router("advert_interval = true"),
    ['5:19 error: advert_interval must be a duration like "10ms", "1s", "5m" or "1h", not true'],
  ],
  ["is not negative", router("preempt_delay = -1"), ["5:17 error: preempt_delay must be 0s to 1h, not -1"]],
  [
    "is not negative in a string",
    router('preempt_delay = "-1s"'),
    ['5:17 error: preempt_delay must be a duration like "10ms", "1s", "5m" or "1h", not "-1s"'],
  ],
  [
    "is not below its range",
    router('advert_interval = "5ms"'),
    ['5:19 error: advert_interval must be 10ms to 255s, not "5ms"'],
  ],
  [
    "is not above its range",
    router('preempt_delay = "2h"'),
    ['5:17 error: preempt_delay must be 0s to 1h, not "2h"'],
  ],
  [
    "is not infinite",
    router("preempt_delay = inf"),
    ['5:17 error: preempt_delay must be a duration like "10ms", "1s", "5m" or "1h", not inf'],
  ],
  [
    "garp.interval is 1s at most",
    router('garp = { interval = "1001ms" }'),
    ['5:21 error: garp.interval must be 0s to 1s, not "1001ms"'],
  ],
  [
    "garp.refresh is 24h at most",
    router('garp = { refresh = "25h" }'),
    ['5:20 error: garp.refresh must be 0s to 24h, not "25h"'],
  ],
  [
    "garp.repeat_after is 1h at most",
    router('garp = { repeat_after = "61m" }'),
    ['5:25 error: garp.repeat_after must be 0s to 1h, not "61m"'],
  ],
  [
    "a check's interval is 10ms at least",
    checked('interval = "9ms"'),
    ['9:12 error: interval must be 10ms to 24h, not "9ms"'],
  ],
  [
    "a check's timeout is 10ms at least",
    checked("timeout = 0"),
    ["9:11 error: timeout must be 10ms to 24h, not 0"],
  ],
  ["a check's timeout may be longer than its interval", checked('timeout = "5s"'), []],
]);

table("a word", [
  [
    "is one of the known, with the nearest",
    router('on_found = "adopted"'),
    ['5:12 error: on_found must be "fault" or "adopt", not "adopted"; did you mean "adopt"?'],
  ],
  [
    "is not written in capitals",
    router('initial_state = "BACKUP"'),
    ['5:17 error: initial_state must be "backup" or "master", not "BACKUP"; did you mean "backup"?'],
  ],
  [
    "is one of the known, tie",
    router('tie = "stick"'),
    ['5:7 error: tie must be "address" or "sticky", not "stick"; did you mean "sticky"?'],
  ],
  ["is no number", router("on_found = 1"), ['5:12 error: on_found must be "fault" or "adopt", not 1']],
  [
    "is no string where a number is meant",
    router('version = "3"'),
    ['5:11 error: version must be 3, 2 or "2+3", not "3"'],
  ],
  ["version 4 does not exist", router("version = 4"), ['5:11 error: version must be 3, 2 or "2+3", not 4']],
  [
    "checksum",
    router('checksum = "rfc3768"'),
    ['5:12 error: checksum must be "rfc5798" or "rfc9568", not "rfc3768"; did you mean "rfc5798"?'],
  ],
  [
    "address_method",
    agent('address_method = "ifconfig"'),
    ['2:18 error: address_method must be "auto", "ioctl" or "netlink", not "ifconfig"'],
  ],
  [
    "address_lifetime",
    agent('address_lifetime = "never"'),
    ['2:20 error: address_lifetime must be "auto" or "forever", not "never"'],
  ],
  [
    "log.level",
    agent('log = { level = "warn" }'),
    [
      '2:17 error: log.level must be "debug", "info", "warning" or "error", not "warn"; did you mean "warning"?',
    ],
  ],
  [
    "log.facility",
    agent('log = { facility = "local8" }'),
    [
      '2:20 error: log.facility must be "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "local0", "local1", "local2", "local3", "local4", "local5", "local6" or "local7", not "local8"; did you mean "local0"?',
    ],
  ],
  [
    "auth.type",
    router("version = 2", 'auth = { type = "plain", key = "x" }'),
    ['6:17 error: auth.type must be "none", "pass" or "ah"'],
  ],
]);

table("the timeouts of connections", [
  ["are whole seconds or nothing", agent('ipvs_timeouts = { tcp = "1h", udp = 20 }'), []],
  [
    "have no fraction",
    agent('ipvs_timeouts = { udp = "1.5s" }'),
    ['2:25 error: ipvs_timeouts.udp must be whole seconds, not "1.5s"'],
  ],
  [
    "are a second at least",
    agent('ipvs_timeouts = { tcp_fin = "0s" }'),
    ['2:29 error: ipvs_timeouts.tcp_fin must be 1s to 24h, not "0s"'],
  ],
]);
