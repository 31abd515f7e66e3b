/** Other programs of this host that put addresses on interfaces, and what their files tell them to. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Rival } from "../doctor/facts.ts";

/** A longer file is not for us. */
const TEXT_BYTES_MAX = 1024 * 1024;
/** Files that one of them may include, and those these: more are not read. */
const INCLUDED_MAX = 200;
/** keepalived's include and its strict forms, ifupdown's source, and the pattern of paths that follows. */
const INCLUSION = /^[ \t]*(?:include[rmwba]*|source|source-directory)[ \t]+"?([^"\s]+)"?/gm;

/** Where daemons that configure addresses keep what they are told; a directory stands for the files in it. */
const RIVALS: readonly {
  readonly daemon: string;
  readonly process: string;
  readonly files: readonly string[];
}[] = [
  {
    daemon: "keepalived",
    process: "keepalived",
    files: ["/etc/keepalived/keepalived.conf", "/etc/keepalived/conf.d", "/etc/config/keepalived"],
  },
  { daemon: "heartbeat", process: "heartbeat", files: ["/etc/ha.d/haresources"] },
  {
    daemon: "NetworkManager",
    process: "NetworkManager",
    files: ["/etc/NetworkManager/system-connections", "/run/NetworkManager/system-connections"],
  },
  {
    daemon: "systemd-networkd",
    process: "systemd-network",
    files: ["/etc/systemd/network", "/run/systemd/network"],
  },
  { daemon: "netplan", process: "", files: ["/etc/netplan"] },
  { daemon: "ifupdown", process: "", files: ["/etc/network/interfaces", "/etc/network/interfaces.d"] },
  { daemon: "netifd", process: "netifd", files: ["/etc/config/network"] },
  { daemon: "dhcpcd", process: "dhcpcd", files: ["/etc/dhcpcd.conf"] },
];

/** What other daemons are told, and which of them run in our network namespace. */
export function rivals(): Rival[] {
  const running = processes();
  return RIVALS.flatMap(({ daemon, process: name, files }): Rival[] => {
    const process = running.find((each) => each.name === name) ?? null;
    const named = process === null ? [] : configOf(process.argv);
    const pid = process?.pid ?? null;
    return withIncluded([...new Set([...named, ...files])]).map((file) => ({ daemon, pid, file }));
  });
}

interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** The files that paths stand for, and what they include, each once. */
function withIncluded(paths: readonly string[]): TextFile[] {
  const found = new Map<string, TextFile>();
  const waiting = [...paths];
  for (let path = waiting.shift(); path !== undefined && found.size < INCLUDED_MAX; path = waiting.shift()) {
    for (const file of filesIn(path)) {
      if (found.has(file.path)) continue;
      found.set(file.path, file);
      const named = [...file.text.matchAll(INCLUSION)].map(([, pattern = ""]) => pattern);
      waiting.push(...named.flatMap((pattern) => matching(resolve(dirname(file.path), pattern))));
    }
  }
  return [...found.values()];
}

/** The paths that a pattern stands for, not endlessly many. */
function matching(pattern: string): string[] {
  if (!/[*?[{]/.test(pattern)) return [pattern];
  const paths: string[] = [];
  try {
    // Two stars would look into every directory below; glob(7) knows them as one.
    for (const path of new Bun.Glob(pattern.replaceAll("**", "*")).scanSync({
      absolute: true,
      onlyFiles: false,
      dot: true,
    })) {
      paths.push(path);
      if (paths.length >= INCLUDED_MAX) break;
    }
  } catch {
    // A directory that is not there, or not for us.
  }
  return paths;
}

/** The files that a path stands for, with their texts. */
function filesIn(path: string): TextFile[] {
  try {
    const paths = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
    return paths
      .filter((each) => statSync(each).isFile() && statSync(each).size <= TEXT_BYTES_MAX)
      .map((each) => ({ path: each, text: readFileSync(each, "utf8") }));
  } catch {
    return [];
  }
}

interface Process {
  readonly pid: number;
  /** comm of proc(5): at most 15 characters. */
  readonly name: string;
  readonly argv: readonly string[];
}

/** The processes of our network namespace. */
function processes(): Process[] {
  const own = linkText("/proc/self/ns/net");
  return readdirSync("/proc")
    .filter((entry) => /^[0-9]+$/.test(entry))
    .filter((entry) => linkText(`/proc/${entry}/ns/net`) === own)
    .map((entry) => ({
      pid: Number(entry),
      name: read(`/proc/${entry}/comm`) ?? "",
      argv: (read(`/proc/${entry}/cmdline`) ?? "").split("\0"),
    }));
}

function linkText(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** keepalived's `-f FILE`, `--use-file=FILE`. */
function configOf(argv: readonly string[]): string[] {
  return argv.flatMap((word, at) => {
    if (word === "-f" || word === "--use-file") return [argv[at + 1] ?? ""];
    const joined = /^(?:-f|--use-file=)(\/.*)$/.exec(word)?.[1];
    return joined === undefined ? [] : [joined];
  });
}

/** A small file; null where there is none. */
function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
