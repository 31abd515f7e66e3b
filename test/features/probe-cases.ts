/** What is probed in `probes.test.ts`, by one agent at once, and what must come of it. */

/** Each with its expected verdict; all of them in one agent, as they are in life. */
export type Case = readonly [
  what: string,
  name: string,
  keys: readonly string[],
  up: boolean,
  detail: string,
];

const http = (port: number, ...more: readonly string[]): readonly string[] => [
  'type = "http"',
  `target = "127.0.0.1:${port}"`,
  ...more,
];
const PAGE = 'expect_body = "Test Page"';

const HTTP: readonly Case[] = [
  ["a page of a known length", "length", http(8001, PAGE), true, "HTTP 200, body matches"],
  [
    "a page in chunks, cut within what is looked for",
    "chunks",
    http(8002, PAGE),
    true,
    "HTTP 200, body matches",
  ],
  ["a page that ends with the connection", "close", http(8003, PAGE), true, "HTTP 200, body matches"],
  ["a page behind which the connection stays", "stays", http(8010, PAGE), true, "HTTP 200, body matches"],
  ["a page of another content", "other", http(8009, PAGE), false, "HTTP 200, body does not match"],
  ["another status", "status", http(8004), false, "HTTP 503"],
  ["another status that is expected", "expected", http(8004, 'expect_status = "200,503"'), true, "HTTP 503"],
  [
    "the path and host that are asked for",
    "asked",
    http(
      8009,
      'path = "/a?b=c"',
      'host = "www.example.org"',
      'expect_body = "^GET /a.b=c HTTP/1.1.www.example.org$"',
    ),
    true,
    "body matches",
  ],
  [
    "IPv6",
    "six",
    ['type = "http"', 'target = "[::1]:8009"', 'expect_body = "[[]::1]:8009$"'],
    true,
    "body matches",
  ],
  [
    "several pages of which one is wrong",
    "pages",
    http(8009, 'urls = ["/a", { path = "/b", expect_body = "^GET /c" }]'),
    false,
    "/b: HTTP 200, body does not match",
  ],
  ["a request by HEAD", "head", http(8009, 'method = "HEAD"'), true, "HTTP 200"],
  ["a server that never answers", "hung", http(8005, 'timeout = "300ms"'), false, "timeout after 0.3s"],
  ["a server that dribbles", "dribble", http(8008, 'timeout = "300ms"'), false, "timeout after 0.3s"],
  ["a server of another protocol", "ssh", http(8006), false, "no HTTP response"],
  ["a server that resets", "reset", http(8007), false, "ECONNRESET"],
  ["a body without end", "endless", http(8011, PAGE), false, "HTTP 200, body does not match"],
  [
    "a pattern that others would try for ever",
    "pattern",
    http(8011, 'expect_body = ".*.*.*z"'),
    false,
    "HTTP 200, body does not match",
  ],
  ["a port that nobody listens on", "refused", http(8099), false, "ECONNREFUSED"],
  [
    "a page for who knows the password",
    "key",
    http(8014, 'headers = ["Authorization: Basic eA=="]'),
    true,
    "200",
  ],
  ["the same without it", "keyless", http(8014), false, "HTTP 401"],
  ["a slow page", "slow", http(8015, 'timeout = "700ms"'), true, "HTTP 200"],
  [
    "slow pages that are too many for one timeout",
    "slowpages",
    http(8015, 'timeout = "700ms"', 'urls = ["/1", "/2", "/3", "/4", "/5", "/6", "/7"]'),
    false,
    "timeout after 0.7s",
  ],
  [
    "a page by its digest",
    "digest",
    http(8002, 'expect_digest = "7d9adeeb55d257aff9041d5636f767a8"'),
    true,
    "digest is right",
  ],
  [
    "a page of another digest",
    "digestother",
    http(8002, 'expect_digest = "00000000000000000000000000000000"'),
    false,
    "body has digest 7d9adeeb55d257aff9041d5636f767a8",
  ],
];

/** A check of a type, of a target; half a second is its time. */
export const to = (type: string, target: string, ...more: readonly string[]): readonly string[] => [
  `type = "${type}"`,
  `target = "${target}"`,
  'timeout = "500ms"',
  ...more,
];

const OTHERS: readonly Case[] = [
  ["a port that is open", "open", to("tcp", "127.0.0.1:8005"), true, "connected"],
  ["a port that is open, of IPv6", "open6", to("tcp", "[::1]:8005"), true, "connected"],
  [
    "words slipped in before TLS",
    "slipped",
    to("pgsql", "127.0.0.1:8012", "tls = true"),
    false,
    "says more before TLS",
  ],
  ["mail that is cut off when we take leave", "leave", to("smtp", "127.0.0.1:8013"), true, "220 mail"],
  ["a port that is closed", "closed", to("tcp", "10.77.2.2:9"), false, "ECONNREFUSED"],
  ["a host that is not there", "nobody", to("tcp", "10.77.2.99:80"), false, "timeout after 0.5s"],
  ["a network without a route", "routeless", to("tcp", "10.99.0.1:80"), false, "ENETUNREACH"],
  [
    "an interface that is not there",
    "wan9",
    to("tcp", "10.77.2.2:80", 'interface = "wan9"'),
    false,
    "ENODEV: interface wan9",
  ],
  [
    "a source that is not ours",
    "foreign",
    to("tcp", "10.77.2.2:80", 'source = "10.77.2.77"'),
    false,
    "EADDRNOTAVAIL: source 10.77.2.77",
  ],
  [
    "a port through an interface, from an address",
    "tied",
    to("tcp", "10.77.2.2:8005", 'interface = "eth2"', 'source = "10.77.2.1"'),
    true,
    "connected",
  ],
  ["a mark that routing refuses", "marked", to("tcp", "10.77.2.2:8005", "mark = 7"), false, "EACCES"],
  ["another mark", "unmarked", to("tcp", "10.77.2.2:8005", "mark = 8"), true, "connected"],
  [
    "a ping with a mark that routing refuses",
    "pingmark",
    to("ping", "10.77.2.2", "mark = 7"),
    false,
    "EACCES",
  ],
  ["a ping", "ping", to("ping", "10.77.2.2"), true, "answered in "],
  [
    "a ping through an interface, from an address",
    "pingtied",
    to("ping", "10.77.2.2", 'interface = "eth2"', 'source = "10.77.2.1"'),
    true,
    "answered in ",
  ],
  ["a ping of this host", "self", to("ping", "127.0.0.1"), true, "answered in "],
  ["a ping of IPv6", "ping6", to("ping", "fd77:2::2"), true, "answered in "],
  [
    "a ping of a link-local address",
    "local6",
    to("ping", "fe80::2", 'interface = "eth2"'),
    true,
    "answered in ",
  ],
  ["a ping of nobody", "nobody4", to("ping", "10.77.2.99"), false, "timeout after 0.5s"],
  ["a ping of nobody in IPv6", "nobody6", to("ping", "fd77:2::99"), false, "timeout after 0.5s"],
  ["a ping without a route", "lost4", to("ping", "10.99.0.1"), false, "ENETUNREACH"],
  ["a ping without a route in IPv6", "lost6", to("ping", "2001:db8::1"), false, "ENETUNREACH"],
  [
    "a ping through an interface that is not there",
    "ping9",
    to("ping", "10.77.2.2", 'interface = "wan9"'),
    false,
    "ENODEV",
  ],
  [
    "a ping from an address that is not ours",
    "pingforeign",
    to("ping", "10.77.2.2", 'source = "10.77.2.77"'),
    false,
    "EADDRNOTAVAIL",
  ],
];

const udp = (port: number, ...more: readonly string[]): readonly string[] =>
  to("udp", `127.0.0.1:${port}`, ...more);
const ECHO = 'expect_reply = "^pong ping$"';

const DATAGRAMS: readonly Case[] = [
  ["a datagram that is answered", "udp", udp(8020, 'payload = "ping"', ECHO), true, "reply matches"],
  ["one written as digits", "udphex", udp(8020, 'payload_hex = "70 69 6E67"', ECHO), true, "reply matches"],
  ["an answer to another one", "udpother", udp(8020, 'payload = "pong"', ECHO), false, "does not match"],
  ["any answer that must come", "udpany", udp(8020, "require_reply = true"), true, "5 bytes came back"],
  ["silence", "udpsilent", udp(8021, 'payload = "ping"'), true, "nobody says that nobody is there"],
  [
    "silence where a reply must come",
    "udpmute",
    udp(8021, "require_reply = true"),
    false,
    "timeout after 0.5s",
  ],
  ["a port of datagrams that is closed", "udpclosed", udp(8099), false, "ECONNREFUSED"],
];

/** A file of three bytes that was written an hour ago. */
export const BACKUP = `/tmp/haagent-backup-${process.pid}`;
const backup = (...more: readonly string[]): readonly string[] => [
  'type = "file"',
  `file = "${BACKUP}"`,
  ...more,
];

const FILES: readonly Case[] = [
  [
    "a backup that is new and long enough",
    "backup",
    backup('max_age = "2h"', "min_size = 3"),
    true,
    "is there",
  ],
  ["a backup of long ago", "backupold", backup('max_age = "30m"'), false, "written 36"],
  ["a backup that is too short", "backupshort", backup("min_size = 4"), false, "has 3 bytes"],
];

export const CASES: readonly Case[] = [...HTTP, ...OTHERS, ...DATAGRAMS, ...FILES];
