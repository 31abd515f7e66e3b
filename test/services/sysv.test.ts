/** conf/haagent.sysv under dash, with Debian's start-stop-daemon. */
import { conf, serves } from "./promises.ts";

const SCRIPT = "/etc/init.d/haagent";

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
