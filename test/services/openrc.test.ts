/** conf/haagent.openrc under OpenRC, as far as a machine without its boot has one. */
import { conf, serves } from "./promises.ts";

/** Directories in which OpenRC notes what is in which state. */
const STATES = ["daemons", "exclusive", "failed", "inactive", "options", "started", "starting", "stopping"];
const service = (command: string): string[] => ["rc-service", "haagent", command];

serves({
  name: "OpenRC",
  machine: async () => ({
    tree: "openrc",
    files: {
      "/etc/init.d/haagent": await conf("haagent.openrc"),
      "/etc/insserv.conf": "",
    },
  }),
  // What OpenRC's boot leaves behind.
  prepare: async (machine) => {
    await machine.run("mkdir", "-p", ...STATES.map((name) => `/run/openrc/${name}`));
    await machine.run("touch", "/run/openrc/softlevel");
  },
  start: service("start"),
  stop: service("stop"),
  restart: service("restart"),
  reload: service("reload"),
  status: service("status"),
  running: ({ code }) => code === 0,
  refuses: true,
});
