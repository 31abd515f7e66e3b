/** conf/haagent.sysv under dash, with Debian's start-stop-daemon. */
import { expect, test } from "bun:test";
import { Lab } from "../lab/lab.ts";
import { until } from "../lab/process.ts";
import { Machine } from "./machine.ts";
import { BINARY, CONFIG, conf, serves } from "./promises.ts";

const SCRIPT = "/etc/init.d/haagent";
const WAIT_MS = 20_000;
/** sleep(1) that writes down for how long it is called. */
const SLEEP = '#!/bin/sh\necho "$1" >>/slept\nexec /bin/sleep "$1"\n';

serves({
  name: "System V init",
  machine: async () => ({ files: { [SCRIPT]: await conf("haagent.sysv") } }),
  start: [SCRIPT, "start"],
  stop: [SCRIPT, "stop"],
  restart: [SCRIPT, "restart"],
  reload: [SCRIPT, "reload"],
  status: [SCRIPT, "status"],
  running: ({ code }) => code === 0,
  refuses: true,
});

test("conf/haagent.sysv starts an agent again at once, however young it was, and waits before the next one", async () => {
  await using lab = await Lab.create(1);
  const files = {
    [SCRIPT]: await conf("haagent.sysv"),
    "/etc/haagent.toml": CONFIG,
    "/usr/sbin/sleep": SLEEP,
  };
  const machine = await Machine.boot(lab.node(0), { files, seen: { "/usr/sbin/haagent": BINARY } });
  lab.atClose(() => machine.close());
  const waits = async (): Promise<number> =>
    (await machine.command("cat", "/slept")).stdout.split("\n").filter((line) => line === "1").length;
  const pid = async (): Promise<number | null> => {
    const { code, stdout } = await machine.command("haagent", "status", "--json");
    return [0, 3].includes(code) ? Number(JSON.parse(stdout).pid) : null;
  };
  await machine.run(SCRIPT, "start");
  for (const waited of [0, 1]) {
    const killed = await pid();
    await machine.run("kill", "-KILL", String(killed));
    await until("another one runs", WAIT_MS, async () => ![null, killed].includes(await pid()));
    expect(await waits()).toBe(waited);
  }
  await machine.run(SCRIPT, "stop");
});
