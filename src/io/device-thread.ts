/**
 * A thread of its own that takes devices down and removes them, an entry point of the build beside main.ts. Each time the kernel waits
 * until nobody can still be using the device, some ten milliseconds on some machines, and so does whoever asked for it.
 */
import { parentPort } from "node:worker_threads";
import type { DeviceOrder } from "./virtual-macs.ts";
import { Macvlans } from "./macvlans.ts";

const opened = Macvlans.open();

function obey({ index, remove }: DeviceOrder): void {
  if (opened.ok && remove) opened.value.remove(index);
  else if (opened.ok) opened.value.setUp(index, false);
  // What did not work is seen by whoever looks at the devices next.
  parentPort?.postMessage(null);
}

parentPort?.on("message", obey);
