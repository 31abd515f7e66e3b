/** What neighbours say of watched addresses, on real interfaces: filtered in the kernel, and bounded under a flood. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Action } from "../../src/agent/boundary.ts";
import type { Ip, Mac } from "../../src/base/address.ts";
import { encodeGratuitousArp } from "../../src/wire/arp.ts";
import { encodeNeighbourAdvertisement } from "../../src/wire/ndp.ts";
import { sleep, until } from "../lab/process.ts";
import { ip, PATIENCE } from "./edge.ts";
import { Exchange } from "./exchange.ts";

let pair: Exchange;

beforeAll(async () => {
  pair = await Exchange.create();
});

afterAll(() => pair.close());

const STRANGER = "02:00:00:00:0f:01" as Mac;
const WATCHED = ip("10.66.0.99");
const WATCHED6 = ip("fe80::99");
const ALL = "ff:ff:ff:ff:ff:ff" as Mac;

/** Somebody says on the cable that he has an address. */
const saying = (address: Ip, mac = STRANGER): Action => ({
  ...{ kind: "frame", index: pair.a.link("eth1").index, destination: ALL, source: mac, router: null },
  ...(address.includes(":")
    ? { ethertype: 0x86dd, bytes: encodeNeighbourAdvertisement(mac, address, false) }
    : { ethertype: 0x0806, bytes: encodeGratuitousArp(mac, address) }),
});

function watch(...addresses: readonly Ip[]): void {
  const { index } = pair.b.link("eth1");
  const watches = ([4, 6] as const).map((family) => ({
    ...{ index, family },
    addresses: addresses.filter((address) => address.includes(":") === (family === 6)),
  }));
  pair.b.order([{ kind: "neighbours", watches: watches.filter((each) => each.addresses.length > 0) }]);
}

const heard = (since: number): number =>
  pair.b.told.slice(since).filter(({ event }) => event.kind === "neighbour").length;

describe("the watch over addresses", () => {
  test("hears what concerns them, of both families, and nothing else", async () => {
    watch(WATCHED, WATCHED6);
    await sleep(200);
    const since = pair.b.told.length;
    const others = [ip("10.66.0.98"), ip("fe80::98")].map((address) => saying(address));
    pair.a.order([...others, saying(WATCHED), saying(WATCHED6)]);
    await until("both are heard", PATIENCE, () => heard(since) >= 2);
    await sleep(200);
    expect(heard(since)).toBe(2);
    const first = await pair.b.event("neighbour", ({ family }) => family === 4, since);
    expect(first.bytes.subarray(0, 28)).toEqual(encodeGratuitousArp(STRANGER, WATCHED));
  });

  test("hears a few of a flood, and again when that is over", async () => {
    watch(WATCHED);
    await sleep(1500);
    const since = pair.b.told.length;
    const burst = Array.from({ length: 200 }, () => saying(WATCHED));
    for (let round = 0; round < 50; round++) pair.a.order(burst);
    await sleep(3000);
    const some = heard(since);
    expect(some).toBeGreaterThan(0);
    // Ten a second, of ten thousand.
    expect(some).toBeLessThan(100);
    await until("it hears again", PATIENCE, () => {
      pair.a.order([saying(WATCHED)]);
      return heard(since) > some;
    });
  });

  test("ends with the last address, and takes a thousand of them", async () => {
    watch();
    await sleep(200);
    let since = pair.b.told.length;
    pair.a.order([saying(WATCHED)]);
    await sleep(200);
    expect(heard(since)).toBe(0);
    const many = Array.from({ length: 1000 }, (_, at) => ip(`10.67.${at >> 8}.${at & 255}`));
    watch(...many);
    await sleep(500);
    since = pair.b.told.length;
    pair.a.order([saying(WATCHED), saying(ip("10.67.3.231"))]);
    await until("the last of them is heard", PATIENCE, () => heard(since) === 1);
  });
});
