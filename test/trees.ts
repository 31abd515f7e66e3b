/**
 * Debian packages that tests look into without installing them: of another architecture, of an init system that must not get near this
 * machine's own, or a kernel. apt-get fetches them by the machine's own sources and keys, with lists of its own, as any user; each tree is
 * unpacked once into node_modules/.cache.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";

const CACHE = `${import.meta.dir}/../node_modules/.cache/haagent/debian`;

/** Debian's name of this machine's architecture. */
const HERE = process.arch === "arm64" ? "arm64" : "amd64";

/** Packages that are unpacked over one another. */
const TREES = {
  arm64: { architecture: "arm64", packages: ["libc6"], reason: "the C library of arm64" },
  "libstdc++": { architecture: "amd64", packages: ["libstdc++-12-pic"], reason: "a libstdc++ for musl" },
  openrc: { architecture: HERE, packages: ["openrc", "librc1", "libeinfo1"], reason: "OpenRC" },
  runit: { architecture: HERE, packages: ["runit"], reason: "runit" },
  busybox: { architecture: "amd64", packages: ["busybox-static"], reason: "busybox without libraries" },
  kernel: { architecture: "amd64", packages: ["linux-image-amd64"], reason: "kernel with all modules" },
} as const;

/** Packages that hold nothing but the name of the one that is meant: their first dependency. */
const POINTERS: readonly string[] = ["linux-image-amd64"];

export type Tree = keyof typeof TREES;
const NAMES = Object.keys(TREES).filter((name): name is Tree => Object.hasOwn(TREES, name));

/** Where a tree is, or would be. */
const place = (name: Tree): string => `${CACHE}/${name}`;

/** The root of a tree; throws where {@link fetchTrees} could not get it. */
export function tree(name: Tree): string {
  if (!existsSync(place(name))) {
    const { packages, architecture, reason } = TREES[name];
    throw new Error(
      `no ${reason}: apt-get could not download ${packages.join(" ")} for ${architecture}; npm test tries again`,
    );
  }
  return place(name);
}

/** Gives its standard output. */
function run(argv: readonly string[], cwd: string): string {
  const child = Bun.spawnSync([...argv], { cwd, stdout: "pipe", stderr: "pipe" });
  if (!child.success) throw new Error(`${argv[0]}: ${child.stderr.toString().trim()}`);
  return child.stdout.toString();
}

/** What apt-get needs to have an architecture and its lists to itself. */
function privately(directory: string, architecture: string): string[] {
  const settings = {
    "Dir::State::lists": `${directory}/lists`,
    "Dir::Cache": directory,
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    "Acquire::Languages": "none",
    // As root it would change to a user who cannot write here.
    "APT::Sandbox::User": "",
  };
  return ["-q", ...Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
}

/** The package that a pointer means; any other is itself. */
function meant(name: string, options: readonly string[], cwd: string): string {
  if (!POINTERS.includes(name)) return name;
  const found = /Depends: (\S+)/.exec(run(["apt-cache", ...options, "depends", name], cwd))?.[1];
  if (found === undefined) throw new Error(`${name} depends on nothing`);
  return found;
}

/** What lies in /bin, /sbin and /lib belongs below /usr, where a Debian has symbolic links: so a tree can be laid over one. */
function mergeUsr(root: string): void {
  for (const name of ["bin", "sbin", "lib"].filter((each) => existsSync(`${root}/${each}`))) {
    mkdirSync(`${root}/usr/${name}`, { recursive: true });
    run(["cp", "--archive", "--link", `${root}/${name}/.`, `${root}/usr/${name}`], root);
    rmSync(`${root}/${name}`, { recursive: true });
    symlinkSync(`usr/${name}`, `${root}/${name}`);
  }
}

/** Fetches the trees that are not there. What cannot be had is said by `say`, and again by the test that needs it. */
export function fetchTrees(say: (text: string) => void): void {
  const absent = NAMES.filter((name) => !existsSync(place(name)));
  for (const architecture of new Set(absent.map((name) => TREES[name].architecture))) {
    const names = absent.filter((name) => TREES[name].architecture === architecture);
    say(`apt-get download, for ${architecture}: ${names.flatMap((name) => TREES[name].packages).join(" ")}`);
    const scratch = `${CACHE}/fetch-${process.pid}`;
    try {
      mkdirSync(`${scratch}/lists/partial`, { recursive: true });
      const options = privately(scratch, architecture);
      run(["apt-get", ...options, "update"], scratch);
      for (const name of names) {
        const directory = `${scratch}/${name}`;
        mkdirSync(`${directory}/root`, { recursive: true });
        const packages = TREES[name].packages.map((each) => meant(each, options, directory));
        run(["apt-get", ...options, "download", ...packages], directory);
        for (const file of readdirSync(directory).filter((each) => each.endsWith(".deb"))) {
          run(["dpkg-deb", "--extract", file, `${directory}/root`], directory);
        }
        mergeUsr(`${directory}/root`);
        renameSync(`${directory}/root`, place(name));
      }
    } catch (cause) {
      say(`${cause instanceof Error ? cause.message : String(cause)}; the tests that need it will fail`);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
}
