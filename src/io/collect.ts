/**
 * Garbage that the runtime's collector would leave for too long. It lets the heap grow to twice of what is in use, and tens of megabytes
 * more, before it looks; and an object that outlives two looks stays until a long one, which holds up everything.
 */
import { edenGC, fullGC, gcAndSweep } from "bun:jsc";

/** Characters of a configuration that takes tens of megabytes to understand. */
const LARGE = 64 * 1024;

/** After a large configuration was understood, or put to work: ten milliseconds, and the memory goes back. */
export function collectStart(configuration: string): void {
  if (configuration.length >= LARGE) gcAndSweep();
}

/** What was made lately and is not used any more: a millisecond or two. */
export const collectYoung = (): void => void edenGC();

/** All that is not used any more: several milliseconds, more where there is more in use. */
export const collectAll = (): void => void fullGC();
