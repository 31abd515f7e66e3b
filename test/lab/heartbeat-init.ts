/**
 * The first process of a machine for heartbeat: `bun heartbeat-init.ts NAME DIRECTORY`, started in mount, host name, process and network
 * namespaces of its own. It puts DIRECTORY over /etc/ha.d and empty directories over what heartbeat writes to, and starts it. SIGTERM
 * and SIGHUP go to it; when it ends, so does the machine.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";

const [name = "", directory = ""] = process.argv.slice(2);

function must(...argv: readonly string[]): void {
  const done = Bun.spawnSync([...argv], { stderr: "pipe" });
  if (!done.success) throw new Error(`${argv.join(" ")}: ${done.stderr.toString().trim()}`);
}

must("mount", "--make-rprivate", "/");
must("hostname", name);
must("mount", "--bind", directory, "/etc/ha.d");
for (const place of ["/run", "/var/lib/heartbeat"]) must("mount", "-t", "tmpfs", "tmpfs", place);
const own = ["ccm", "crm", "dopd", "rsctmp"].map((each) => `/run/heartbeat/${each}`);
// Locks of serial lines.
const locks = "/run/lock";
const cores = ["root", "nobody", "hacluster"].map((each) => `/var/lib/heartbeat/cores/${each}`);
for (const place of [...own, ...cores, locks]) mkdirSync(place, { recursive: true });

const heartbeat = Bun.spawn(["/usr/libexec/heartbeat/heartbeat", "-f"], {
  stdio: ["ignore", "inherit", "inherit"],
});
/** Which process is heartbeat: another one after it has restarted itself, as it does after a partition. */
let pid = heartbeat.pid;
for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.kill(pid, signal));
const code = await heartbeat.exited;

const LOOK_EVERY_MS = 100;
/** From the end of its parent until a restarted heartbeat has said which process it is. */
const RESTART_MS = 10_000;

const restarts = (): boolean =>
  existsSync("/etc/ha.d/log") && readFileSync("/etc/ha.d/log", "utf8").includes("heartbeat restart exec");
/** What is dead already may wait for us to ask how it ended. */
const isAlive = (): boolean => {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !readFileSync(path, "utf8").includes(") Z ");
};

if (restarts()) {
  for (let waited = 0; !isAlive() && waited < RESTART_MS; waited += LOOK_EVERY_MS) {
    await Bun.sleep(LOOK_EVERY_MS);
    if (existsSync("/run/heartbeat.pid")) pid = Number(readFileSync("/run/heartbeat.pid", "utf8")) || pid;
  }
  while (isAlive()) await Bun.sleep(LOOK_EVERY_MS);
}
process.exit(code);
