/**
 * A machine: this one's file system under an overlay that forgets, with processes and mounts of its own, in the network namespace of a
 * lab's node. What an init system or a package manager does in it stays in it.
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Station } from "../lab/lab.ts";
import { Child, until } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import type { Tree } from "../trees.ts";
import { tree } from "../trees.ts";

/** A boot, and a command; the machine around may be busy. */
const BOOT_MS = 60_000;
const COMMAND_MS = 60_000;

export interface MachineOptions {
  /** Process 1 is systemd; else one that only reaps. */
  readonly systemd?: boolean;
  /** Debian packages that are there and not on this machine. */
  readonly tree?: Tree;
  /** Places in the machine where a file of this one is seen. */
  readonly seen?: Readonly<Record<string, string>>;
  /** Files by their place in the machine; those that begin with `#!` can be run. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Process 1 of a machine without an init. */
const HOLDER = "#!/bin/sh\necho up\nwhile :; do sleep 3600; done\n";
const SYSTEMD = "/lib/systemd/systemd --system --unit=basic.target --show-status=0 --log-target=journal";

/** Lays the machine out in `directory` and becomes its process 1; runs in mount and process namespaces of its own. */
function layout(directory: string, options: MachineOptions): string {
  const layer = options.tree === undefined ? "" : `cp -a '${tree(options.tree)}/.' layer`;
  const seen = Object.entries(options.seen ?? {}).map(
    ([place, file]) => `mkdir -p '.${dirname(place)}'; touch '.${place}'; mount --bind '${file}' '.${place}'`,
  );
  return `#!/bin/sh
set -e
# The number of this process as the starter sees it: /proc is still the old one.
read -r pid _ </proc/self/stat
mount -t tmpfs tmpfs ${directory}/machine
cd ${directory}/machine
mkdir upper work root layer
${layer}
mount -t overlay overlay -o lowerdir=layer:/,upperdir=upper,workdir=work root
cd root
mount -t proc proc proc
# Settings of the kernel are everybody's, those of the network its own.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
mount -t sysfs sysfs sys
${options.systemd === true ? "mount -t cgroup2 cgroup2 sys/fs/cgroup" : ""}
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
	touch dev/$node
	mount --bind /dev/$node dev/$node
done
mkdir dev/pts dev/shm
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
mkdir -m 1777 run/lock
mount -t tmpfs tmpfs tmp
# Nothing that this machine starts at boot.
rm -rf etc/systemd/system/*.wants etc/systemd/system/*.requires
find lib/systemd/system/*.wants/ ! -name "systemd-journald*" -type l -delete
# Containers have this to keep packages from starting anything.
rm -f usr/sbin/policy-rc.d
cp -a ${directory}/files/. .
${seen.join("\n")}
echo pid $pid
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=lxc chroot . ${options.systemd === true ? SYSTEMD : "/holder"}
`;
}

/** systemd needs control groups that it may divide: its own below this machine's, removed afterwards. */
const grouped = (directory: string, unshare: string): string => `#!/bin/sh
set -e
groups=${directory}/groups
mount -t cgroup2 cgroup2 $groups
group=$groups/haagent-$$
mkdir $group
cat >${directory}/enter <<EOF
echo \\$\\$ >$group/cgroup.procs
exec ${unshare} --cgroup sh ${directory}/layout
EOF
sh ${directory}/enter || true
find $group -depth -type d -exec rmdir {} +
`;

export class Machine {
  readonly station: Station;
  readonly #child: Child;
  readonly #directory: string;
  readonly #pid: number;

  private constructor(station: Station, child: Child, directory: string, pid: number) {
    this.station = station;
    this.#child = child;
    this.#directory = directory;
    this.#pid = pid;
  }

  /** Boots one in the network of `station`. */
  static async boot(station: Station, options: MachineOptions): Promise<Machine> {
    const directory = makeScratch();
    for (const name of ["machine", "groups", "files"]) mkdirSync(`${directory}/${name}`);
    for (const [place, text] of Object.entries({ "/holder": HOLDER, ...options.files })) {
      const path = `${directory}/files${place}`;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      if (text.startsWith("#!")) chmodSync(path, 0o755);
    }
    const unshare = "setpriv --pdeathsig KILL -- unshare --mount --pid --fork --kill-child --uts --ipc";
    writeFileSync(`${directory}/layout`, layout(directory, options));
    const start =
      options.systemd === true ? grouped(directory, unshare) : `exec ${unshare} sh ${directory}/layout\n`;
    writeFileSync(`${directory}/start`, start);
    const child = station.namespace.spawn(["unshare", "--mount", "sh", `${directory}/start`]);
    try {
      await child.says("pid ", BOOT_MS);
      const pid = Number(child.lines.find((line) => line.startsWith("pid "))?.slice(4));
      const machine = new Machine(station, child, directory, pid);
      if (options.systemd !== true) await child.says("up", BOOT_MS);
      else
        await until("systemd is up", BOOT_MS, async () =>
          (await machine.command("systemctl", "is-active", "basic.target")).stdout.startsWith("active"),
        );
      return machine;
    } catch (cause) {
      await child.end("SIGKILL");
      removeScratch(directory);
      throw cause;
    }
  }

  /** The argv that runs `argv` in it. */
  enter(argv: readonly string[]): string[] {
    return ["nsenter", "--target", String(this.#pid), "--all", "--root", "--wd", "--", ...argv];
  }

  /** A program that stays, until the machine goes. */
  spawn(...argv: readonly string[]): Child {
    return new Child(this.enter(argv));
  }

  /** Runs a command to its end. */
  async command(...argv: readonly string[]): Promise<Ended> {
    const child = Bun.spawn(this.enter(argv), {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
      timeout: COMMAND_MS,
      killSignal: "SIGKILL",
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, stdout, stderr };
  }

  /** As {@link command}, which must end well; gives standard output. */
  async run(...argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.command(...argv);
    if (code !== 0) throw new Error(`${argv.join(" ")}: exit ${code}: ${stderr.trim()} ${stdout.trim()}`);
    return stdout;
  }

  /** Pulls its plug. */
  async close(): Promise<void> {
    try {
      process.kill(this.#pid, "SIGKILL");
    } catch {
      // Halted by itself.
    }
    await this.#child.exited;
    removeScratch(this.#directory);
  }
}
