/** Faults in virtual MAC addresses and in masters that do not accept. */
import type { Mutant } from "./mutants.ts";

export const MACS: readonly Mutant[] = [
  {
    file: "src/agent/send.ts",
    find: "const virtual = master && router.config.virtualMac === true",
    replace: "const virtual = router.config.virtualMac === true",
    breaks: "says its last word from the virtual MAC address, and so draws its packets to itself",
    caughtBy: "sim",
  },
  {
    file: "src/agent/listen.ts",
    find: "if (router.device !== null) known.tap = true;",
    replace: "",
    breaks: "cannot hear another master that has the same MAC address",
    caughtBy: "agent/virtual-mac",
  },
  {
    file: "src/agent/devices.ts",
    find: "const up = router.holds && link.up;",
    replace: "const up = link.up;",
    breaks: "has its device up while it is a backup",
    caughtBy: "sim",
  },
  {
    file: "src/agent/ownership.ts",
    find: "if (holder.device !== null && !holder.deviceReady) continue;",
    replace: "",
    breaks: "puts its addresses on a device that somebody else made",
    caughtBy: "agent/virtual-mac",
  },
  {
    file: "src/agent/ownership.ts",
    find: "const metric = address.interface === holder.device ? DEVICE_METRIC : null;",
    replace: "const metric = null;",
    breaks: "sends everything to its own subnet by the virtual MAC address",
    caughtBy: "agent/virtual-mac",
  },
  {
    file: "src/agent/refusal.ts",
    find: "kept.every((address) => next.addresses.includes(address))",
    replace: "kept.length >= 0",
    breaks: "takes packets for a moment before its address is gone",
    caughtBy: "agent/accept",
  },
  {
    file: "src/agent/refusal.ts",
    find: "!router.config.accept && !router.owner",
    replace: "!router.config.accept",
    breaks: "refuses what is for its own address",
    caughtBy: "sim",
  },
  {
    file: "src/agent/devices.ts",
    find: "  askAgain(world, router);\n  turn.addresses = true;\n}\n",
    replace: "}\n",
    breaks: "does not have its device back that somebody removed",
    caughtBy: "sim",
  },
  {
    file: "src/agent/devices.ts",
    find: "if (failure !== null) virtualMacs.retryAt = after(turn.now, RETRY);",
    replace: "",
    breaks: "stays in fault over a device that could not be made once",
    caughtBy: "agent/virtual-mac",
  },
  {
    file: "src/agent/refusal.ts",
    find: "if (refuses(router) && router.holds) for",
    replace: "if (refuses(router)) for",
    breaks: "refuses as a backup what is for the master's address",
    caughtBy: "sim",
  },
  {
    file: "src/agent/virtual-mac-base.ts",
    find: "return [...new Set(groups)];",
    replace: "return [];",
    breaks: "is asked for its IPv6 addresses in vain behind a switch that snoops",
    caughtBy: "agent/virtual-mac",
  },
];
