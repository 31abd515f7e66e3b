/** Neighbours that answer for an address that a master holds. */
import { describe, expect, test } from "bun:test";
import type { Action } from "../../src/agent/boundary.ts";
import type { Ip, Mac } from "../../src/base/address.ts";
import { decodeArp, encodeArp, encodeGratuitousArp } from "../../src/wire/arp.ts";
import { encodeNeighbourAdvertisement } from "../../src/wire/ndp.ts";
import type { Box } from "./box.ts";
import { master } from "./scenes.ts";
import { told } from "./sight.ts";
import { router, VIP } from "./text.ts";

const STRANGER = "02:00:00:00:0f:01" as Mac;
const ADDRESS = VIP as Ip;
/** Adverts would have settled it by then. */
const SETTLED = 2600;

type Watch = Extract<Action, { kind: "neighbours" }>["watches"];
type Probe = Extract<Action, { kind: "neighbour-probe" }>;

const watches = (box: Box): Watch =>
  box.actions.findLast((action) => action.kind === "neighbours")?.watches ?? [];
const probes = (box: Box): Probe[] => box.actions.filter((action) => action.kind === "neighbour-probe");

/** Somebody announces the address. */
const announces = (box: Box, mac: Mac, address = ADDRESS): Action[] =>
  box.event({
    ...{ kind: "neighbour", index: box.kernel.link("eth1").index },
    ...(address.includes(":")
      ? { family: 6, bytes: encodeNeighbourAdvertisement(mac, address, false) }
      : { family: 4, bytes: encodeGratuitousArp(mac, address) }),
  });

const alarms = (box: Box): string[] =>
  box.logs("vrrp.contested").map(({ fields }) => `${fields["what"]} ${fields["source"]}`);

describe("a master", () => {
  test("listens for what neighbours say of its addresses, while it holds them", () => {
    const { lab, box } = master();
    expect(watches(box)).toEqual([{ index: 2, family: 4, addresses: [ADDRESS] }]);
    box.ask({ command: "standby", name: null });
    lab.run(10);
    expect(watches(box)).toEqual([]);
  });

  test("asks them once in a while whether anybody else has one", () => {
    const { lab, box } = master();
    lab.run(126_000);
    const asked = probes(box).map(({ bytes }) => decodeArp(bytes));
    expect(asked).toHaveLength(3);
    expect(asked[0]).toMatchObject({
      value: { operation: "request", senderIp: "0.0.0.0", targetIp: ADDRESS },
    });
  });

  test("asks again when somebody was heard, and it is an alarm when that one says so still", () => {
    const { lab, box } = master(router({ notify: { any: [["/bin/note"]] } }));
    announces(box, STRANGER);
    lab.run(SETTLED);
    expect(alarms(box)).toEqual([]);
    expect(probes(box)).toHaveLength(1);
    const before = lab.now;
    announces(box, STRANGER);
    expect(alarms(box)).toEqual([`arp ${STRANGER}`]);
    expect(box.status().health).toBe("degraded");
    expect(box.router().contested).toMatchObject({ what: "arp", source: STRANGER });
    expect(box.state()).toBe("master");
    expect(box.actions.filter((action) => action.kind === "notify").at(-1)).toMatchObject({
      commands: [["/bin/note", "INSTANCE", "VI_1", "MASTER", "100"]],
    });
    // Tells everybody again where the address is.
    lab.run(50);
    expect(told(box, before).length).toBeGreaterThan(0);
  });

  test("is quiet about it for a minute, defends itself every ten seconds, and is well when it is over", () => {
    const { lab, box } = master();
    for (let second = 0; second < 50; second++) {
      announces(box, STRANGER);
      lab.run(1000);
    }
    expect(alarms(box)).toHaveLength(1);
    // Five at once and five again, each time.
    expect(told(box, lab.now - 40_000).length).toBeLessThan(60);
    lab.run(200_000);
    expect(box.status().health).toBe("ok");
  });

  test("takes none of this host's interfaces for a stranger, nor a moment of it for lasting", () => {
    const { lab, box } = master();
    const own = box.kernel.link("eth2").mac;
    for (let second = 0; second < 10; second++) {
      if (own !== null) announces(box, own);
      lab.run(1000);
    }
    announces(box, STRANGER);
    lab.run(500);
    announces(box, STRANGER);
    lab.run(20_000);
    expect(alarms(box)).toEqual([]);
  });

  test("does so for IPv6, and takes no other address for its own", () => {
    const { lab, box } = master(router({ addresses: ["fe80::1/64"] }));
    for (let second = 0; second < 4; second++) {
      announces(box, STRANGER, "fe80::2" as Ip);
      lab.run(1000);
    }
    expect(alarms(box)).toEqual([]);
    for (let second = 0; second < 4; second++) {
      announces(box, STRANGER, "fe80::1" as Ip);
      lab.run(1000);
    }
    expect(alarms(box)).toEqual([`nd ${STRANGER}`]);
  });

  test("looks at no message that is none", () => {
    const { box } = master();
    const bytes = encodeArp({
      ...{ operation: "reply", senderMac: STRANGER, senderIp: ADDRESS },
      ...{ targetMac: STRANGER, targetIp: ADDRESS },
    });
    for (let length = 0; length < bytes.length; length++) {
      box.event({ kind: "neighbour", index: 2, family: 4, bytes: bytes.subarray(0, length) });
      box.event({ kind: "neighbour", index: 2, family: 6, bytes: bytes.subarray(0, length) });
    }
    expect(box.state()).toBe("master");
    expect(alarms(box)).toEqual([]);
  });

  test("asks about a few of many at a time", () => {
    const many = Array.from({ length: 40 }, (_, at) => `192.0.2.${at + 100}/24`);
    const { lab, box } = master(router({ addresses: many.slice(0, 20), excluded_addresses: many.slice(20) }));
    for (let half = 0; half < 24; half++) {
      const before = probes(box).length;
      lab.run(500);
      expect(probes(box).length - before).toBeLessThanOrEqual(8);
    }
    expect(new Set(probes(box).map(({ bytes }) => bytes.subarray(24, 28).join("."))).size).toBe(40);
  });
});
