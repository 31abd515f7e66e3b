/** Probes by the agent itself: TCP, HTTP and ping, against real servers and real networks. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { addressesOf } from "../lab/owner.ts";
import { sleep } from "../lab/process.ts";
import type { Agent } from "./agent.ts";
import { check, serve, started, tracking, verdict, VIP } from "./probing.ts";
import { Site } from "./site.ts";

/** Each with its expected verdict; all of them in one agent, as they are in life. */
type Case = readonly [what: string, name: string, keys: readonly string[], up: boolean, detail: string];

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
];

const to = (type: string, target: string, ...more: readonly string[]): readonly string[] => [
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

describe("of many checks at once", () => {
  let site: Site;
  let agent: Agent;
  beforeAll(async () => {
    site = await Site.create(2, 2);
    await Promise.all([serve(site, site.box(0)), serve(site, site.box(1))]);
    await site.box(0).namespace.ip("rule add fwmark 7 prohibit");
    const text = [...HTTP, ...OTHERS].map(([, name, keys]) => check(name, ...keys)).join("\n");
    agent = await started(site, site.box(0), tracking(254, text));
  });
  afterAll(() => site.close());

  for (const [what, name, , up, detail] of [...HTTP, ...OTHERS]) {
    test(`${what} is ${up ? "good" : "bad"}`, async () => {
      expect(await verdict(agent, name, up, detail)).toContain(detail);
    });
  }

  test("what a ping has sent is kept for who asks why nothing came", async () => {
    const { stdout } = await agent.command("status", "lan");
    // An echo request of RFC 792.
    expect(stdout).toMatch(/nobody4: DOWN.*\n +[\d.]+ms sent "\\x08\\x00/);
  });

  test("no descriptor is left behind by those that fail or hang", async () => {
    await sleep(500);
    const count = (): number => readdirSync(`/proc/${agent.pid}/fd`).length;
    const before = Math.max(...(await several(count)));
    await sleep(2000);
    expect(Math.max(...(await several(count)))).toBeLessThan(before + 20);
  });

  test("none holds up the agent, which leaves in good order", async () => {
    await agent.is("lan", "master");
    expect(await addressesOf(site.box(0))).toContain(VIP);
    expect(agent.events("agent.bug")).toEqual([]);
    expect(await agent.stop()).toBe(0);
  });
});

/** A number looked at ten times. */
async function several(look: () => number): Promise<number[]> {
  const looks: number[] = [];
  for (let time = 0; time < 10; time++) {
    looks.push(look());
    await sleep(20);
  }
  return looks;
}

describe("a way out that is probed", () => {
  let site: Site;
  beforeEach(async () => {
    site = await Site.create(3, 2);
  });
  afterEach(() => site.close());

  test("moves the address when the far host stops answering, although every link is up, and back", async () => {
    const [left, right, isp] = [site.box(0), site.box(1), site.box(2)];
    const wan = (priority: number): string =>
      tracking(
        priority,
        check("isp", ...to("ping", "10.77.2.3", 'interface = "eth2"', "fall = 3", "weight = -60")),
      );
    const first = await started(site, left, wan(150));
    const second = await started(site, right, wan(120));
    await first.is("lan", "master");
    // Nothing comes through the first one's uplink any more; its carrier stays.
    await site.forward(left, 2, false);
    await second.is("lan", "master");
    await first.is("lan", "backup", "priority 120");
    expect(await verdict(first, "isp", false)).toMatch(/^(timeout after 0\.5s|EHOSTUNREACH)$/);
    expect(await addressesOf(right)).toContain(VIP);
    expect(await addressesOf(left)).not.toContain(VIP);
    // Gone for both: the better one has it again.
    await isp.namespace.ip("link set eth2 down");
    await first.is("lan", "master");
    await isp.namespace.ip("link set eth2 up");
    await second.says("track.changed", "name=isp router=lan up=true", 2);
    await second.is("lan", "master");
    await site.forward(left, 2, true);
    await first.is("lan", "master");
    await second.is("lan", "backup");
  });

  test("that loses its interface fails with that, and comes back with it", async () => {
    const box = site.box(0);
    const agent = await started(
      site,
      box,
      tracking(150, check("isp", ...to("ping", "10.77.2.3", 'interface = "eth2"', "weight = 0"))).replace(
        "51",
        "52",
      ),
    );
    await verdict(agent, "isp", true);
    await box.namespace.ip("link del eth2");
    await agent.is("lan", "fault", "isp is down");
    expect(await verdict(agent, "isp", false)).toMatch(
      /^(ENODEV: interface eth2|ENETDOWN|ENETUNREACH|timeout.*)$/,
    );
    await site.plug(box, 2);
    await agent.is("lan", "master");
  });
});
