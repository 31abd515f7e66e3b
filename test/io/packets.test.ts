/** Sending and receiving on real interfaces: two edges on a cable, a capture as the witness. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Action } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import { Capture } from "../lab/capture.ts";
import { sleep, until } from "../lab/process.ts";
import { cable } from "./cable.ts";
import { Edge, ip, PATIENCE, temporaryDirectory } from "./edge.ts";
import { Exchange, GROUP4, GROUP6, listeners, marks, packet } from "./exchange.ts";

let pair: Exchange;

beforeAll(async () => {
  pair = await Exchange.create();
});

afterAll(() => pair.close());

describe("a receiving socket", () => {
  test("joins its groups so that switches hear of it, and leaves them", async () => {
    const capture = await Capture.start(pair.wire.a, ["eth1"]);
    pair.b.listen(...listeners(pair.b));
    await until("the groups joined", PATIENCE, async () => {
      const groups = await pair.memberships();
      return groups.includes("inet 224.0.0.18") && groups.includes("inet6 ff02::12");
    });
    const reports = async (filter: string): Promise<number> =>
      (await capture.tshark(filter, ["frame.number"])).length;
    // IGMPv3 and MLDv2 reports: change to exclude mode (4), which is to join, and to include mode (3), which is to leave.
    await until("an IGMP report", PATIENCE, async () => {
      return (await reports("igmp.maddr == 224.0.0.18 && igmp.record_type == 4")) > 0;
    });
    await until("an MLD report", PATIENCE, async () => {
      return (await reports("icmpv6.mldr.mar.multicast_address == ff02::12")) > 0;
    });
    pair.b.listen();
    await until("the groups left", PATIENCE, async () => !(await pair.memberships()).includes("224.0.0.18"));
    await until("an IGMP leave", PATIENCE, async () => {
      return (await reports("igmp.maddr == 224.0.0.18 && igmp.record_type == 3")) > 0;
    });
    await capture.close();
  }, 30_000);

  test("gives one event a frame, whole, from its IP header on, of both families", async () => {
    const since = await pair.listening();
    pair.a.order([pair.frame4(1, 20), pair.frame4(2, 1400), pair.frame6(3), pair.frame4(4, 8)]);
    await until("four frames", PATIENCE, () => marks(pair.b, since).length >= 4);
    expect(marks(pair.b, since).sort()).toEqual([1, 2, 3, 4]);
    const second = await pair.b.event("frame", (event) => event.bytes.at(-1) === 2, since);
    expect(second.family).toBe(4);
    expect(second.index).toBe(pair.b.link("eth1").index);
    expect(second.bytes).toEqual(packet(ip("10.66.0.1"), GROUP4, 2, 1400));
    const third = await pair.b.event("frame", (event) => event.bytes.at(-1) === 3, since);
    expect(third.family).toBe(6);
    expect(third.bytes).toEqual(packet(ip("fe80::1"), GROUP6, 3));
  });

  test("hears neither other protocols nor what this host sends itself", async () => {
    pair.b.listen(...listeners(pair.b));
    pair.a.listen(...listeners(pair.a));
    await sleep(200);
    const since = { a: pair.a.told.length, b: pair.b.told.length };
    pair.a.order([pair.frame4(1, 20, 89), pair.frame4(2), pair.frame6(3)]);
    await until("both frames", PATIENCE, () => marks(pair.b, since.b).length >= 2);
    await sleep(100);
    expect(marks(pair.b, since.b).sort()).toEqual([2, 3]);
    expect(marks(pair.a, since.a)).toEqual([]);
    pair.a.listen();
  });

  test("loses nothing between its opening and its first reading", async () => {
    pair.b.listen();
    await sleep(100);
    const since = pair.b.told.length;
    // Opened, and busy from that turn on: what arrives waits until the event loop gets to the socket.
    pair.b.order([{ kind: "listen", listeners: listeners(pair.b) }, { kind: "resync" }], 0);
    for (let mark = 0; mark < 200; mark++) pair.a.order([pair.frame4(mark)]);
    await until("the last frame", PATIENCE, () => marks(pair.b, since).includes(199));
    const heard = marks(pair.b, since);
    const first = heard[0] ?? 0;
    expect(heard).toEqual(Array.from({ length: 200 - first }, (_, at) => first + at));
  });

  test("is gone when its interface goes down, and open again when asked", async () => {
    await pair.listening();
    const open = openPacketSockets(pair.b.pid);
    const since = pair.b.told.length;
    await pair.wire.b.ip("link set eth1 down");
    await pair.b.event("listener-failed", ({ family, errno }) => family === 4 && errno === "ENETDOWN", since);
    await pair.b.event("listener-failed", ({ family, errno }) => family === 6 && errno === "ENETDOWN", since);
    expect(openPacketSockets(pair.b.pid)).toBe(open - 2);

    const down = pair.b.told.length;
    pair.b.listen(...listeners(pair.b));
    expect((await pair.b.event("listener-failed", () => true, down)).errno).toBe("ENETDOWN");

    await pair.wire.b.ip("link set eth1 up", "addr replace fe80::2/64 dev eth1 nodad");
    await pair.b.event("link", ({ link }) => link.name === "eth1" && link.up && link.carrier, down);
    const up = pair.b.told.length;
    pair.b.listen(...listeners(pair.b));
    await until("a frame", PATIENCE, async () => {
      pair.a.order([pair.frame4(77), pair.frame6(78)]);
      await sleep(50);
      return marks(pair.b, up).includes(77) && marks(pair.b, up).includes(78);
    });
    expect(openPacketSockets(pair.b.pid)).toBe(open);
  }, 20_000);

  test("says at once what it cannot listen on", async () => {
    const since = pair.b.told.length;
    pair.b.listen({ index: 99_999, family: 4, groups: [GROUP4], tap: false });
    const failed = await pair.b.event("listener-failed", () => true, since);
    expect(failed).toEqual({ kind: "listener-failed", index: 99_999, family: 4, errno: "ENODEV" });
  });
});

/** Packet sockets among a process's descriptors. */
function openPacketSockets(pid: number): number {
  const inodes = readFileSync(`/proc/${pid}/net/packet`, "utf8").trim().split("\n").slice(1);
  return inodes.length;
}

describe("frames that follow each other", () => {
  test("leave in order, however many", async () => {
    const since = await pair.listening();
    const many = Array.from({ length: 200 }, (_, mark) => pair.frame4(mark));
    pair.a.order(many);
    await until("all of them", PATIENCE, () => marks(pair.b, since).length >= 200);
    expect(marks(pair.b, since)).toEqual(Array.from({ length: 200 }, (_, mark) => mark));
  });

  test("are each answered for: one without an interface does not keep back the others", async () => {
    await pair.listening();
    const since = { a: pair.a.told.length, b: pair.b.told.length };
    const lost: Action = { ...pair.frame4(2), index: 99_999, router: "LOST" };
    pair.a.order([pair.frame4(1), lost, pair.frame4(3)]);
    const failed = await pair.a.event("send-failed", () => true, since.a);
    expect(failed).toEqual({ kind: "send-failed", router: "LOST", errno: "ENXIO" });
    await until("the others", PATIENCE, () => marks(pair.b, since.b).length >= 2);
    expect(marks(pair.b, since.b)).toEqual([1, 3]);
  });
});

describe("a unicast packet", () => {
  const unicast = (destination: Ip, mark: number, index: number | null = null): Action => ({
    kind: "packet",
    index,
    family: destination.includes(":") ? 6 : 4,
    destination,
    bytes: packet(destination.includes(":") ? ip("fe80::1") : ip("10.66.0.1"), destination, mark),
    router: "R",
  });

  test("is routed and resolved by the kernel, and answered by no ICMP", async () => {
    await pair.listening();
    const capture = await Capture.start(pair.wire.a, ["eth1"]);
    const since = pair.b.told.length;
    const { index } = pair.a.link("eth1");
    pair.a.order([
      unicast(ip("10.66.0.2"), 1),
      unicast(ip("fe80::2"), 2, index),
      unicast(ip("10.66.0.2"), 3, index),
    ]);
    await until("three packets", PATIENCE, () => marks(pair.b, since).length >= 3);
    expect(marks(pair.b, since).sort()).toEqual([1, 2, 3]);
    await sleep(200);
    expect(
      await capture.tshark("icmp.type == 3 || icmpv6.type == 1 || icmpv6.type == 4", ["frame.number"]),
    ).toEqual([]);
    await capture.close();
  });

  test("would be answered with protocol unreachable without us", async () => {
    // The witness for the test above: a namespace in which no agent runs does answer.
    await using bare = await cable();
    using directory = temporaryDirectory();
    const edge = await Edge.start(bare.a, directory.path);
    const capture = await Capture.start(bare.a, ["eth1"]);
    edge.order([unicast(ip("10.66.0.2"), 1)]);
    await until("protocol unreachable", PATIENCE, async () => {
      return (await capture.tshark("icmp.type == 3 && icmp.code == 2", ["frame.number"])).length > 0;
    });
    await capture.close();
    await edge[Symbol.asyncDispose]();
  });

  test("without a route is an event", async () => {
    const since = pair.a.told.length;
    pair.a.order([unicast(ip("203.0.113.1"), 1)]);
    expect((await pair.a.event("send-failed", () => true, since)).errno).toBe("ENETUNREACH");
  });
});
