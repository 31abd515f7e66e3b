/** systemd units and System V scripts as resources, with the agent itself under the systemd that runs them. */
import { describe, expect, test } from "bun:test";
import { Lab } from "../lab/lab.ts";
import { until } from "../lab/process.ts";
import { Machine } from "./machine.ts";
import { BINARY, conf } from "./promises.ts";

const UNITS = "/etc/systemd/system";
const WAIT_MS = 30_000;
const LONG_MS = 240_000;

const service = (lines: string): string => `[Service]\n${lines}\n`;
/** The other node never comes. */
const CONFIG = `
[agent]
node = "a"
log = { level = "debug", target = "/var/log/haagent.log" }
[heartbeat]
nodes = ["a", "b"]
keepalive = "200ms"
deadtime = "1s"
initdead = "1500ms"
auth = { method = "sha1", key = "secret" }
links = [{ type = "broadcast", interface = "eth0" }]
resources = ["a web web@two.service", "a broken"]
`;

async function boot(lab: Lab): Promise<Machine> {
  const machine = await Machine.boot(lab.node(0), {
    systemd: true,
    seen: { "/usr/sbin/haagent": BINARY },
    files: {
      [`${UNITS}/haagent.service`]: await conf("haagent.service"),
      "/etc/haagent.toml": CONFIG,
      [`${UNITS}/web.service`]: service("Type=exec\nExecStart=/bin/sleep 1000"),
      [`${UNITS}/web@.service`]: service("Type=exec\nExecStartPre=/bin/sleep 1\nExecStart=/bin/sleep 1000"),
      [`${UNITS}/broken.service`]: service("Type=exec\nExecStart=/bin/nonexistent"),
    },
  });
  lab.atClose(() => machine.close());
  return machine;
}

describe("a systemd unit", () => {
  test(
    "is started in its turn, found running, stopped with its group, and fails where it does not start",
    async () => {
      await using lab = await Lab.create(1);
      const machine = await boot(lab);
      const is = async (unit: string): Promise<string> =>
        (await machine.command("systemctl", "is-active", unit)).stdout.trim();
      const log = async (): Promise<string> => (await machine.command("cat", "/var/log/haagent.log")).stdout;
      const says = (...words: readonly string[]): Promise<number> => {
        let last = "";
        return until(
          () => `${words.join(" ")} is said:\n${last}`,
          WAIT_MS,
          async () => {
            last = await log();
            return last.split("\n").some((line) => words.every((word) => line.includes(word)));
          },
        );
      };
      // Left behind by whoever was there before: looked for, found, and stopped before anything else.
      await machine.command("systemctl", "start", "web@two");
      const started = await machine.command("systemctl", "start", "haagent");
      expect([started.code, started.stderr]).toEqual([0, ""]);
      await says("resource.ran", "resource=web@two.service", "task=stop");
      await says("resource.state", "group=web", "state=started");
      expect([await is("web"), await is("web@two")]).toEqual(["active", "active"]);
      await says("resource.failed", "resource=broken", "task=start", "systemctl: exit 1");
      const order = (await log())
        .split("\n")
        .filter((line) => / task=start/.test(line) && /resource=web/.test(line));
      expect(order.map((line) => /resource=(\S+)/.exec(line)?.[1])).toEqual(["web", "web@two.service"]);
      const stopped = await machine.command("systemctl", "stop", "haagent");
      expect(stopped.code).toBe(0);
      expect([await is("web"), await is("web@two")]).toEqual(["inactive", "inactive"]);
    },
    LONG_MS,
  );
});
