/** What the keys of [heartbeat] mean to each other. Each row: a rule, a text, all that is said of it. */
import { describe, expect, test } from "bun:test";
import { load } from "../../src/config/load.ts";
import type { KeysFile } from "../../src/config/heartbeat-model.ts";
import { statusBytes } from "../../src/config/rules-heartbeat.ts";
import { heartbeat, loadText, table } from "./said.ts";

const links = (...each: readonly string[]): string => `links = [${each.join(", ")}]`;
const ETHERNET = '{ type = "broadcast", interface = "eth0" }';
const line = (baud: number): string => `{ type = "serial", device = "/dev/ttyS0", baud = ${baud} }`;
const auth = (fields: string): string => `auth = { ${fields} }`;

table("[heartbeat]", [
  ["alone is something to do", heartbeat(), []],
  [
    "needs its keys",
    "[heartbeat]\n",
    ["nodes", "auth", "links"].map((key) => `1:1 error: [heartbeat] needs ${key}`),
  ],
]);

table("nodes", [
  ["of other case are this node too", heartbeat('nodes = ["HA1", "ha2"]'), []],
  [
    "that do not name this one",
    heartbeat('nodes = ["ha2", "ha3"]'),
    ['2:9 error: nodes does not name this node, "ha1" (the host name): add it'],
  ],
  [
    "that do not name agent.node",
    heartbeat() + '[agent]\nnode = "left"\n',
    ['2:9 error: nodes does not name this node, "left" (agent.node): add it'],
  ],
  [
    "one only",
    heartbeat('nodes = ["ha1"]'),
    ["2:9 error: a cluster has two nodes at least: name this one and the other, by uname -n"],
  ],
  [
    "more than five",
    heartbeat('nodes = ["ha1", "b", "c", "d", "e", "f"]'),
    ["2:9 error: a cluster has at most 5 nodes, not 6: make several clusters, each with its own udp_port"],
  ],
  [
    "twice",
    heartbeat('nodes = ["ha1", "HA1"]'),
    ['2:17 error: nodes has "HA1" twice: names differ by more than case'],
  ],
]);

table("times of a cluster", [
  [
    "deadtime of two keepalives",
    heartbeat('keepalive = "1s"', 'deadtime = "2s"'),
    ["6:12 error: deadtime 2s must be more than two keepalives, 2s: one lost message would be a death"],
  ],
  [
    "a keepalive too long for the default deadtime",
    heartbeat('keepalive = "5s"'),
    ["5:13 error: deadtime 10s must be more than two keepalives, 10s: one lost message would be a death"],
  ],
  [
    "warntime of deadtime",
    heartbeat('deadtime = "5s"', 'warntime = "5s"'),
    ["6:12 error: warntime must be less than deadtime, 5s"],
  ],
  [
    "warntime of keepalive",
    heartbeat('warntime = "1s"'),
    ["5:12 warning: warntime is not more than keepalive, 1s: every message will be late"],
  ],
  [
    "initdead below deadtime",
    heartbeat('initdead = "9s"'),
    ["5:12 error: initdead must be at least deadtime, 10s"],
  ],
  [
    "initdead that no switch keeps",
    heartbeat('deadtime = "3s"', 'initdead = "6s"'),
    [
      "6:12 warning: initdead below 10s: a switch that takes longer to open a port makes the other node dead at each boot",
    ],
  ],
]);

table("links of a cluster", [
  [
    "none",
    heartbeat("links = []"),
    ['4:9 error: links is empty: { type = "broadcast", interface = "…" } is one'],
  ],
  [
    "one",
    heartbeat(links(ETHERNET)),
    [
      "4:9 warning: one link only: when it fails, each node takes the other for dead; cure: a second one on other hardware, such as a serial line",
    ],
  ],
  [
    "without what their type needs",
    heartbeat(
      links(
        '{ type = "multicast", interface = "eth0" }',
        '{ type = "unicast", interface = "eth1" }',
        line(9600),
      ),
    ),
    ["4:10 error: a multicast link needs group", "4:54 error: a unicast link needs peer"],
  ],
  [
    "with what their type does not have",
    heartbeat(links('{ type = "broadcast", interface = "eth0", ttl = 2 }', line(9600))),
    ["4:58 error: ttl is no key of a broadcast link"],
  ],
  [
    "twice the same",
    heartbeat(links(ETHERNET, ETHERNET, line(9600))),
    ["4:54 error: links has the broadcast link on eth0 twice"],
  ],
  [
    "two on one interface",
    heartbeat(links(ETHERNET, '{ type = "multicast", interface = "eth0", group = "225.0.0.1" }', line(9600))),
    ["4:54 warning: two links on eth0 fail together: they are one"],
  ],
  [
    "unicast to several nodes",
    heartbeat(
      links(
        '{ type = "unicast", interface = "eth0", peer = "10.0.0.2" }',
        '{ type = "unicast", interface = "eth0", peer = "10.0.0.3" }',
        line(9600),
      ),
    ),
    [],
  ],
  [
    "a group that is none",
    heartbeat(links('{ type = "multicast", interface = "eth0", group = "10.0.0.1" }', line(9600))),
    ["4:60 error: links.group: 10.0.0.1 is not a multicast group"],
  ],
]);

const BYTES = statusBytes("ha1", "sha1");
const tooSlow = (baud: number, keepalive: string, least: string): string =>
  `error: a status of ${BYTES} bytes every ${keepalive} takes more than half of a line of ${baud} baud; cure: keepalive ${least} or more, or a faster line`;

table("a serial line", [
  ["that carries what is sent", heartbeat(links(ETHERNET, line(9600)), 'keepalive = "500ms"'), []],
  [
    "too slow",
    heartbeat(links(ETHERNET, line(9600)), 'keepalive = "200ms"'),
    [`4:103 ${tooSlow(9600, "200ms", "440ms")}`],
  ],
  [
    "too slow by default",
    heartbeat(links(ETHERNET, '{ type = "serial", device = "/dev/ttyS0" }'), 'keepalive = "200ms"'),
    [`4:54 ${tooSlow(19_200, "200ms", "220ms")}`],
  ],
]);

test("a status on a line has the bytes that heartbeat's has", () => {
  // Of the captures: 193 bytes with md5, of the node a, early in its life.
  expect(statusBytes("a", "md5")).toBeGreaterThanOrEqual(193);
  expect(statusBytes("a", "md5")).toBeLessThanOrEqual(205);
});

table("auth of a cluster", [
  [
    "with crc",
    heartbeat(auth('method = "crc"')),
    [
      '3:19 warning: method "crc" keeps nobody out: whoever reaches a link can pose as a node; cure: method = "sha1" and a key',
    ],
  ],
  ["without a key", heartbeat(auth('method = "sha1"')), ['3:19 error: method "sha1" needs key']],
  [
    "without a method",
    heartbeat(auth('key = "k"')),
    ['3:8 error: auth is method and key, or keys_file: auth = { method = "sha1", key = "…" }'],
  ],
  [
    "with a key that heartbeat cannot hold",
    heartbeat(auth('method = "md5", key = "two words"')),
    [`3:32 error: auth.key has a blank or "#", which heartbeat's authkeys cannot hold: choose another`],
  ],
  ["with such a key among haagents", heartbeat(auth('method = "sha256", key = "two words"')), []],
]);

/** What is said with a file of keys, and the keys. */
function withFile(file: Partial<KeysFile> | null): { said: string[]; keys: unknown } {
  const path = "/etc/haagent/authkeys";
  const source = {
    ...{ path: "x", text: heartbeat(auth(`keys_file = "${path}"`)), failure: null, mode: 0o600 },
    ...{ hostname: "ha1", accounts: null },
    keysFile: file === null ? null : { path, bytes: null, failure: null, mode: 0o600, ...file },
  };
  const { findings, config } = load(source);
  return {
    said: findings.map(({ line: at, column, severity, text }) => `${at}:${column} ${severity}: ${text}`),
    keys: config?.heartbeat?.auth,
  };
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a file of keys", () => {
  test("gives all its keys and the one that signs", () => {
    expect(withFile({ bytes: bytes("auth 2\n1 crc\n2 sha1 HI!\n") })).toEqual({
      said: [],
      keys: {
        signing: 2,
        keys: [
          { index: 1, method: "crc", secret: "" },
          { index: 2, method: "sha1", secret: "HI!" },
        ],
        follow: false,
      },
    });
  });
  test("that others can read is refused with the cure", () => {
    const { said } = withFile({ bytes: bytes("auth 1\n1 sha1 k\n"), mode: 0o640 });
    expect(said).toEqual([expect.stringMatching(/^3:22 error: keys_file .* line 1 column 1: .*chmod 600$/)]);
  });
  test.each([
    ["ENOENT: no such file", "write it, `auth 1` and then `1 sha1 KEY`, and chmod 600"],
    ["EACCES: permission denied", "chown it, and its directories, to the user that the agent runs as"],
    ["is not a file", "a file of lines as in heartbeat's authkeys, of the agent's user and mode 0600"],
  ])("that cannot be read is an error where it is named, with the cure: %s", (failure, cure) => {
    expect(withFile({ failure }).said).toEqual([
      `3:22 error: keys_file "/etc/haagent/authkeys" cannot be read: ${failure}; cure: ${cure}`,
    ]);
  });
});

test("unicast links on one interface are one link with several peers, names are in lower case", () => {
  const unicast = (peer: string): string => `{ type = "unicast", interface = "eth0", peer = "${peer}" }`;
  const text = heartbeat(
    'nodes = ["HA1", "ha2", "Ha3"]',
    links(unicast("10.0.0.2"), unicast("10.0.0.3"), unicast("fe80::1"), line(9600)),
  );
  expect(loadText(text).config?.heartbeat).toMatchObject({
    nodes: ["ha1", "ha2", "ha3"],
    warntime: 5000,
    initdead: 20_000,
    links: [
      { type: "unicast", family: 4, peers: ["10.0.0.2", "10.0.0.3"] },
      { type: "unicast", family: 6, peers: ["fe80::1"] },
      { type: "serial", name: "/dev/ttyS0" },
    ],
  });
});
