/** Which boot this is. */
import { readFileSync } from "node:fs";

/** The kernel's random name for this boot (random(4)); monotonic clocks and interface indexes mean nothing across boots. */
export const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
