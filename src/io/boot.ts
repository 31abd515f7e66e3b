/** Which boot this is, and which network namespace of it. */
import { readFileSync, readlinkSync } from "node:fs";

/** Stands in neither part. */
const SEPARATOR = " ";

/**
 * What an interface index and a monotonic clock of ours mean something in: the kernel's random name for this boot (random(4)) and
 * the network namespace (namespaces(7)), `BOOT net:[INODE]`.
 */
export const bootId = (): string =>
  [readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), readlinkSync("/proc/self/ns/net")].join(
    SEPARATOR,
  );

/** Whether `id` is of this boot and yet of another network namespace: what it names may be alive, but out of our reach. */
export function isElsewhere(id: string, here: string): boolean {
  return id !== here && id.split(SEPARATOR)[0] === here.split(SEPARATOR)[0];
}
