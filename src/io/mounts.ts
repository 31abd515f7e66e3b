/** What is mounted where, by /proc/PID/mountinfo (proc_pid_mountinfo(5)), and whether that is what a resource means. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readlinkSync, realpathSync, statSync } from "node:fs";
import type { FilesystemJob } from "../agent/cluster/boundary.ts";

/** One line of it. */
export interface Mount {
  /** `8:1`; of a file system without a device a number of its own. */
  readonly device: string;
  readonly directory: string;
  readonly filesystem: string;
  readonly source: string;
}

/** Blanks and backslashes are written in octal. */
const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

/** The mounts in the order in which they were made. */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    const [before = "", after] = line.split(" - ");
    const [, , device, , directory] = before.split(" ");
    const [filesystem, source] = after?.split(" ") ?? [];
    if (device === undefined || directory === undefined || filesystem === undefined) return [];
    return [{ device, directory: unescape(directory), filesystem, source: unescape(source ?? "") }];
  });
}

export const mountsOf = (pid: number | "self"): Mount[] =>
  parseMounts(readFileSync(`/proc/${pid}/mountinfo`, "utf8"));

/** Null: there is nothing of that name. */
function unlessMissing<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}

const BY = {
  UUID: "by-uuid",
  LABEL: "by-label",
  PARTUUID: "by-partuuid",
  PARTLABEL: "by-partlabel",
} as const;

/** udev(7) writes what is no plain character as `\x20`. */
const encodeLabel = (text: string): string =>
  [...new TextEncoder().encode(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      const plain = byte >= 0x80 || /[0-9A-Za-z#+\-.:=@_/]/.test(character);
      return plain && character !== "/" ? character : `\\x${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");

/** Of the search on all disks, for hosts without a udev. */
const SEARCH_MS = 5000;

/** The file of a device that is named by what is written on it; null: it is not named so. */
function tagged(device: string): string | null {
  const match = /^(UUID|LABEL|PARTUUID|PARTLABEL)="?([^"]*)"?$/.exec(device);
  if (match === null) return null;
  const [, tag, value = ""] = match;
  const folder = Object.entries(BY).find(([name]) => name === tag)?.[1] ?? "";
  const link = `/dev/disk/${folder}/${encodeLabel(value)}`;
  if (existsSync(link)) return link;
  const { status, stdout } = spawnSync("findfs", [`${tag}=${value}`], { timeout: SEARCH_MS });
  return status === 0 ? stdout.toString().trim() : link;
}

/** Whether it is a directory, or a file, that is to be seen in a second place. */
const isBind = ({ filesystem, options }: FilesystemJob): boolean =>
  filesystem === "bind" || (options?.split(",") ?? []).some((each) => each === "bind" || each === "rbind");

/** The file that is mounted, as far as there is one to look at. */
const fileOf = (wanted: FilesystemJob): string | null =>
  tagged(wanted.device) ?? (wanted.device.startsWith("/") ? wanted.device : null);

const numberOf = (rdev: number): string => {
  // makedev(3) of Linux; numbers beyond 32 bits do not fit Node's, and no device has them.
  const major = (rdev >>> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xff_ff00);
  return `${major}:${minor}`;
};

/** The file behind a loop device. */
const backing = (source: string): string | null =>
  /^\/dev\/loop\d+$/.test(source)
    ? unlessMissing(() =>
        readFileSync(`/sys/block/${source.slice("/dev/".length)}/loop/backing_file`, "utf8").trimEnd(),
      )
    : null;

/** Whether this mount is of the wanted device. */
function isOf(mount: Mount, wanted: FilesystemJob): boolean {
  if (isBind(wanted)) {
    const [from, to] = [wanted.device, mount.directory].map((path) => unlessMissing(() => statSync(path)));
    return from !== null && to !== null && from?.dev === to?.dev && from?.ino === to?.ino;
  }
  const plain = (text: string): string => text.replace(/(?<=.)\/+$/, "");
  if (plain(mount.source) === plain(wanted.device)) return true;
  const file = fileOf(wanted);
  if (file === null) return false;
  const status = unlessMissing(() => statSync(file));
  if (status === null) return false;
  if (status.isBlockDevice() && numberOf(status.rdev) === mount.device) return true;
  const real = unlessMissing(() => realpathSync(file));
  if (real === null) return false;
  return real === backing(mount.source) || real === unlessMissing(() => realpathSync(mount.source));
}

/** What a look found. */
export type Look =
  /** `directory` without links. */
  | ({ readonly state: "mounted"; readonly below: readonly string[] } & Pick<Mount, "device" | "directory">)
  | { readonly state: "other"; readonly source: string }
  | { readonly state: "free"; readonly problem: string | null };

/** What hinders the mounting, as far as that can be seen before; null: nothing. */
function problemOf(wanted: FilesystemJob): string | null {
  const { device, directory } = wanted;
  const place = unlessMissing(() => statSync(directory));
  if (place === null) return `there is no directory ${directory}: make it on both nodes`;
  const file = fileOf(wanted);
  const status = file === null ? null : unlessMissing(() => statSync(file));
  if (file !== null && status === null) {
    return `there is no device ${device}${file === device ? "" : ` (${file})`}`;
  }
  if (!place.isDirectory() && !(isBind(wanted) && status?.isFile() === true))
    return `${directory} is no directory`;
  return null;
}

/** Looks what is mounted on the directory; may hang where a network file system does. */
export function look(wanted: FilesystemJob): Look {
  const mounts = mountsOf("self");
  const on = (path: string): Mount | undefined => mounts.findLast((mount) => mount.directory === path);
  // By its name first: a network file system that is dead cannot be asked where its directory is.
  const top = on(wanted.directory) ?? on(unlessMissing(() => realpathSync(wanted.directory)) ?? "");
  if (top === undefined) return { state: "free", problem: problemOf(wanted) };
  if (!isOf(top, wanted)) return { state: "other", source: top.source };
  const { device, directory } = top;
  const below = mounts.map((mount) => mount.directory).filter((each) => each.startsWith(`${directory}/`));
  return { state: "mounted", device, directory, below };
}

/** Links of a process to files, and the files that it has in memory. */
function* filesOf(pid: string, list: (path: string) => string[]): Generator<string> {
  for (const name of ["cwd", "root", "exe"]) {
    const target = unlessMissing(() => readlinkSync(`/proc/${pid}/${name}`));
    if (target !== null) yield target;
  }
  for (const fd of list(`/proc/${pid}/fd`)) {
    const target = unlessMissing(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
    if (target !== null) yield target;
  }
  const maps = unlessMissing(() => readFileSync(`/proc/${pid}/maps`, "utf8")) ?? "";
  for (const line of maps.split("\n")) {
    const at = line.indexOf("/");
    if (at >= 0) yield line.slice(at);
  }
}

/** Whether a process sees the mount at all: one of a container may have another thing under the same name. */
function sees(pid: string, directory: string, device: string, own: string): boolean {
  if (unlessMissing(() => readlinkSync(`/proc/${pid}/ns/mnt`)) === own) return true;
  const mounts = unlessMissing(() => mountsOf(Number(pid))) ?? [];
  return mounts.some((mount) => mount.directory === directory && mount.device === device);
}

/** A process that keeps a mount busy. */
export interface User {
  readonly pid: number;
  readonly name: string;
}

/** Who has something of this mount open, stands in it or runs from it; never we ourselves, and never init. */
export function usersOf(
  { directory, device }: Pick<Mount, "device" | "directory">,
  list: (path: string) => string[],
): User[] {
  const own = readlinkSync("/proc/self/ns/mnt");
  const isInside = (path: string): boolean => path === directory || path.startsWith(`${directory}/`);
  return list("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || pid === "1" || Number(pid) === process.pid) return [];
    if (!sees(pid, directory, device, own)) return [];
    for (const path of filesOf(pid, list)) {
      if (!isInside(path)) continue;
      const name = unlessMissing(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim()) ?? "?";
      return [{ pid: Number(pid), name }];
    }
    return [];
  });
}
