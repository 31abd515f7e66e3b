/** Scripts for checks and notify commands, in a directory where whoever runs them may write what they saw. */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { readFileSync } from "node:fs";

export class Scripts {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async create(): Promise<Scripts> {
    const directory = await mkdtemp("/tmp/haagent-scripts-");
    await chmod(directory, 0o777);
    return new Scripts(directory);
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  /** Writes a shell script; `$D` in it is the directory. Gives its path. */
  async write(name: string, body: string, mode = 0o755): Promise<string> {
    const path = this.path(name);
    await Bun.write(path, `#!/bin/sh\nD=${this.directory}\n${body}\n`);
    await chmod(path, mode);
    return path;
  }

  /** Writes a file that scripts read, in place. */
  async put(name: string, text: string): Promise<void> {
    await Bun.write(this.path(name), text);
    await chmod(this.path(name), 0o666);
  }

  /** Lines of a file that a script wrote; none while it is not there. */
  lines(name: string): string[] {
    try {
      return readFileSync(this.path(name), "utf8").split("\n").slice(0, -1);
    } catch {
      return [];
    }
  }

  async text(name: string): Promise<string> {
    return await readFile(this.path(name), "utf8");
  }

  /** Ends what scripts left running and wrote into `pids`, and removes everything. */
  async close(): Promise<void> {
    for (const pid of this.lines("pids").map(Number)) {
      if (lives(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("sleep\0"))
        process.kill(pid, "SIGKILL");
    }
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Whether a process is there, zombies left out. */
export function lives(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
