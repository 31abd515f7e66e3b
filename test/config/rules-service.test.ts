/** What may stand in [virtual_server.NAME]. Each row: a rule, a text, all that is said of it. */
import { describe, expect, test } from "bun:test";
import { loadText, router, said, table } from "./said.ts";

const SERVERS = '["10.0.0.2:80", "10.0.0.3:80"]';
/** A good service; lines replace those of the same key, `-key` removes one. */
function web(...lines: readonly string[]): string {
  const base = [
    "[virtual_server.web]",
    'address = "10.0.0.9:80"',
    `real_servers = ${SERVERS}`,
    'check = { type = "tcp" }',
  ];
  const keyOf = (line: string): string => /^-?([a-z_]+)/.exec(line)?.[1] ?? line;
  const kept = base.filter((line) => !lines.some((other) => keyOf(other) === keyOf(line)));
  return `${[...kept, ...lines.filter((line) => !line.startsWith("-"))].join("\n")}\n`;
}

table("a virtual server", [
  ["alone is something to do", web(), []],
  ["without address and mark", web("-address"), ["1:1 error: [virtual_server.web] needs address or fwmark"]],
  ["with both", web("fwmark = 1"), ["5:10 error: address and fwmark exclude each other: remove one"]],
  ["of a mark", web("-address", "fwmark = 1", 'check = { type = "tcp", port = 80 }'), []],
  [
    "of a mark with a protocol",
    web("-address", "fwmark = 1", 'protocol = "udp"'),
    ["5:12 error: a firewall mark has no protocol: the rule that sets it says which packets"],
  ],
  ["without a port", web('address = "10.0.0.9"'), ['4:11 error: address needs a port: "10.0.0.9:80"']],
  [
    "by name",
    web('address = "www.example.org:80"'),
    [
      '4:11 error: address must be an IP address with port, like "192.0.2.1:80" or "[2001:db8::1]:80" (no name: what is balanced must not depend on DNS), not "www.example.org:80"',
    ],
  ],
  [
    "of every port",
    web('address = "10.0.0.9:0"'),
    ["4:11 error: port 0 is every port, and needs persistence"],
  ],
  ["of every port, with persistence", web('address = "10.0.0.9:0"', 'persistence = "5m"'), []],
  [
    "with half a second of persistence",
    web('persistence = "1500ms"'),
    ["5:15 error: persistence must be whole seconds"],
  ],
  [
    "with a mask of the other family",
    web('persistence = "5m"', "persistence_netmask = 64"),
    ["6:23 error: persistence_netmask must be 1 to 32 for IPv4, not 64"],
  ],
  [
    "that balances datagrams of tcp",
    web("one_packet = true"),
    ['5:14 error: one_packet needs protocol = "udp"'],
  ],
  [
    "with a scheduler nearly right",
    web('scheduler = "wrrr"'),
    [
      '5:13 error: scheduler must be "rr", "wrr", "lc", "wlc", "fo", "ovf", "lblc", "lblcr", "dh", "sh", "mh", "sed", "nq" or "twos", not "wrrr"; did you mean "wrr"?',
    ],
  ],
  ...[
    ["sh", 'scheduler_flags = ["sh-fallback"], or '],
    ["mh", 'scheduler_flags = ["mh-fallback"], or '],
    ["dh", ""],
  ].map(([scheduler = "", cure = ""]): readonly [string, string, string[]] => [
    `that chooses by ${scheduler}, with servers that stay in the table without weight`,
    web(`scheduler = "${scheduler}"`),
    [
      `5:13 warning: with scheduler "${scheduler}" the clients of a failed server are refused while it is at weight 0; cure: ${cure}quiescent = false`,
    ],
  ]),
  ["that has others chosen", web('scheduler = "sh"', 'scheduler_flags = ["sh-port", "sh-fallback"]'), []],
  ["that removes who fails", web('scheduler = "mh"', "quiescent = false"), []],
  [
    "without a check",
    web("-check"),
    [
      '1:1 warning: [virtual_server.web] has no check: its servers stay in service whatever becomes of them; cure: [virtual_server.web.check] with type = "tcp"',
    ],
  ],
  [
    "without servers",
    web("real_servers = []"),
    ["4:16 error: [virtual_server.web] needs a server in real_servers"],
  ],
  [
    "with IPv6 by socket options",
    web('address = "[2001:db8::9]:80"', 'real_servers = ["[2001:db8::2]:80"]', 'ipvs = "sockopt"'),
    ['5:8 error: IPv6 needs ipvs = "netlink"'],
  ],
  ["twice", web() + web().replace("web", "again"), ["6:11 error: this is already [virtual_server.web]"]],
  ["of a protocol each", web() + web('protocol = "udp"').replace("web", "again"), []],
]);

table("a real server", [
  [
    "twice",
    web('real_servers = ["10.0.0.2:80", "10.0.0.2:80"]'),
    ["4:32 error: real_servers has 10.0.0.2:80 twice"],
  ],
  [
    "twice by dr, as ports do not count there",
    web('real_servers = ["10.0.0.2:80", "10.0.0.2"]'),
    ["4:32 error: real_servers has 10.0.0.2:80 twice"],
  ],
  [
    "on another port by dr",
    web('real_servers = ["10.0.0.2:8080"]'),
    [
      '4:17 warning: port 8080 is not used: with forward = "dr" packets keep theirs, so it is 80; cure: forward = "nat", or the service\'s port',
    ],
  ],
  ["on another port by nat", web('real_servers = ["10.0.0.2:8080"]', 'forward = "nat"'), []],
  [
    "of the other family",
    web('real_servers = ["[2001:db8::2]:80"]'),
    ['4:17 error: 2001:db8::2 is of another family than the service: only forward = "tun" reaches it'],
  ],
  ["of the other family by tun", web('real_servers = ["[2001:db8::2]:80"]', 'forward = "tun"'), []],
  [
    "at the service's own address",
    web('real_servers = ["10.0.0.9:80"]'),
    ["4:17 error: 10.0.0.9 is the service's own address"],
  ],
  [
    "at an address of a router",
    router() + web('real_servers = ["10.0.0.1:80"]'),
    ["8:17 warning: 10.0.0.1 is an address of [vrrp.a]: it is on another node at times"],
  ],
  [
    "with thresholds the wrong way round",
    web('real_servers = [{ address = "10.0.0.2", u_threshold = 5, l_threshold = 9 }]'),
    ["4:72 error: l_threshold 9 is above u_threshold 5; cure: a lower one, or 0 for three quarters"],
  ],
]);

table("a quorum", [
  [
    "of servers that cannot be read is not judged",
    web('real_servers = ["www.example.org:80"]'),
    [
      '4:17 error: an element of real_servers must be an IP address with port, like "192.0.2.1:80" or "[2001:db8::1]:80" (no name: what is balanced must not depend on DNS), not "www.example.org:80"',
    ],
  ],
  [
    "that is never reached",
    web("quorum = 3"),
    ["5:10 warning: the weights of all servers are 2 together: the quorum of 3 is never reached"],
  ],
  [
    "that is never reached, with a fallback",
    web("quorum = 3", 'fallback = "10.0.0.4"'),
    [
      "5:10 warning: the weights of all servers are 2 together: the quorum of 3 is never reached, so the fallback takes everything",
    ],
  ],
  [
    "with hysteresis of its size",
    web("quorum_hysteresis = 1"),
    ["5:21 error: quorum_hysteresis must be less than quorum, which is 1"],
  ],
]);

table("active_when", [
  ["of a router", router() + web('active_when = "a"', 'inactive = "prepared"'), []],
  [
    "of nobody",
    router() + web('active_when = "b"'),
    ['9:15 error: there is no virtual router and no group of resources "b"'],
  ],
  [
    "with a service that stays",
    router() + web('active_when = "a"', 'on_stop = "keep"'),
    ['10:11 error: on_stop = "keep" excludes active_when: who stops is master no more'],
  ],
  [
    "missing",
    web('inactive = "prepared"'),
    ["5:12 error: inactive needs active_when: the service is always active"],
  ],
]);

table("the check of a service", [
  [
    "with a key of another type",
    web('check = { type = "tcp", path = "/" }'),
    ['4:32 error: path is a key of http and https checks, not of type "tcp"'],
  ],
  [
    "that knows no port",
    web("-address", "fwmark = 1", 'real_servers = ["10.0.0.2"]'),
    ["2:9 error: check needs port: the service says none"],
  ],
  [
    "that knows no port of one server",
    web("-address", "fwmark = 1", 'real_servers = ["10.0.0.2:80", "10.0.0.3"]'),
    ["2:9 error: check needs port: the service says none"],
  ],
  [
    "by a script, with a word nearly right",
    web('check = { type = "script", command = ["/c", "{serverport}"] }'),
    ['4:38 warning: {serverport} in command stands for nothing; did you mean "{server_port}"?'],
  ],
  [
    "from an address of the other family",
    web('check = { type = "tcp", source = "2001:db8::1" }'),
    ["4:34 error: source 2001:db8::1 and the server 10.0.0.2 are of different families"],
  ],
  [
    "from an address of the other family, to a target of that",
    web('check = { type = "tcp", source = "2001:db8::1", target = "2001:db8::2" }'),
    [],
  ],
  [
    "of one server with keys that change none",
    web("-check", 'real_servers = [{ address = "10.0.0.2", check = { path = "/" } }]'),
    ["3:49 error: check needs type: the service has no check whose keys these could change"],
  ],
]);

describe("a server's check", () => {
  const checks = (text: string) => {
    expect(said(text)).toEqual([]);
    return loadText(text).config?.services[0]?.servers.map(({ check }) => check);
  };

  test("is the service's, but for the keys that it has itself", () => {
    const found = checks(
      web(
        'real_servers = ["10.0.0.2", { address = "10.0.0.3", check = { path = "/b" } }]',
        'check = { type = "http", path = "/a", fall = 5 }',
      ),
    );
    expect(found).toMatchObject([
      {
        fall: 5,
        interval: 2000,
        timeout: 2000,
        rise: 2,
        probe: { type: "http", address: "10.0.0.2", port: 80, requests: [{ path: "/a" }] },
      },
      { fall: 5, probe: { address: "10.0.0.3", requests: [{ path: "/b" }] } },
    ]);
  });

  test("with a type is one of its own", () => {
    const found = checks(
      web(
        'real_servers = [{ address = "10.0.0.3", check = { type = "tcp", port = 81 } }]',
        'check = { type = "http", fall = 5 }',
      ),
    );
    expect(found).toMatchObject([{ fall: 3, probe: { type: "tcp", address: "10.0.0.3", port: 81 } }]);
  });

  test("is told whom it probes, where it is a script", () => {
    const found = checks(
      web(
        'check = { type = "script", command = ["/c", "{service}:{service_port}", "{server}", "{server_port}", "{x}"] }',
      ),
    );
    expect(found?.[1]?.probe).toMatchObject({
      type: "script",
      command: ["/c", "10.0.0.9:80", "10.0.0.3", "80", "{x}"],
    });
    const [marked] =
      checks(
        web(
          ...["-address", "fwmark = 7", 'real_servers = ["10.0.0.2:8080", "10.0.0.3"]'],
          'check = { type = "script", command = ["/c", "{service}:{service_port}", "{server}:{server_port}"] }',
        ),
      ) ?? [];
    expect(marked?.probe).toMatchObject({ command: ["/c", "7:0", "10.0.0.2:8080"] });
  });
});
