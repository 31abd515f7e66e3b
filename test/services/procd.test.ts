/**
 * conf/haagent.procd in a shell, with stand-ins for the functions of OpenWrt's /etc/rc.common that say what they are asked for. So the
 * script runs, and procd does not: test/limits.md.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Lab } from "../lab/lab.ts";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import { Machine } from "./machine.ts";
import { BINARY, CONFIG, conf, VIP } from "./promises.ts";

/** `rc.common SCRIPT FUNCTION`. */
const RC_COMMON = `#!/bin/sh
procd_open_instance() { echo open; }
procd_set_param() { echo "$*"; }
procd_close_instance() { echo close; }
. "$1"
"$2"
`;
const SCRIPT = "/etc/init.d/haagent";
const call = (name: string): string[] => ["/etc/rc.common", SCRIPT, name];
const WAIT_MS = 20_000;

let lab: Lab;
let machine: Machine;

beforeAll(async () => {
  lab = await Lab.create(1);
  machine = await Machine.boot(lab.node(0), {
    files: {
      "/etc/rc.common": RC_COMMON,
      [SCRIPT]: await conf("haagent.procd"),
      "/etc/haagent.toml": CONFIG,
      "/etc/wrong.toml": `${CONFIG}vird = 3\n`,
    },
    seen: { "/usr/sbin/haagent": BINARY },
  });
  lab.atClose(() => machine.close());
});
afterAll(() => lab.close());

describe("conf/haagent.procd", () => {
  test("asks procd for the agent, started again at once for ever, and for time to stop", async () => {
    const asked = (await machine.run(...call("start_service"))).trim().split("\n");
    expect(asked).toEqual([
      "open",
      "command /usr/sbin/haagent run --config /etc/haagent.toml",
      "env MIMALLOC_PURGE_HOLES_MIN_INTERVAL=10000",
      "respawn 3600 0 0",
      "term_timeout 10",
      "stderr 1",
      "close",
    ]);
  });

  test("asks for nothing with a wrong configuration", async () => {
    await machine.run("cp", "/etc/haagent.toml", "/etc/right.toml");
    await machine.run("cp", "/etc/wrong.toml", "/etc/haagent.toml");
    const { code, stdout, stderr } = await machine.command(...call("start_service"));
    await machine.run("cp", "/etc/right.toml", "/etc/haagent.toml");
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain("/etc/haagent.toml:10:1: error: ");
  });

  test("reloads the running agent, and releases only when none runs any more", async () => {
    machine.spawn("haagent");
    await until("it is master", WAIT_MS, async () => (await addressesOf(lab.node(0))).includes(VIP));
    expect((await machine.command(...call("reload_service"))).code).toBe(0);
    const stopped = machine.command(...call("service_stopped"));
    const { pid } = JSON.parse(await machine.run("haagent", "status", "--json"));
    expect(await addressesOf(lab.node(0))).toContain(VIP);
    await machine.run("kill", "-KILL", String(pid));
    await stopped;
    expect(await addressesOf(lab.node(0))).not.toContain(VIP);
  });
});
