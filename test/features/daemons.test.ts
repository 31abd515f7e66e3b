/** Checks of real daemons, through the compiled file: up, hung, well again, dead; a wrong answer; and what an operator is told. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Agent } from "./agent.ts";
import type { Daemon } from "./daemons.ts";
import { Daemons } from "./daemons.ts";
import { check, started, tracking, verdict } from "./probing.ts";
import { Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

const PASSWORD = "open-sesame";
/** Of the box that they run in. */
const ADDRESS = "10.77.1.2";

const probe = (name: string, type: string, ...lines: readonly string[]): string =>
  check(
    name,
    `type = "${type}"`,
    `target = "${ADDRESS}"`,
    ...lines,
    'interval = "200ms"',
    'timeout = "1s"',
    "fall = 2",
  );

/** Checks of what runs: each with its daemon and a part of what is said of it. */
const GOOD: readonly (readonly [daemon: string, check: string, detail: string, text: string])[] = [
  ["nginx", "web", "HTTP 200, body matches", probe("web", "http", 'expect_body = "nginx here"')],
  ["opensmtpd", "mail", "220 mail.example.org", probe("mail", "smtp", 'helo = "ha1.example.org"')],
  [
    "dnsmasq",
    "names",
    "NOERROR, 192.0.2.1",
    probe("names", "dns", 'query = "www.example.org"', 'query_type = "A"'),
  ],
  [
    "dnsmasq",
    "exchange",
    "NOERROR, 10 mail.example.org.",
    probe("exchange", "dns", 'query = "example.org"', 'query_type = "MX"', 'transport = "tcp"'),
  ],
  [
    "dnsmasq",
    "long",
    "NOERROR",
    probe("long", "dns", 'query = "long.example.org"', 'query_type = "TXT"', 'expect_answer = "tail"'),
  ],
  [
    "dnsmasq",
    "nowhere",
    "NXDOMAIN",
    probe("nowhere", "dns", 'query = "no.example.org"', 'query_type = "A"', 'expect_rcode = "NXDOMAIN"'),
  ],
  [
    "redis",
    "cacheuser",
    "PONG",
    probe("cacheuser", "redis", 'username = "default"', `password = "${PASSWORD}"`),
  ],
  ["redis", "cache", "PONG", probe("cache", "redis", `password = "${PASSWORD}"`)],
  ["redis", "cachestranger", "wants a password", probe("cachestranger", "redis")],
  [
    "mariadb",
    "shop",
    "lets probe in",
    probe("shop", "mysql", 'username = "probe"', `password = "${PASSWORD}"`),
  ],
  ["mariadb", "shopstranger", "greets", probe("shopstranger", "mysql")],
  [
    "postgresql",
    "orders",
    "lets probe in",
    probe("orders", "pgsql", 'username = "probe"', `password = "${PASSWORD}"`, 'database = "postgres"'),
  ],
  ["postgresql", "ordersstranger", "asks for a login", probe("ordersstranger", "pgsql")],
];

/** Those that are over TLS: with this certificate. */
const secure = (certificate: string): typeof GOOD => [
  ...overTls("stunnel", "mailtls", "220 mail.example.org", "smtp", certificate, "port = 587"),
  ...overTls("stunnel", "mailtlsfirst", "220 mail.example.org", "smtp", certificate, "port = 465"),
  ...overTls("redis", "cachetls", "PONG", "redis", certificate, "port = 6380", `password = "${PASSWORD}"`),
  ...overTls(
    ...(["mariadb", "shoptls", "lets secure in", "mysql", certificate] as const),
    ...['username = "secure"', `password = "${PASSWORD}"`],
  ),
  ...overTls("mariadb", "shoptlsstranger", "greets", "mysql", certificate),
  ...overTls(
    ...(["postgresql", "orderstls", "lets probe in", "pgsql", certificate] as const),
    ...['username = "probe"', `password = "${PASSWORD}"`, 'database = "template1"'],
  ),
  [
    "lighttpd",
    "tls",
    "HTTP 200, body matches, certificate expires in 9 days",
    probe(
      "tls",
      "https",
      'host = "shop.example.org"',
      `ca = "${certificate}"`,
      'expect_body = "lighttpd here"',
    ),
  ],
  ["lighttpd", "tlsinsecure", "HTTP 200", probe("tlsinsecure", "https", "verify = false")],
];

function overTls(
  daemon: string,
  name: string,
  detail: string,
  type: string,
  certificate: string,
  ...lines: readonly string[]
): typeof GOOD {
  const how = ["tls = true", 'server_name = "shop.example.org"', `ca = "${certificate}"`];
  return [[daemon, name, detail, probe(name, type, ...how, ...lines)]];
}

const BAD: readonly (readonly [check: string, detail: string, text: string])[] = [
  [
    "tlsunknown",
    "SELF_SIGNED_CERT: no authority that browsers know vouches for it; cure: ca",
    probe("tlsunknown", "https", 'host = "shop.example.org"'),
  ],
  ["tlsplain", "TLS: ", probe("tlsplain", "https", "port = 80", "verify = false")],
  ["cachewrong", "answers AUTH with", probe("cachewrong", "redis", 'password = "wrong"')],
  ["shopwrong", "error 1045", probe("shopwrong", "mysql", 'username = "probe"', 'password = "wrong"')],
  [
    "shopsigned",
    "wants a login by client_ed25519, which is not known here",
    probe("shopsigned", "mysql", 'username = "signer"', `password = "${PASSWORD}"`),
  ],
  ["orderswrong", "28P01", probe("orderswrong", "pgsql", 'username = "probe"', 'password = "wrong"')],
  ["shopclear", "error 1045", probe("shopclear", "mysql", 'username = "secure"', `password = "${PASSWORD}"`)],
  [
    "ordersclear",
    "28000",
    probe("ordersclear", "pgsql", 'username = "probe"', `password = "${PASSWORD}"`, 'database = "template1"'),
  ],
  ["mailstrange", "certificate: ", probe("mailstrange", "smtp", "port = 587", "tls = true")],
  ["mailclear", "answers STARTTLS with", probe("mailclear", "smtp", "tls = true")],
  ["ordersstrange", "certificate: ", probe("ordersstrange", "pgsql", "tls = true")],
  ["namesabsent", "NXDOMAIN", probe("namesabsent", "dns", 'query = "no.example.org"', 'query_type = "A"')],
  ["mailweb", "timeout after 1s", probe("mailweb", "smtp", "port = 6379")],
  ["ntp", "ECONNREFUSED", probe("ntp", "udp", "port = 123", 'payload = "x"')],
];

let site: Site;
let agent: Agent;
let daemons: readonly Daemon[];
let good: typeof GOOD = [];

beforeAll(async () => {
  site = await Site.create(2);
  const scripts = await Scripts.create();
  site.atClose(() => scripts.close());
  const start = new Daemons(site, site.box(1), scripts);
  const pair = await start.pair();
  const { certificate } = pair;
  daemons = await Promise.all([
    start.lighttpd(pair),
    start.nginx(),
    start.opensmtpd(),
    start.stunnel(pair),
    start.dnsmasq(),
    start.redis(PASSWORD, pair),
    start.mariadb(PASSWORD, pair),
    start.postgresql(PASSWORD, pair),
  ]);
  good = [...GOOD, ...secure(certificate)];
  const foreign = probe("tlsforeign", "https", `ca = "${certificate}"`, 'server_name = "a.example.org"');
  await scripts.put("junk.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const junk = probe("tlsjunk", "https", `ca = "${scripts.path("junk.pem")}"`);
  const text = [...good.map(([, , , each]) => each), ...BAD.map(([, , each]) => each), foreign, junk];
  agent = await started(site, site.box(0), tracking(254, text.join("\n")));
}, 120_000);
afterAll(() => site.close());

/** Waits until every check of every daemon has been said to be up, or not, so many times. */
async function all(up: boolean, detail: (name: string) => string, times: number): Promise<void> {
  for (const [, name] of good) {
    await agent.says("track.changed", `name=${name} router=lan up=${up}`, times);
    expect(await verdict(agent, name, up, detail(name))).toContain(detail(name));
  }
}

describe("checks of real daemons", () => {
  test("are good while these run, each by what it says", async () => {
    await all(true, (name) => good.find(([, each]) => each === name)?.[2] ?? "", 1);
  });

  test("are bad for a wrong password, a strange certificate, a missing name, another protocol", async () => {
    for (const [name, detail] of BAD) expect(await verdict(agent, name, false, detail)).toContain(detail);
    expect(await verdict(agent, "tlsforeign", false)).toBe(
      "certificate: not for a.example.org, but for DNS:shop.example.org",
    );
    expect(await verdict(agent, "tlsjunk", false)).toMatch(/^no certificate \(PEM\) in \/.*\/junk\.pem$/);
  });

  test("say when a certificate is about to end", async () => {
    for (const name of ["tls", "mailtls", "mailtlsfirst", "cachetls", "shoptls", "orderstls"]) {
      const { line } = await agent.says("check.warning", `name=${name} `);
      expect(line).toContain("certificate expires in 9 days");
    }
  });

  test("show what was said, without a password", async () => {
    const { stdout } = await agent.command("status", "lan");
    expect(stdout).toContain("sent AUTH ...");
    expect(stdout).toMatch(/got "-WRONGPASS/);
    const { stdout: json } = await agent.command("status", "--json");
    expect(stdout + json).not.toMatch(/open-sesame|"wrong"|\\"wrong\\"/);
  });

  test("fail when they hang", async () => {
    for (const daemon of daemons) daemon.hang();
    await all(false, () => "timeout after 1s", 1);
  });

  test("are good again when they go on", async () => {
    for (const daemon of daemons) daemon.goOn();
    await all(true, () => "", 2);
  });

  test("fail when they die", async () => {
    await Promise.all(daemons.map((daemon) => daemon.kill()));
    await all(false, () => "", 2);
    expect(agent.events("agent.bug")).toEqual([]);
    expect(await agent.stop()).toBe(0);
  });
});
