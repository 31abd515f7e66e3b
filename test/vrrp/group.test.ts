/** Sync groups: master together or not at all. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { instant, ms, NEVER, priority } from "../../src/base/units.ts";
import { judge } from "../../src/vrrp/group.ts";
import type { State } from "../../src/vrrp/state.ts";

const init: State = { kind: "init" };
const backup: State = {
  kind: "backup",
  masterDownAt: instant(1000),
  expired: false,
  master: {
    address: "192.0.2.9" as Ip,
    priority: priority(200),
    interval: ms(1000),
    heardAt: instant(0),
    version: 3,
  },
  preemptAt: null,
};
const deaf: State = { ...backup, master: null };
const deposing: State = { ...backup, preemptAt: instant(0) };
const expired: State = { ...backup, expired: true, masterDownAt: NEVER };
const master: State = {
  kind: "master",
  advertiseAt: instant(1000),
  sentAt: instant(0),
  sentBefore: instant(0),
  since: instant(0),
  tie: null,
  assertAt: instant(0),
};

describe("a sync group", () => {
  test.each([
    ["waits while one member hears a master", [expired, backup], false, "nothing"],
    ["waits while one member is in fault", [expired, init], false, "nothing"],
    ["takes over together when every member's master is gone", [expired, expired], false, "promote"],
    [
      "takes along a member that joins it, once nobody else is its master",
      [master, expired],
      false,
      "promote",
    ],
    ["waits for a member that joins it to have listened", [master, deaf], false, "nothing"],
    ["waits for a member that joins it to depose its master", [master, deposing], false, "nothing"],
    [
      "is not left half: a member with a better master elsewhere moves the others",
      [master, backup],
      false,
      "yield",
    ],
    ["is content when all are master", [master, master], false, "nothing"],
    ["is content when all are backup", [backup, backup], false, "nothing"],
    ["gives up whole when one member lost to a better master", [backup, master], true, "yield"],
    ["gives up whole when one member went to fault", [init, master], true, "yield"],
    ["has nothing to give up when the others are no masters", [backup, expired], true, "nothing"],
  ] as const)("%s", (_, members, loser, verdict) => {
    expect(judge(members, loser)).toBe(verdict);
  });
});
