/**
 * The first process of a machine for heartbeat: `bun heartbeat-init.ts NAME DIRECTORY`, started in mount, host name, process and network
 * namespaces of its own. It puts DIRECTORY over /etc/ha.d and empty directories over what heartbeat writes to, and starts it. SIGTERM
 * and SIGHUP go to it; when it ends, so does the machine.
 */
import { mkdirSync } from "node:fs";

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
for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => heartbeat.kill(signal));
process.exit(await heartbeat.exited);
