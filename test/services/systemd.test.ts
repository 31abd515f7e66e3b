/** conf/haagent.service under a systemd that was booted for it. */
import { describe, expect, test } from "bun:test";
import { Lab } from "../lab/lab.ts";
import { Machine } from "./machine.ts";
import { BINARY, conf, serves } from "./promises.ts";

const UNIT = "/etc/systemd/system/haagent.service";

serves({
  name: "systemd",
  machine: async () => ({ systemd: true, files: { [UNIT]: await conf("haagent.service") } }),
  start: ["systemctl", "start", "haagent"],
  stop: ["systemctl", "stop", "haagent"],
  restart: ["systemctl", "restart", "haagent"],
  reload: ["systemctl", "reload", "haagent"],
  status: ["systemctl", "is-active", "haagent"],
  running: ({ stdout }) => stdout.trim() === "active",
  refuses: false,
});

describe("conf/haagent.service", () => {
  test("is a unit that systemd finds nothing wrong with", async () => {
    await using lab = await Lab.create(1);
    const machine = await Machine.boot(lab.node(0), {
      files: { [UNIT]: await conf("haagent.service") },
      seen: { "/usr/sbin/haagent": BINARY },
    });
    lab.atClose(() => machine.close());
    const { code, stdout, stderr } = await machine.command("systemd-analyze", "verify", UNIT);
    // It may find something in the units of this machine.
    expect((stdout + stderr).split("\n").filter((line) => line.includes("haagent"))).toEqual([]);
    expect(code).toBe(0);
  });
});
