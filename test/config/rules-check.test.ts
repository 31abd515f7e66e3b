/** What the keys of a check mean to each other. Each row: a rule, a text, all that is said of it. */
import { describe, expect, test } from "bun:test";
import type { ProbeConfig } from "../../src/config/probe-model.ts";
import { checked, loadText, table } from "./said.ts";

/** A check of a type, on lines 6 and 7, with more keys from line 8 on. */
const check = (type: string, ...lines: readonly string[]): string =>
  checked(`type = "${type}"`, "-command", ...lines);

const probe = (text: string): ProbeConfig | undefined => loadText(text).config?.checks[0]?.probe;

table("a check", [
  [
    "of a process needs a program or a pidfile",
    check("process"),
    ["6:1 error: [check.c] needs process or pidfile"],
  ],
  ["of a process may have both", check("process", 'process = "nginx"', 'pidfile = "/run/nginx.pid"'), []],
  ["of a file needs the file", check("file"), ["6:1 error: [check.c] needs file"]],
  ["of a connection needs a target", check("tcp"), ["6:1 error: [check.c] needs target"]],
  [
    "takes no key of another type",
    check("tcp", 'target = "192.0.2.1:80"', 'path = "/"', 'process = "nginx"', 'expect_body = "x"'),
    [
      '9:8 error: path is a key of http and https checks, not of type "tcp"',
      '10:11 error: process is a key of process checks, not of type "tcp"',
      '11:15 error: expect_body is a key of file, http and https checks, not of type "tcp"',
    ],
  ],
  [
    "of a script takes no target",
    checked('target = "192.0.2.1:80"'),
    [
      '9:10 error: target is a key of tcp, http, https, smtp, dns, ping, udp, redis, mysql and pgsql checks, not of type "script"',
    ],
  ],
  [
    "that has a key of another type, which is wrong by itself, is told of that only",
    check("ping", 'target = "192.0.2.1"', "expect_status = true"),
    [
      '9:17 error: expect_status must be status codes from 100 to 599, like "200-299" or "200,301-302", not true',
    ],
  ],
  ["of an HTTP server may leave out the port", check("http", 'target = "192.0.2.1"'), []],
  [
    "of a connection may not",
    check("tcp", 'target = "192.0.2.1"'),
    ['8:10 error: target needs a port for type "tcp"'],
  ],
  [
    "by ping has none",
    check("ping", 'target = "192.0.2.1:7"'),
    ['8:10 error: target takes no port for type "ping"'],
  ],
  [
    "of a link-local target needs the interface",
    check("ping", 'target = "fe80::1"'),
    ["8:10 error: target fe80::1 is link-local: [check.c] needs interface"],
  ],
  [
    "has a source of its target's family",
    check("ping", 'target = "2001:db8::1"', 'source = "192.0.2.1"'),
    ["9:10 error: source 192.0.2.1 and target 2001:db8::1 are of different families"],
  ],
  [
    "of a virtual address is a warning",
    check("ping", 'target = "10.0.0.1"'),
    ["8:10 warning: target 10.0.0.1 is an address of [vrrp.a]: a backup would probe the master"],
  ],
  [
    "from a virtual address is a warning",
    check("ping", 'target = "10.0.0.9"', 'source = "10.0.0.1"'),
    ["9:10 warning: source 10.0.0.1 is an address of [vrrp.a]: on a backup the check fails"],
  ],
  [
    "of a file without a number has no scale and no default for it",
    check("file", 'file = "/f"', "scale = 2", "default = 1"),
    ['9:9 error: scale needs content = "integer"', '10:11 error: default needs content = "integer"'],
  ],
  [
    "of a file with a number has no pattern",
    check("file", 'file = "/f"', 'content = "integer"', 'expect_body = "x"'),
    ['10:15 error: expect_body needs content = "any"'],
  ],
  [
    "of a file needs an absolute path",
    check("file", 'file = "f"'),
    ['8:8 error: file must be an absolute path, not "f"'],
  ],
]);

const TARGET = 'an IP address with port, like "192.0.2.1:80" or "[2001:db8::1]:80"';
table("a target", [
  ...(
    [
      ["of IPv4", "192.0.2.1:80"],
      ["of IPv6", "[2001:db8::1]:80"],
      ["on this host", "127.0.0.1:65535"],
    ] as const
  ).map(([rule, target]) => [rule, check("tcp", `target = "${target}"`), []] as const),
  ...(
    [
      ["with port 0", "192.0.2.1:0"],
      ["with a port beyond 65535", "192.0.2.1:65536"],
      ["with a port of IPv6 without brackets", "2001:db8:1:2:3:4:5:6:80"],
      ["with IPv4 in brackets", "[192.0.2.1]:80"],
      ["that is a group", "224.0.0.1:80"],
      ["that is no address", "0.0.0.0:80"],
      ["that is empty", ""],
    ] as const
  ).map(
    ([rule, target]) =>
      [
        `${rule} is an error`,
        check("tcp", `target = "${target}"`),
        [`8:10 error: target must be ${TARGET}, not "${target}"`],
      ] as const,
  ),
  [
    "that is a name is an error, as a check must not depend on DNS",
    check("http", 'target = "www.example.org:80"'),
    [
      `8:10 error: target must be ${TARGET} (a check must not depend on names and DNS), not "www.example.org:80"`,
    ],
  ],
]);

table("a value of a check", [
  ["may be one status", check("http", 'target = "192.0.2.1"', "expect_status = 204"), []],
  [
    "is no backward range of statuses",
    check("http", 'target = "192.0.2.1"', 'expect_status = "299-200"'),
    [
      '9:17 error: expect_status must be status codes from 100 to 599, like "200-299" or "200,301-302", not "299-200"',
    ],
  ],
  [
    "is no pattern that does not compile",
    check("http", 'target = "192.0.2.1"', 'expect_body = "(a"'),
    ['9:15 error: expect_body must be a regular expression (missing )), not "(a"'],
  ],
  [
    "is no path without a slash",
    check("http", 'target = "192.0.2.1"', 'path = "health"'),
    ['9:8 error: path must be a path that begins with "/", percent-encoded, not "health"'],
  ],
  [
    "is no path that would end the request line",
    check("http", 'target = "192.0.2.1"', 'path = "/a b"'),
    ['9:8 error: path must be a path that begins with "/", percent-encoded, not "/a b"'],
  ],
  [
    "is no host name that would begin another field",
    check("http", 'target = "192.0.2.1"', 'host = "a\\r\\nX: b"'),
    ['9:8 error: host must be a host name, not "a\\r\\nX: b"'],
  ],
  [
    "of one page excludes several",
    check("http", 'target = "192.0.2.1"', 'path = "/"', 'urls = ["/a"]'),
    ["9:8 error: path and urls exclude each other"],
  ],
  [
    "expects nothing of a body that does not come",
    check("http", 'target = "192.0.2.1"', 'method = "HEAD"', 'expect_body = "x"'),
    ["10:15 error: a HEAD has no body to expect anything of"],
  ],
  [
    "is a field of a header, whose value is not shown where it is none",
    check("http", 'target = "192.0.2.1"', 'headers = ["secret"]'),
    ['9:12 error: an element of headers must be a field of a header, "NAME: VALUE" in ASCII'],
  ],
  [
    "is a domain name and a type that there is",
    check("dns", 'target = "192.0.2.1"', 'query = "a..b"', 'query_type = "B"'),
    [
      '9:9 error: query must be a domain name, like "www.example.org", not "a..b"',
      '10:14 error: query_type must be a type of record, like "A", "MX" or "TYPE65", not "B"',
    ],
  ],
  [
    "is one payload, and no silence that says something",
    check(
      "udp",
      'target = "192.0.2.1:9"',
      'payload = "a"',
      'payload_hex = "61"',
      'expect_reply = "b"',
      "require_reply = false",
    ),
    ["10:15 error: payload and payload_hex exclude each other", "12:17 error: expect_reply needs a reply"],
  ],
  [
    "has a port once",
    check("tcp", 'target = "192.0.2.1:80"', "port = 81"),
    ["9:8 error: target names port 80 already"],
  ],
  [
    "is not decided more slowly than watched",
    check("on", 'interval = "1s"', 'fast_interval = "2s"'),
    ["9:17 error: fast_interval must not be longer than interval"],
  ],
  [
    "is a program's name, or its absolute path",
    check("process", 'process = "sbin/nginx"'),
    ['8:11 error: process must be the name of a program or its absolute path, not "sbin/nginx"'],
  ],
  [
    "is hardly a program with a space",
    check("process", 'process = "nginx -g"'),
    ['8:11 warning: process names a program with a space, "nginx -g": arguments are elements of an array'],
  ],
  [
    "is an array of strings if it is one",
    check("process", 'process = ["a", 1]'),
    [
      '8:11 error: process must be the name of a program, or an array: ["python3", "/opt/wan.py"], not an array',
    ],
  ],
]);

describe("what is probed", () => {
  test("over HTTP names the target as its host, the usual port left out", () => {
    const host = (target: string): unknown => {
      const read = probe(check("http", `target = "${target}"`));
      return read?.type === "http" ? read.host : null;
    };
    expect(host("192.0.2.1")).toBe("192.0.2.1");
    expect(host("192.0.2.1:80")).toBe("192.0.2.1");
    expect(host("192.0.2.1:8080")).toBe("192.0.2.1:8080");
    expect(host("2001:db8::1")).toBe("[2001:db8::1]");
    expect(host("[2001:db8::1]:81")).toBe("[2001:db8::1]:81");
  });

  test("over HTTPS names the host to the server and asks for its certificate, or for the address's", () => {
    const tls = (...lines: readonly string[]): unknown => {
      const read = probe(check("https", 'target = "192.0.2.1"', ...lines));
      return read?.type === "https" ? read.tls : null;
    };
    expect(tls()).toMatchObject({ serverName: null, identity: "192.0.2.1", verify: true, authorities: null });
    expect(tls('host = "www.example.org:8443"')).toMatchObject({
      serverName: "www.example.org",
      identity: "www.example.org",
    });
    expect(tls('host = "192.0.2.7"')).toMatchObject({ serverName: null, identity: "192.0.2.1" });
    expect(tls('host = "a"', 'server_name = "b"')).toMatchObject({ serverName: "b", identity: "b" });
    expect(probe(check("https", 'target = "192.0.2.1"'))).toMatchObject({ port: 443, host: "192.0.2.1" });
  });

  test("over HTTP may be several pages, each with what the check expects unless it says so itself", () => {
    const urls =
      'urls = ["/a", { path = "/b", expect_status = "404", expect_digest = "5d41402abc4b2a76b9719d911017c592" }]';
    const read = probe(check("http", 'target = "192.0.2.1"', 'expect_status = "200"', urls));
    const ok = [{ low: 200, high: 200 }];
    expect(read?.type === "http" ? read.requests : []).toEqual([
      { path: "/a", statuses: ok, pattern: null, digest: null },
      {
        path: "/b",
        statuses: [{ low: 404, high: 404 }],
        pattern: null,
        digest: "5d41402abc4b2a76b9719d911017c592",
      },
    ]);
  });

  test("over HTTP is good from 200 to 299 unless it is said otherwise", () => {
    expect(probe(check("http", 'target = "192.0.2.1"'))).toMatchObject({
      port: 80,
      requests: [{ path: "/", statuses: [{ low: 200, high: 299 }], pattern: null, digest: null }],
    });
  });

  test("has the contract's defaults", () => {
    expect(loadText(check("ping", 'target = "192.0.2.1"', 'interval = "3s"')).config?.checks[0]).toEqual({
      name: "c",
      probe: { type: "ping", address: "192.0.2.1" as never, interface: null, source: null, mark: 0 },
      interval: 3000 as never,
      fastInterval: 3000 as never,
      jitter: 0,
      timeout: 3000 as never,
      rise: 1,
      fall: 3,
      weight: 0,
    });
  });
});
