/** The kill timeouts of the service files that ship, against what before_release may take. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { load } from "../../src/config/load.ts";
import type { Config } from "../../src/config/model.ts";
import type { ServiceFile } from "../../src/doctor/facts.ts";
import { serviceFindings } from "../../src/doctor/service.ts";

const FILES = ["haagent.service", "haagent.procd", "haagent.openrc", "haagent.sysv"];
const read = (name: string): string => readFileSync(new URL(`../../conf/${name}`, import.meta.url), "utf8");

function config(hooks: string): Config {
  const text = `[vrrp.lan]\ninterface = "eth1"\nvrid = 51\naddresses = ["192.0.2.1/24"]\nhooks = { ${hooks} }\n`;
  const loaded = load({ path: "x", text, failure: null, mode: 0o600, hostname: "a", accounts: null });
  if (loaded.config === null) throw new Error(JSON.stringify(loaded.findings));
  return loaded.config;
}

/** The settings that are too short. */
const short = (services: readonly ServiceFile[], hooks: string): string[] =>
  serviceFindings({ services }, config(hooks)).map(({ text }) => text.split(" ")[0] ?? "");

describe.each(FILES)("conf/%s", (name) => {
  const files = [{ path: name, text: read(name) }];

  test("is patient enough for the default", () => {
    expect(short(files, 'before_release = ["/bin/flush"]')).toEqual([]);
    expect(short(files, 'before_release = ["/bin/flush"], timeout = "8s"')).toEqual([]);
  });

  test("is told of when before_release may take longer, and only then", () => {
    expect(short(files, 'before_release = ["/bin/flush"], timeout = "9s"')).toHaveLength(1);
    expect(short(files, 'before_take = ["/bin/take"], timeout = "60s"')).toEqual([]);
  });
});

test("groups of resources take their time, one stop after the other", () => {
  const text = [
    "[heartbeat]",
    'nodes = ["a", "b"]',
    'auth = { method = "sha1", key = "k" }',
    'links = [{ type = "broadcast", interface = "eth0" }, { type = "serial", device = "/dev/ttyS0" }]',
    'resources = ["a one two three"]',
    'resource_scripts = { stop_timeout = "10s" }',
  ].join("\n");
  const loaded = load({ path: "x", text, failure: null, mode: 0o600, hostname: "a", accounts: null });
  if (loaded.config === null) throw new Error(JSON.stringify(loaded.findings));
  const services = [{ path: "haagent.service", text: read("haagent.service") }];
  const [found] = serviceFindings({ services }, loaded.config);
  expect([found?.text, found?.cure]).toEqual([
    "TimeoutStopSec kills after 10 s an agent whose longest group may take 30 s: it would release nothing",
    "TimeoutStopSec of at least 32 s, or a shorter resource_scripts.stop_timeout",
  ]);
});

test("a drop-in of systemd counts more than the unit", () => {
  const unit = { path: "haagent.service", text: read("haagent.service") };
  const dropIn = { path: "haagent.service.d/more.conf", text: "[Service]\nTimeoutStopSec=30\n" };
  const hooks = 'before_release = ["/bin/flush"], timeout = "20s"';
  expect(short([unit], hooks)).toEqual(["TimeoutStopSec"]);
  expect(short([unit, dropIn], hooks)).toEqual([]);
});
