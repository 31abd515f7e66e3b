/** Who may take part in an election, and how those that do may differ. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { centiseconds, ms, priority, seconds } from "../../src/base/units.ts";
import type { Expectation, Origin, Rejection } from "../../src/vrrp/admit.ts";
import {
  admitAdvertisement,
  admitOrigin,
  differences,
  intervalOf,
  rejectionOf,
} from "../../src/vrrp/admit.ts";
import type { Advertisement, DecodeError } from "../../src/wire/vrrp.ts";

const US = "192.0.2.5" as Ip;
const PEER = "192.0.2.6" as Ip;
const FAR_PEER = "198.51.100.6" as Ip;
const STRANGER = "192.0.2.7" as Ip;
const GROUP = "224.0.0.18" as Ip;
const VIP = "192.0.2.1" as Ip;

const multicast: Expectation = {
  version: 3,
  interval: ms(1000),
  source: US,
  auth: { type: "none" },
  addresses: new Set([VIP]),
  peers: new Map(),
};
const unicast: Expectation = {
  ...multicast,
  peers: new Map([
    [PEER, 255],
    [FAR_PEER, 250],
  ]),
};

const from = (source: Ip, hopLimit: number, destination: Ip): Origin => ({
  family: 4,
  source,
  destination,
  hopLimit,
});

describe("a packet's origin, for a multicast router", () => {
  test.each([
    ["on the link is admitted", STRANGER, 255, GROUP, null],
    ["on the link is admitted to our own address too: a peer set to unicast", STRANGER, 255, US, null],
    ["behind a router is rejected", STRANGER, 254, GROUP, "ttl"],
    ["behind a router is rejected by unicast too", STRANGER, 254, US, "ttl"],
    ["with our own address is nobody's but ours", US, 255, GROUP, "self"],
    ["with our own address is told as such whatever its TTL", US, 3, GROUP, "self"],
  ] as const)("%s", (_, source, hopLimit, destination, reason) => {
    expect(admitOrigin(multicast, from(source, hopLimit, destination))).toBe(reason);
  });

  test("is not compared with an address that the interface lost", () => {
    expect(admitOrigin({ ...multicast, source: null }, from(US, 255, GROUP))).toBeNull();
  });
});

describe("a packet's origin, for a unicast router", () => {
  test.each([
    ["is admitted from a peer", PEER, 255, US, null],
    ["is rejected from a peer below its lowest TTL", PEER, 254, US, "ttl"],
    ["is admitted from a distant peer down to its own lowest TTL", FAR_PEER, 250, US, null],
    ["is rejected from a distant peer below that", FAR_PEER, 249, US, "ttl"],
    ["is admitted from a peer that is set to multicast", PEER, 255, GROUP, null],
    ["is rejected from anybody else, however near", STRANGER, 255, US, "source"],
    ["is rejected from anybody else, however far", STRANGER, 3, US, "source"],
    ["is admitted from the link by multicast", STRANGER, 255, GROUP, null],
    ["is rejected from behind a router by multicast", STRANGER, 254, GROUP, "ttl"],
    ["with our own address is nobody's but ours", US, 255, US, "self"],
  ] as const)("%s", (_, source, hopLimit, destination, reason) => {
    expect(admitOrigin(unicast, from(source, hopLimit, destination))).toBe(reason);
  });
});

describe("bytes that are no advertisement", () => {
  const reasons: Record<DecodeError["kind"], [DecodeError, Rejection]> = {
    truncated: [{ kind: "truncated", need: 8, have: 3 }, "length"],
    length: [{ kind: "length", count: 3, have: 8 }, "length"],
    version: [{ kind: "version", got: 4 }, "version"],
    type: [{ kind: "type", got: 2 }, "type"],
    checksum: [{ kind: "checksum" }, "checksum"],
  };
  test.each(Object.entries(reasons))("for their %s have a counter", (_, [error, reason]) => {
    expect(rejectionOf(error)).toBe(reason);
  });
});

const NO_AUTH: { type: number; data: Uint8Array } = { type: 0, data: new Uint8Array(8) };
const pass = (text: string): { type: number; data: Uint8Array } => {
  const data = new Uint8Array(8);
  data.set(new TextEncoder().encode(text).subarray(0, 8));
  return { type: 1, data };
};
const two = (auth = NO_AUTH, interval = 1): Advertisement => ({
  version: 2,
  vrid: 1,
  priority: priority(100),
  interval: seconds(interval),
  auth,
  addresses: [VIP],
});
const three = (addresses: readonly Ip[] = [VIP], interval = 100): Advertisement => ({
  version: 3,
  vrid: 1,
  priority: priority(100),
  interval: centiseconds(interval),
  addresses,
});

describe("an advertisement", () => {
  const key = pass("secret").data;
  const keyed = { ...multicast, version: 2 as const, auth: { type: "pass" as const, key } };
  const header = { ...keyed, auth: { type: "ah" as const, key } };

  test.each([
    ["of either version is admitted without a password", multicast, three(), null],
    ["of version 2 is admitted by a version 3 router", multicast, two(), null],
    ["of version 3 is admitted by a version 2 router", { ...multicast, version: 2 as const }, three(), null],
    ["with a password that we have not is rejected", multicast, two(pass("secret")), "auth"],
    ["with an authentication header is rejected", multicast, two({ ...NO_AUTH, type: 2 }), "auth"],
    ["with our password is admitted", keyed, two(pass("secret")), null],
    ["with another password is rejected", keyed, two(pass("secreT")), "auth"],
    ["with the beginning of our password is rejected", keyed, two(pass("sec")), "auth"],
    ["without a password is rejected when we have one", keyed, two(), "auth"],
    ["with our password under another type is rejected", keyed, two({ ...pass("secret"), type: 0 }), "auth"],
    ["of version 3 would go round our password", keyed, three(), "version"],
  ] as const)("%s", (_, expected, advertisement, reason) => {
    expect(admitAdvertisement(expected, advertisement, false)).toBe(reason);
  });

  test.each([
    ["is admitted where one is expected", header, two({ ...NO_AUTH, type: 2 }), true, null],
    ["is rejected without it, though it claims it", header, two({ ...NO_AUTH, type: 2 }), false, "auth"],
    ["is rejected when its message knows nothing of it", header, two(), true, "auth"],
    ["is rejected where a password is expected", keyed, two(pass("secret")), true, "auth"],
    ["is rejected where nothing is expected", multicast, two(), true, "auth"],
    ["does not make version 3 one with a key", header, three(), true, "version"],
  ] as const)("behind an authentication header %s", (_, expected, advertisement, sealed, reason) => {
    expect(admitAdvertisement(expected, advertisement, sealed)).toBe(reason);
  });

  test("tells its interval in seconds or in hundredths", () => {
    expect(intervalOf(two(NO_AUTH, 3))).toBe(ms(3000));
    expect(intervalOf(three([VIP], 1))).toBe(ms(10));
  });
});

describe("an admitted advertisement", () => {
  const onLink = from(PEER, 255, GROUP);
  const found = (expected: Expectation, origin: Origin, advertisement: Advertisement): string[] =>
    [...differences(expected, origin, advertisement)].sort();

  test("like our own differs in nothing", () => {
    expect(found(multicast, onLink, three())).toEqual([]);
    expect(found(unicast, from(PEER, 255, US), three())).toEqual([]);
  });

  test("is the same with its addresses in another order", () => {
    const pair: Ip[] = [VIP, "192.0.2.2" as Ip];
    expect(found({ ...multicast, addresses: new Set(pair) }, onLink, three(pair.toReversed()))).toEqual([]);
  });

  test.each([
    ["addresses, for one more", multicast, onLink, three([VIP, STRANGER]), ["addresses"]],
    ["addresses, for one less", multicast, onLink, three([]), ["addresses"]],
    ["addresses, for another one", multicast, onLink, three([STRANGER]), ["addresses"]],
    ["interval", multicast, onLink, three([VIP], 50), ["interval"]],
    ["version", multicast, onLink, two(), ["version"]],
    ["transport, ours being multicast", multicast, from(PEER, 255, US), three(), ["transport"]],
    ["transport, ours being unicast", unicast, onLink, three(), ["transport"]],
    ["everything", unicast, onLink, two(NO_AUTH, 2), ["interval", "transport", "version"]],
  ] as const)("may differ in %s", (_, expected, origin, advertisement, differing) => {
    expect(found(expected, origin, advertisement)).toEqual([...differing]);
  });
});
