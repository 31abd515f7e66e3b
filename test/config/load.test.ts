/** What load() makes of a whole file: the values that the machines run on, or why there are none. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "../../src/config/load.ts";
import type { Config, ConfigSource } from "../../src/config/model.ts";
import { printFinding } from "../../src/config/print.ts";
import { loadText, router, said, second } from "./said.ts";

const SOURCE: ConfigSource = {
  path: "/etc/haagent.toml",
  text: "",
  failure: null,
  mode: 0o600,
  hostname: "ha1",
  accounts: null,
};

/** What is said of a file as it is found on disk. */
const saidOf = (source: Partial<ConfigSource>): readonly string[] =>
  load({ ...SOURCE, ...source }).findings.map((finding) => printFinding("x", finding));

/** The configuration in a text that must be good. */
function good(text: string): Config {
  const { config, findings } = loadText(text);
  expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
  if (config === null) throw new Error("no configuration");
  return config;
}

describe("a file that holds nothing", () => {
  test("is an error at 1:1 with the reason when it cannot be read", () => {
    expect(saidOf({ text: null, failure: "EACCES: permission denied" })).toEqual([
      "x:1:1: error: cannot be read: EACCES: permission denied",
    ]);
    expect(saidOf({ text: null, failure: null })).toEqual(["x:1:1: error: cannot be read: no reason given"]);
  });
  test("is an error at 1:1 when it is empty or blank", () => {
    for (const text of ["", " ", "\n\n", "\t\r\n", "\uFEFF", "\uFEFF\n"]) {
      expect(saidOf({ text })).toEqual(["x:1:1: error: the file is empty"]);
    }
  });
  test("is an error at 1:1 when there is nothing to do", () => {
    const nothing =
      "1:1 error: nothing to do: there is no table of [vrrp.NAME], [virtual_server.NAME], [heartbeat] or [realserver]";
    expect(said("# only a comment\n")).toEqual([nothing]);
    expect(said('[agent]\nnode = "a"\n')).toEqual([nothing]);
    expect(said("[vrrp]\n")).toEqual([nothing]);
    expect(said('\n[check.c]\ntype = "script"\ncommand = ["/c"]\n')).toEqual([
      nothing,
      "2:1 warning: no router uses [check.c]",
    ]);
  });
  test("is an error at 1:1 when it is too long to be a configuration", () => {
    expect(said("#".repeat((1 << 20) + 1))).toEqual(["1:1 error: longer than 1048576 characters"]);
  });
});

describe("a file in another encoding", () => {
  test("is told at the first byte that is not UTF-8", () => {
    expect(said(router("# caf\uFFFD \uFFFD"))).toEqual(["5:6 error: not UTF-8 from here on"]);
  });
  test("may begin with a byte order mark, which is no column", () => {
    expect(said(`\uFEFFpriority = 1\n${router()}`)).toEqual([
      "1:1 error: priority stands in no table; it belongs in [vrrp.NAME]",
    ]);
  });
  test("may end its lines with CRLF", () => {
    expect(said(router("vrid = 0").replaceAll("\n", "\r\n"))).toEqual([
      "3:8 error: vrid must be 1 to 255, not 0",
    ]);
  });
  test("has its columns counted in characters, not bytes or UTF-16 units", () => {
    expect(said(router('garp = { "é😀" = 1, count = 0 }'))).toEqual([
      '5:10 error: unknown key "é😀" in garp',
      "5:28 error: garp.count must be 1 to 60, not 0",
    ]);
  });
});

describe("a file that others can reach", () => {
  const keyed = router("version = 2", 'auth = { type = "pass", key = "123456" }');
  const readable =
    "x:6:31: warning: the file holds a key and is readable by others than its owner; cure: chmod 600";
  const rows: readonly [mode: number | null, text: string, said: readonly string[]][] = [
    [0o600, keyed, []],
    [0o400, keyed, []],
    [null, keyed, []],
    [0o644, keyed, [readable]],
    [0o640, keyed, [readable]],
    [0o604, keyed, [readable]],
    [
      0o604,
      router('track_checks = ["c"]') +
        '[check.c]\ntype = "redis"\ntarget = "192.0.2.1"\npassword = "secret"\n',
      [readable.replace("6:31", "9:12")],
    ],
    [
      0o604,
      '[virtual_server.a]\naddress = "192.0.2.80:80"\nreal_servers = ["192.0.2.1:80"]\ncheck = { type = "http", headers = ["Cookie: secret"] }\n',
      [readable.replace("6:31", "4:36")],
    ],
    [0o644, router(), []],
    [0o644, router('auth = { type = "none" }'), []],
    [0o602, router(), ["x:1:1: error: the file is writable by others; cure: chmod o-w"]],
    [
      0o666,
      "x = ",
      [
        "x:1:1: error: the file is writable by others; cure: chmod o-w",
        "x:1:5: error: the file ends where a value was expected",
      ],
    ],
    [0o666, router(), ["x:1:1: error: the file is writable by others; cure: chmod o-w"]],
    [0o620, router(), ["x:1:1: warning: the file is writable by its group, who so may run commands"]],
  ];
  for (const [mode, text, expected] of rows) {
    test(`with mode ${mode === null ? "unknown" : mode.toString(8)} ${text === keyed ? "and a key" : text.includes("secret") ? "and a password" : "and no key"}`, () => {
      expect(saidOf({ text, mode })).toEqual(expected);
      expect(load({ ...SOURCE, text, mode }).config === null).toBe(
        expected.some((line) => line.includes("error")),
      );
    });
  }
});

describe("the contract's own sample", () => {
  const text = readFileSync(join(import.meta.dir, "golden/contract.toml.txt"), "utf8");
  test("is refused for what this version does not do, and for nothing else", () => {
    expect(said(text)).toEqual([
      "10:1 error: metrics_listen is not in this version",
      "11:1 error: web_listen is not in this version",
      "14:1 error: [mail] is not in this version",
      '44:14 warning: sync_group "lan" has one member only',
      "48:1 error: mail = true is not in this version",
      "73:3 warning: two links on eth1 fail together: they are one",
      "74:3 warning: two links on eth1 fail together: they are one",
      "78:1 error: watchdog is not in this version",
      "83:73 warning: fence.delay 5s is for the other node: this one, which more groups prefer, shoots first; cure: leave it out on both",
      '89:20 warning: "sh-port" changes nothing: it is a flag of scheduler "sh", not of "wrr"',
      '89:31 warning: "sh-fallback" changes nothing: it is a flag of scheduler "sh", not of "wrr"',
    ]);
  });
  test("is good without that", () => {
    const rest = text.slice(0, text.indexOf("[heartbeat]"));
    const lines = rest.replace(/\[mail\][^[]*\["ops@example.org"\]\n/, "").split("\n");
    const kept = lines.filter((line) => !/^(metrics_listen|web_listen|routes|rules|mail|guard) =/.test(line));
    expect(said(kept.join("\n"))).toEqual([
      expect.stringContaining('warning: sync_group "lan" has one member only'),
    ]);
  });
});

describe("a good file", () => {
  test("with the least in it has every default filled in", () => {
    expect(JSON.parse(JSON.stringify(good(router())))).toEqual({
      agent: {
        node: "ha1",
        runtimeDir: "/run/haagent",
        stateDir: "/var/lib/haagent",
        maintenanceDir: null,
        ipvsTimeouts: { tcp: 0, tcpFin: 0, udp: 0 },
        controlGroup: null,
        realtimePriority: 0,
        scriptUser: null,
        addressMethod: "auto",
        addressLifetime: "auto",
        log: { level: "info", target: "stderr", facility: "daemon" },
      },
      routers: [
        {
          name: "a",
          interface: "eth0",
          vrid: 1,
          version: 3,
          family: 4,
          priority: 100,
          advertInterval: 1000,
          preempt: true,
          preemptDelay: 0,
          startupDelay: 0,
          tie: "address",
          checksum: "rfc5798",
          auth: { type: "none" },
          addresses: [{ address: "10.0.0.1", prefix: 24, interface: "eth0", label: null }],
          excludedAddresses: [],
          onFound: "fault",
          accept: true,
          virtualMac: false,
          routes: [],
          rules: [],
          multicastGroup: "224.0.0.18",
          unicastSource: null,
          unicastPeers: [],
          trackInterfaces: [],
          trackChecks: [],
          syncGroup: null,
          garp: { count: 5, interval: 2, refresh: 60_000, repeatAfter: 5000 },
          notify: { master: [], backup: [], fault: [], stop: [], any: [] },
          hooks: { beforeTake: [], afterTake: [], beforeRelease: [], timeout: 5000, retry: 30_000 },
          guard: { heartbeat: false, witnesses: [] },
          onIsolation: "keep",
        },
      ],
      checks: [],
      services: [],
      heartbeat: null,
      realserver: [],
    });
  });

  test("with everything in it has everything as written", () => {
    const text = readFileSync(join(import.meta.dir, "golden/everything.toml.txt"), "utf8");
    const config: unknown = JSON.parse(readFileSync(join(import.meta.dir, "golden/everything.json"), "utf8"));
    expect(JSON.parse(JSON.stringify(good(text)))).toEqual({
      services: [],
      heartbeat: null,
      realserver: [],
      ...Object(config),
    });
  });

  test("of IPv6 has the family and the group of IPv6", () => {
    const [first] = good(router('addresses = ["fe80::1/64"]')).routers;
    expect(first).toMatchObject({ family: 6, multicastGroup: "ff02::12" });
  });

  test("without advertised addresses takes its family from what else tells", () => {
    const families = [
      router("addresses = []", 'excluded_addresses = ["fe80::1/64", "10.0.0.1/24"]'),
      router("addresses = []", 'excluded_addresses = ["10.0.0.1/24"]', 'unicast_peers = ["fe80::9"]'),
      router("addresses = []", 'excluded_addresses = ["10.0.0.1/24"]', 'multicast_group = "ff02::12"'),
    ].map((text) => good(text).routers[0]?.family);
    expect(families).toEqual([6, 6, 6]);
  });

  test("is the same however it is laid out", () => {
    const wide = 'vrrp = { a = { vrid = 0x01, interface = "\\u0065th0", addresses = ["10.0.0.1/24",] } }\n';
    const dotted = 'vrrp.a.interface = \'eth0\'\nvrrp.a.vrid = 1.0\nvrrp.a.addresses = ["""10.0.0.1/24"""]\n';
    expect(loadText(wide)).toEqual(loadText(router()));
    expect(loadText(dotted)).toEqual(loadText(router()));
  });

  test("keeps the order of its tables", () => {
    expect(good(second() + router()).routers.map(({ name }) => name)).toEqual(["b", "a"]);
    const numbered = router().replace("vrrp.a", "vrrp.20") + second().replace("vrrp.b", "vrrp.3");
    expect(good(numbered).routers.map(({ name }) => name)).toEqual(["20", "3"]);
  });

  test("takes durations in any unit to the same span", () => {
    const spans = ['"1m"', '"60s"', "60", "60.0", '"60000ms"', '"0.016666666666666666h"'].map(
      (value) => good(router(`garp = { refresh = ${value} }`)).routers[0]?.garp.refresh,
    );
    expect(new Set<number | undefined>(spans)).toEqual(new Set([60_000]));
  });

  test("on a host without a name calls its node something", () => {
    expect(load({ ...SOURCE, text: router(), hostname: "" }).config?.agent.node).toBe("localhost");
  });
});
