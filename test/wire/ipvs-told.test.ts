/** What a Linux 6.1 told of a table that ipvsadm had made, recorded: test/golden/ipvs. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { seconds } from "../../src/base/units.ts";
import { decodeAnswers, decodeFamily } from "../../src/wire/genetlink.ts";
import { serviceKey } from "../../src/wire/ipvs.ts";
import * as sockopt from "../../src/wire/ipvs-sockopt.ts";
import { decodeDestination, decodeService, decodeTimeouts } from "../../src/wire/ipvs-told.ts";
import { ip, server, service, WEB } from "../ipvs/values.ts";
import { hex } from "./hex.ts";

const recorded = (name: string): Uint8Array[] =>
  readFileSync(new URL(`../golden/ipvs/${name}.hex`, import.meta.url), "utf8")
    .trim()
    .split("\n")
    .map(hex);
const sequenceOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
const bodies = (name: string): Uint8Array[] =>
  recorded(name).flatMap((bytes) => [...decodeAnswers(bytes, sequenceOf(bytes)).bodies]);

/** `ipvsadm -R`, in the order in which the kernel tells it. */
const WEB_PERSISTENT = service({ persistence: { timeout: seconds(300), prefix: 24 } });
const DNS = service({
  id: { kind: "address", protocol: "udp", address: ip("10.0.0.1"), port: 53 },
  scheduler: "rr",
});
const MARKED = service({ id: { kind: "fwmark", mark: 7, family: 4 }, scheduler: "sh", schedulerFlags: 3 });
const DNS6 = service({
  id: { kind: "address", protocol: "udp", address: ip("2001:db8::1"), port: 53 },
  scheduler: "mh",
  schedulerFlags: 2,
  onePacket: true,
});
const ALL6 = service({
  id: { kind: "address", protocol: "tcp", address: ip("2001:db8::1"), port: 0 },
  scheduler: "fo",
  persistence: { timeout: seconds(60), prefix: 64 },
});
const WEB_SERVERS = [server(3, 0, { port: 8080, forward: "nat" }), server(2, 5, { upper: 20, lower: 10 })];
const DNS_SERVER = server(2, 1, { port: 53, forward: "nat" });
const DNS6_SERVER = server(2, 65535, {
  address: ip("2001:db8::2"),
  port: 53,
  forward: "tun",
  tunnel: { type: "gue", port: 6080, flags: 1 },
});
/** Three datagrams of "hello", each answered by "port unreachable". */
const THREE = { connections: 3, inPackets: 3, outPackets: 3, inBytes: 102, outBytes: 186 };

const byKey = (a: { service: typeof DNS }, b: { service: typeof DNS }): number =>
  serviceKey(a.service.id) < serviceKey(b.service.id) ? -1 : 1;

describe("the kernel's answer by netlink", () => {
  test("is the number of the family", () => {
    expect(bodies("family").map(decodeFamily)).toEqual([expect.any(Number)]);
  });

  test("ends with a result, which may be an error", () => {
    const results = (name: string): (number | null)[] =>
      recorded(name).map((bytes) => decodeAnswers(bytes, sequenceOf(bytes)).result);
    expect(results("services")).toEqual([null, 0]);
    expect(results("timeouts")).toEqual([null, 0]);
    // ESRCH.
    expect(results("refused")).toEqual([3]);
    const [stranger = new Uint8Array()] = recorded("refused");
    expect(decodeAnswers(stranger, sequenceOf(stranger) + 1)).toEqual({ bodies: [], result: null });
  });

  test("is every service", () => {
    const told = bodies("services").flatMap((body) => decodeService(body) ?? []);
    const wanted = [WEB_PERSISTENT, DNS, MARKED, DNS6, ALL6].map((one) => ({ service: one }));
    expect(told.map((each) => each.service).sort((a, b) => byKey({ service: a }, { service: b }))).toEqual(
      wanted.sort(byKey).map((each) => each.service),
    );
    expect(told.find((each) => Bun.deepEquals(each.service, DNS))?.statistics).toMatchObject(THREE);
  });

  test("is every server", () => {
    const told = bodies("destinations").flatMap((body) => {
      // Of a service of the other family it would be read alike: the server says its own.
      const [read, again] = [decodeDestination(body, 4), decodeDestination(body, 6)];
      expect(read).toEqual(again);
      return read ?? [];
    });
    expect(told.map(({ destination }) => destination)).toEqual(
      expect.arrayContaining([...WEB_SERVERS, DNS_SERVER, DNS6_SERVER]),
    );
    expect(told).toHaveLength(4);
    expect(told.find(({ destination }) => destination.port === 53)).toMatchObject({ statistics: THREE });
  });

  test("is the timeouts", () => {
    expect(bodies("timeouts").map(decodeTimeouts)).toEqual([
      { tcp: seconds(900), tcpFin: seconds(120), udp: seconds(300) },
    ]);
  });
});

describe("the kernel's answer by socket option", () => {
  const [services = new Uint8Array()] = recorded("sockopt-services");

  test("is every service of IPv4, up to the first that is empty", () => {
    const told = sockopt.decodeServices(services);
    expect(told.map((each) => each.service).sort((a, b) => byKey({ service: a }, { service: b }))).toEqual(
      [WEB_PERSISTENT, DNS, MARKED].sort((a, b) => byKey({ service: a }, { service: b })),
    );
    expect(told.map(({ count }) => count).sort()).toEqual([0, 1, 2]);
    expect(told.find((each) => Bun.deepEquals(each.service, DNS))?.statistics).toMatchObject(THREE);
  });

  test("is every server, up to the first that is empty", () => {
    const told = recorded("sockopt-destinations").map(sockopt.decodeDestinations);
    expect(
      told.map((each) => each.map(({ destination }) => destination)).sort((a, b) => b.length - a.length),
    ).toEqual([WEB_SERVERS, [DNS_SERVER], []]);
    expect(told.flat().find(({ destination }) => destination.port === 53)?.statistics).toMatchObject(THREE);
  });

  test("is nothing where it is too short", () => {
    expect(sockopt.decodeServices(services.subarray(0, 8 + 103))).toEqual([]);
    expect(sockopt.decodeTimeouts(new Uint8Array(11))).toBe(null);
    expect(sockopt.decodeCount(new Uint8Array(11))).toBe(null);
  });

  test("is asked for with the service in it", () => {
    const bytes = sockopt.destinationsBuffer(WEB, 2);
    expect(bytes.toHex().slice(0, 48)).toBe("060000000a000001005000000000000002000000" + "00000000");
    expect(bytes).toHaveLength(24 + 2 * 96);
    expect(sockopt.servicesBuffer(3)).toHaveLength(8 + 3 * 104);
  });
});
