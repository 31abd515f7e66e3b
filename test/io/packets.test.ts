/** Sending and receiving on real interfaces: two edges on a cable, a capture as the witness. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Action, Listener } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import { encodeIp } from "../../src/wire/ip.ts";
import { Capture } from "../lab/capture.ts";
import { run, sleep, until } from "../lab/process.ts";
import type { Cable } from "./cable.ts";
import { cable } from "./cable.ts";
import { Edge, ip, mac, PATIENCE, temporaryDirectory } from "./edge.ts";

const GROUP4 = ip("224.0.0.18");
const GROUP6 = ip("ff02::12");
const GROUP4_MAC = mac("01:00:5e:00:00:12");
const GROUP6_MAC = mac("33:33:00:00:00:12");
const VRRP = 112;

let wire: Cable;
const directory = temporaryDirectory();
let a: Edge;
let b: Edge;

/** An IP packet whose payload is `length` bytes of `mark`. */
function packet(source: Ip, destination: Ip, mark: number, length = 20, protocol = VRRP): Uint8Array {
  const family = source.includes(":") ? 6 : 4;
  const payload = new Uint8Array(length).fill(mark);
  return encodeIp({ family, source, destination, protocol, hopLimit: 255, payload }, 0);
}

function frame4(mark: number, length = 20, protocol = VRRP): Action {
  return {
    kind: "frame",
    index: a.link("eth1").index,
    ethertype: 0x0800,
    destination: GROUP4_MAC,
    bytes: packet(ip("10.66.0.1"), GROUP4, mark, length, protocol),
    router: "R",
  };
}

function frame6(mark: number): Action {
  return {
    kind: "frame",
    index: a.link("eth1").index,
    ethertype: 0x86dd,
    destination: GROUP6_MAC,
    bytes: packet(ip("fe80::1"), GROUP6, mark),
    router: "R",
  };
}

const listeners = (edge: Edge): Listener[] => [
  { index: edge.link("eth1").index, family: 4, groups: [GROUP4] },
  { index: edge.link("eth1").index, family: 6, groups: [GROUP6] },
];

/** The last byte of each frame heard since `since`: its mark. */
const marks = (edge: Edge, since: number): number[] =>
  edge.told.slice(since).flatMap(({ event }) => (event.kind === "frame" ? [event.bytes.at(-1) ?? -1] : []));

/** The members of an interface's groups, as the kernel lists them. */
const memberships = async (): Promise<string> =>
  (await run(wire.b.enter(["ip", "maddr", "show", "dev", "eth1"]))).replaceAll(/\s+/g, " ");

beforeAll(async () => {
  wire = await cable();
  a = await Edge.start(wire.a, `${directory.path}/a`);
  b = await Edge.start(wire.b, `${directory.path}/b`);
});

afterAll(async () => {
  await a[Symbol.asyncDispose]();
  await b[Symbol.asyncDispose]();
  await wire[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

describe("a receiving socket", () => {
  test("joins its groups so that switches hear of it, and leaves them", async () => {
    const capture = await Capture.start(wire.a, ["eth1"]);
    b.listen(...listeners(b));
    await until("the groups joined", PATIENCE, async () => {
      const groups = await memberships();
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
    b.listen();
    await until("the groups left", PATIENCE, async () => !(await memberships()).includes("224.0.0.18"));
    await until("an IGMP leave", PATIENCE, async () => {
      return (await reports("igmp.maddr == 224.0.0.18 && igmp.record_type == 3")) > 0;
    });
    await capture.close();
  }, 30_000);

  test("gives one event a frame, whole, from its IP header on, of both families", async () => {
    b.listen(...listeners(b));
    await until("the groups joined", PATIENCE, async () => (await memberships()).includes("ff02::12"));
    const since = b.told.length;
    a.order([frame4(1, 20), frame4(2, 1400), frame6(3), frame4(4, 8)]);
    await until("four frames", PATIENCE, () => marks(b, since).length >= 4);
    expect(marks(b, since).sort()).toEqual([1, 2, 3, 4]);
    const second = await b.event("frame", (event) => event.bytes.at(-1) === 2, since);
    expect(second.family).toBe(4);
    expect(second.index).toBe(b.link("eth1").index);
    expect(second.bytes).toEqual(packet(ip("10.66.0.1"), GROUP4, 2, 1400));
    const third = await b.event("frame", (event) => event.bytes.at(-1) === 3, since);
    expect(third.family).toBe(6);
    expect(third.bytes).toEqual(packet(ip("fe80::1"), GROUP6, 3));
  });

  test("hears neither other protocols nor what this host sends itself", async () => {
    b.listen(...listeners(b));
    a.listen(...listeners(a));
    await sleep(200);
    const since = { a: a.told.length, b: b.told.length };
    a.order([frame4(1, 20, 89), frame4(2), frame6(3)]);
    await until("both frames", PATIENCE, () => marks(b, since.b).length >= 2);
    await sleep(100);
    expect(marks(b, since.b).sort()).toEqual([2, 3]);
    expect(marks(a, since.a)).toEqual([]);
    a.listen();
  });

  test("loses nothing between its opening and its first reading", async () => {
    b.listen();
    await sleep(100);
    const since = b.told.length;
    // Opened, and busy from that turn on: what arrives waits until the event loop gets to the socket.
    b.order([{ kind: "listen", listeners: listeners(b) }, { kind: "resync" }], 0);
    for (let mark = 0; mark < 200; mark++) a.order([frame4(mark)]);
    await until("the last frame", PATIENCE, () => marks(b, since).includes(199));
    const heard = marks(b, since);
    const first = heard[0] ?? 0;
    expect(heard).toEqual(Array.from({ length: 200 - first }, (_, at) => first + at));
  });

  test("is gone when its interface goes down, and open again when asked", async () => {
    b.listen(...listeners(b));
    await until("the groups joined", PATIENCE, async () => (await memberships()).includes("ff02::12"));
    const open = openPacketSockets(b.pid);
    const since = b.told.length;
    await wire.b.ip("link set eth1 down");
    await b.event("listener-failed", ({ family, errno }) => family === 4 && errno === "ENETDOWN", since);
    await b.event("listener-failed", ({ family, errno }) => family === 6 && errno === "ENETDOWN", since);
    expect(openPacketSockets(b.pid)).toBe(open - 2);

    const down = b.told.length;
    b.listen(...listeners(b));
    expect((await b.event("listener-failed", () => true, down)).errno).toBe("ENETDOWN");

    await wire.b.ip("link set eth1 up", "addr replace fe80::2/64 dev eth1 nodad");
    await b.event("link", ({ link }) => link.name === "eth1" && link.up && link.carrier, down);
    const up = b.told.length;
    b.listen(...listeners(b));
    await until("a frame", PATIENCE, async () => {
      a.order([frame4(77), frame6(78)]);
      await sleep(50);
      return marks(b, up).includes(77) && marks(b, up).includes(78);
    });
    expect(openPacketSockets(b.pid)).toBe(open);
  }, 20_000);

  test("says at once what it cannot listen on", async () => {
    const since = b.told.length;
    b.listen({ index: 99_999, family: 4, groups: [GROUP4] });
    const failed = await b.event("listener-failed", () => true, since);
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
    b.listen(...listeners(b));
    await sleep(100);
    const since = b.told.length;
    const many = Array.from({ length: 200 }, (_, mark) => frame4(mark));
    a.order(many);
    await until("all of them", PATIENCE, () => marks(b, since).length >= 200);
    expect(marks(b, since)).toEqual(Array.from({ length: 200 }, (_, mark) => mark));
  });

  test("are each answered for: one without an interface does not keep back the others", async () => {
    b.listen(...listeners(b));
    await sleep(100);
    const since = { a: a.told.length, b: b.told.length };
    const lost: Action = { ...frame4(2), kind: "frame", index: 99_999, router: "LOST" } as Action;
    a.order([frame4(1), lost, frame4(3)]);
    const failed = await a.event("send-failed", () => true, since.a);
    expect(failed).toEqual({ kind: "send-failed", router: "LOST", errno: "ENXIO" });
    await until("the others", PATIENCE, () => marks(b, since.b).length >= 2);
    expect(marks(b, since.b)).toEqual([1, 3]);
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
    b.listen(...listeners(b));
    await sleep(100);
    const capture = await Capture.start(wire.a, ["eth1"]);
    const since = b.told.length;
    const { index } = a.link("eth1");
    a.order([
      unicast(ip("10.66.0.2"), 1),
      unicast(ip("fe80::2"), 2, index),
      unicast(ip("10.66.0.2"), 3, index),
    ]);
    await until("three packets", PATIENCE, () => marks(b, since).length >= 3);
    expect(marks(b, since).sort()).toEqual([1, 2, 3]);
    await sleep(200);
    expect(
      await capture.tshark("icmp.type == 3 || icmpv6.type == 1 || icmpv6.type == 4", ["frame.number"]),
    ).toEqual([]);
    await capture.close();
  });

  test("would be answered with protocol unreachable without us", async () => {
    // The witness for the test above: a namespace in which no agent runs does answer.
    await using bare = await cable();
    const edge = await Edge.start(bare.a, `${directory.path}/bare`);
    const capture = await Capture.start(bare.a, ["eth1"]);
    edge.order([unicast(ip("10.66.0.2"), 1)]);
    await until("protocol unreachable", PATIENCE, async () => {
      return (await capture.tshark("icmp.type == 3 && icmp.code == 2", ["frame.number"])).length > 0;
    });
    await capture.close();
    await edge[Symbol.asyncDispose]();
  });

  test("without a route is an event", async () => {
    const since = a.told.length;
    a.order([unicast(ip("203.0.113.1"), 1)]);
    expect((await a.event("send-failed", () => true, since)).errno).toBe("ENETUNREACH");
  });
});

describe("a process that was stopped", () => {
  test("gets the frames that waited before its deadline", async () => {
    b.listen(...listeners(b));
    await sleep(100);
    const since = b.told.length;
    b.order([], 300);
    await sleep(100);
    b.signal("SIGSTOP");
    a.order([frame4(1), frame4(2), frame6(3)]);
    await sleep(600);
    b.signal("SIGCONT");
    await b.event("deadline", () => true, since);
    const kinds = b.told.slice(since).map(({ event }) => event.kind);
    expect(kinds).toEqual(["frame", "frame", "frame", "deadline"]);
  });

  test("can throw away what still waits, in the turn of the first frame", async () => {
    b.listen(...listeners(b));
    const since = b.told.length;
    b.orderOn("frame", [{ kind: "drop-queued" }]);
    await sleep(100);
    b.signal("SIGSTOP");
    a.order(Array.from({ length: 50 }, (_, mark) => frame4(mark)));
    await sleep(200);
    b.signal("SIGCONT");
    await until("the first frame", PATIENCE, () => marks(b, since).length > 0);
    a.order([frame4(255)]);
    await until("the frame after", PATIENCE, () => marks(b, since).includes(255));
    expect(marks(b, since)).toEqual([0, 255]);
  });

  test("can throw it away before its deadline too", async () => {
    b.listen(...listeners(b));
    const since = b.told.length;
    b.order([], 300);
    b.orderOn("frame", [{ kind: "drop-queued" }], 0);
    await sleep(100);
    b.signal("SIGSTOP");
    a.order(Array.from({ length: 50 }, (_, mark) => frame4(mark)));
    await sleep(500);
    b.signal("SIGCONT");
    await b.event("deadline", () => true, since);
    expect(marks(b, since)).toEqual([0]);
  });
});
