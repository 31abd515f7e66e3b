/** conf/runit under runsvdir. */
import { until } from "../lab/process.ts";
import { conf, serves } from "./promises.ts";

const sv = (...command: readonly string[]): string[] => ["sv", ...command, "/etc/sv/haagent"];

serves({
  name: "runit",
  machine: async () => ({
    tree: "runit",
    files: {
      "/etc/sv/haagent/run": await conf("runit/run"),
      "/etc/sv/haagent/finish": await conf("runit/finish"),
      "/etc/sv/haagent/down": "",
    },
  }),
  prepare: async (machine) => {
    machine.spawn("runsv", "/etc/sv/haagent");
    await until("runsv listens", 5000, async () => (await machine.command(...sv("status"))).code === 0);
  },
  start: sv("up"),
  stop: sv("-w", "10", "force-stop"),
  restart: sv("restart"),
  reload: sv("hup"),
  status: sv("status"),
  running: ({ stdout }) => stdout.startsWith("run:"),
  refuses: false,
});
