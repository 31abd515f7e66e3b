/** A node of a cluster of two whose other node mostly never comes: after initdead it has all groups. With mounts of its own, which end with it. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Lab } from "../lab/lab.ts";
import type { Ran } from "../lab/process.ts";
import { ran } from "../lab/process.ts";
import { Member } from "./cluster-scene.ts";

export class Solo extends Member {
  constructor(lab: Lab, index: 0 | 1 = 0) {
    super(lab.node(index), index === 0 ? "a" : "b");
    lab.atClose(() => this.close());
    this.wrapper = ["unshare", "--mount", "--propagation", "private", "--"];
  }

  /** The path of a file of its directory. */
  at(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** A shell script; `$D` in it is the directory. Gives its path. */
  script(name: string, body: string): string {
    const path = this.at(name);
    mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    writeFileSync(path, `#!/bin/sh\nD=${this.directory}\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** Something done in its own mounts before the agent starts there. */
  prepare(body: string): void {
    const path = this.script("prepare", `${body}\nexec "$@"`);
    this.wrapper = [...this.wrapper, path];
  }

  /** Lines of a file that a script wrote; none while it is not there. */
  lines(name: string): string[] {
    const path = this.at(name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  }

  /** `[heartbeat]` with these groups. */
  async groups(lines: readonly string[], more = "", deadtime = "1s", initdead = "1500ms"): Promise<void> {
    await this.write(`
[heartbeat]
nodes = ["a", "b"]
keepalive = "200ms"
deadtime = "${deadtime}"
initdead = "${initdead}"
auth = { method = "sha1", key = "secret" }
links = [{ type = "broadcast", interface = "eth0" }]
resource_dirs = ["${this.at("resource.d")}", "${this.at("init.d")}"]
resources = ${JSON.stringify(lines)}
${more}
`);
  }

  /** A command in the agent's own mounts and network. */
  async inside(...argv: readonly string[]): Promise<Ran> {
    const { pid } = await this.status();
    return ran(["nsenter", `--target=${pid}`, "--mount", "--net", "--", ...argv]);
  }
}

/** Whether nothing of a process runs any more. */
export function isDead(pid: string): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}
