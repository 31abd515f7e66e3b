/**
 * The virtual server table of a real kernel by both of its interfaces, with ipvsadm as the judge: what we write it reads, what it writes
 * we read, for the options in all their combinations.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { seconds } from "../../src/base/units.ts";
import type { KernelTable } from "../../src/io/ipvs.ts";
import { openTable } from "../../src/io/ipvs.ts";
import { difference } from "../../src/ipvs/difference.ts";
import type {
  Change,
  Destination,
  Entry,
  Persistence,
  Protocol,
  Service,
  ServiceId,
} from "../../src/wire/ipvs.ts";
import { destinationKey, IPIP, serviceKey } from "../../src/wire/ipvs.ts";
import { entry, ip, server, service, WEB } from "../ipvs/values.ts";
import { run } from "../lab/process.ts";
import { endpoint, limits, lines, serverLine, serviceLine } from "./ipvsadm.ts";

const WAYS = ["sockopt", "netlink"] as const;
const SCHEDULERS = "rr wrr lc wlc fo ovf lblc lblcr dh sh mh sed nq".split(" ");
const NOBODYS: ReadonlySet<string> = new Set();

const tables = new Map<(typeof WAYS)[number], KernelTable>();
const table = (way: (typeof WAYS)[number]): KernelTable => {
  const found = tables.get(way);
  if (found === undefined) throw new Error(`no table by ${way}`);
  return found;
};

beforeAll(async () => {
  // Every scheduler, before the kernel looks for each by itself: that takes a fork.
  await run(["modprobe", "-a", "ip_vs", ...SCHEDULERS.map((name) => `ip_vs_${name}`)]);
  for (const way of WAYS) {
    const opened = openTable(way);
    if (!opened.ok) throw new Error(`${way}: ${opened.error}`);
    tables.set(way, opened.value);
  }
});
afterEach(() => run(["ipvsadm", "-C"]));
afterAll(() => {
  for (const each of tables.values()) each.close();
});

const PERSISTENCES: readonly (Persistence | null)[] = [
  null,
  { timeout: seconds(300), prefix: 32 },
  { timeout: seconds(7), prefix: 24 },
];

/** Virtual services of a family in all combinations, each on a port or mark of its own. */
function services(family: 4 | 6): Service[] {
  const address = ip(family === 4 ? "10.0.0.1" : "2001:db8::1");
  const all: Service[] = [];
  const kinds: readonly (Protocol | "fwmark")[] = ["tcp", "udp", "sctp", "fwmark"];
  for (const kind of kinds) {
    for (const scheduler of SCHEDULERS) {
      for (const persistence of PERSISTENCES) {
        const number = all.length + 1;
        const id: ServiceId =
          kind === "fwmark"
            ? { kind, mark: number, family }
            : { kind: "address", protocol: kind, address, port: number };
        const prefix = (persistence?.prefix ?? 0) * (family === 4 ? 1 : 4);
        all.push(
          service({
            id,
            scheduler,
            persistence: persistence === null ? null : { ...persistence, prefix },
            // ipvsadm takes it for udp and marks.
            onePacket: number % 2 === 0 && (kind === "udp" || kind === "fwmark"),
            schedulerFlags: scheduler === "sh" || scheduler === "mh" ? number % 4 : 0,
          }),
        );
      }
    }
  }
  return all;
}

/** Servers of a family in all combinations. */
function servers(family: 4 | 6): Destination[] {
  const all: Destination[] = [];
  for (const forward of ["nat", "dr", "tun"] as const) {
    for (const weight of [0, 1, 65_535]) {
      for (const [upper, lower] of [[0, 0] as const, [20, 10] as const, [30, 0] as const]) {
        const number = all.length + 2;
        const address = ip(family === 4 ? `10.0.1.${number}` : `2001:db8:1::${number.toString(16)}`);
        // ipvsadm gives a server another port than its service's only where packets are rewritten.
        const port = forward === "nat" ? 8000 + number : 80;
        all.push({ address, port, forward, weight, upper, lower, tunnel: IPIP });
      }
    }
  }
  return all;
}

const crowded = (family: 4 | 6): ServiceId => ({
  kind: "address",
  protocol: "tcp",
  address: ip(family === 4 ? "10.9.9.9" : "2001:db8::9"),
  port: 80,
});

/** Tables: one service with all the servers, and all the services with none. */
const whole = (family: 4 | 6): Entry[] => [
  entry(service({ id: crowded(family) }), ...servers(family)),
  ...services(family).map((one) => entry(one)),
];

/** In one order, without counters: to be compared. */
const settled = (entries: readonly Entry[]): unknown =>
  entries
    .map(({ service: one, destinations }) => ({
      service: one,
      destinations: destinations
        .map(({ destination }) => destination)
        .sort((a, b) => (destinationKey(a) < destinationKey(b) ? -1 : 1)),
    }))
    .sort((a, b) => (serviceKey(a.service.id) < serviceKey(b.service.id) ? -1 : 1));

const read = (way: (typeof WAYS)[number]): readonly Entry[] => {
  const entries = table(way).read();
  if (!entries.ok) throw new Error(`${way}: ${entries.error}`);
  return entries.value;
};

/** All that is written has to be taken. */
function write(way: (typeof WAYS)[number], changes: readonly Change[]): void {
  const refused = changes
    .map((change) => ({ change, result: table(way).write(change) }))
    .filter(({ result }) => result !== 0);
  expect(refused).toEqual([]);
}

const CASES = [
  ["sockopt", 4],
  ["netlink", 4],
  ["netlink", 6],
] as const;

describe("the table of the kernel", () => {
  test.each(CASES)("is by %s, IPv%d, what ipvsadm reads of what we write", async (way, family) => {
    const wanted = whole(family);
    write(
      way,
      difference(
        wanted.map(({ service: one, destinations }) => ({
          service: one,
          destinations: destinations.map(({ destination }) => destination),
        })),
        read(way),
        NOBODYS,
      ).changes,
    );
    const saved = (await run(["ipvsadm", "-S", "-n"])).trimEnd().split("\n");
    expect(saved.map((line) => line.trimEnd()).sort()).toEqual(lines(wanted).sort());
    const listed = await run(["ipvsadm", "-L", "-n", "--thresholds"]);
    const told = [...listed.matchAll(/-> (\S+)\s+(\d+)\s+(\d+)/g)].map(([, at, upper, lower]) =>
      [at, upper, lower].join(" "),
    );
    expect(told.sort()).toEqual(
      servers(family)
        .map((one) => `${endpoint(one)} ${one.upper} ${one.lower}`)
        .sort(),
    );
  });

  test.each(CASES)("is by %s, IPv%d, what we read of what ipvsadm writes", async (way, family) => {
    const wanted = whole(family);
    const text = wanted.flatMap(({ service: one, destinations }) => [
      serviceLine(one),
      ...destinations.map(({ destination }) => serverLine(one.id, destination) + limits(destination)),
    ]);
    await run(["ipvsadm", "-R"], `${text.join("\n")}\n`);
    expect(settled(read(way))).toEqual(settled(wanted));
    // Nothing is left to do, and nothing is done.
    const same = wanted.map(({ service: one, destinations }) => ({
      service: one,
      destinations: destinations.map(({ destination }) => destination),
    }));
    expect(difference(same, read(way), NOBODYS)).toEqual({ changes: [], foreign: [] });
  });

  test("has by netlink every service, by socket option those of IPv4 alone", () => {
    write("netlink", [
      { kind: "add-service", service: service() },
      { kind: "add-service", service: service({ id: { kind: "fwmark", mark: 1, family: 6 } }) },
    ]);
    expect(WAYS.map((way) => read(way).length)).toEqual([1, 2]);
  });

  test("is read by socket option beside a server of the other family, which that does not tell", async () => {
    write("sockopt", [
      { kind: "add-service", service: service() },
      { kind: "add-destination", id: WEB, destination: server(2, 1, { forward: "tun" }) },
    ]);
    await run(["ipvsadm", "-a", "-t", "10.0.0.1:80", "-r", "[2001:db8::2]:80", "-i"]);
    expect(settled(read("sockopt"))).toEqual(settled([entry(service(), server(2, 1, { forward: "tun" }))]));
  });

  test("carries tunnels of other kinds by netlink", async () => {
    const gue = server(2, 3, { forward: "tun", tunnel: { type: "gue", port: 6080, flags: 1 } });
    write("netlink", [
      { kind: "add-service", service: service() },
      { kind: "add-destination", id: WEB, destination: gue },
    ]);
    expect(await run(["ipvsadm", "-S", "-n"])).toContain("-i -w 3 --tun-type gue --tun-port 6080 --tun-csum");
    expect(settled(read("netlink"))).toEqual(settled([entry(service(), gue)]));
  });

  test.each(WAYS)("is changed by %s in every way, and says why it is not", (way) => {
    const other: ServiceId = { kind: "address", protocol: "udp", address: ip("10.0.0.1"), port: 80 };
    const all: Change[] = [
      { kind: "add-service", service: service() },
      { kind: "add-destination", id: WEB, destination: server(2) },
      { kind: "edit-service", service: service({ scheduler: "rr", persistence: PERSISTENCES[2] ?? null }) },
      {
        kind: "edit-destination",
        id: WEB,
        destination: server(2, 0, { forward: "nat", upper: 9, lower: 3 }),
      },
      { kind: "add-destination", id: WEB, destination: server(3) },
      { kind: "delete-destination", id: WEB, address: ip("10.0.0.3"), port: 80 },
    ];
    write(way, all);
    expect(settled(read(way))).toEqual(
      settled([
        entry(
          service({ scheduler: "rr", persistence: PERSISTENCES[2] ?? null }),
          server(2, 0, { forward: "nat", upper: 9, lower: 3 }),
        ),
      ]),
    );
    const refused: readonly (readonly [Change, number])[] = [
      // EEXIST, ESRCH, ENOENT.
      [{ kind: "add-service", service: service() }, -17],
      [{ kind: "add-destination", id: WEB, destination: server(2) }, -17],
      [{ kind: "delete-service", id: other }, -3],
      [{ kind: "add-destination", id: other, destination: server(2) }, -3],
      [{ kind: "edit-destination", id: WEB, destination: server(9) }, -2],
      [{ kind: "delete-destination", id: WEB, address: ip("10.0.0.9"), port: 80 }, -2],
      [{ kind: "add-service", service: service({ id: other, scheduler: "none-such" }) }, -2],
    ];
    for (const [change, errno] of refused)
      expect([change, table(way).write(change)]).toEqual([change, errno]);
    expect(table(way).write({ kind: "delete-service", id: WEB })).toBe(0);
    expect(read(way)).toEqual([]);
  });

  test.each(WAYS)("has timeouts that %s reads and sets, one by one", async (way) => {
    await run(["ipvsadm", "--set", "901", "121", "301"]);
    const all = { tcp: seconds(901), tcpFin: seconds(121), udp: seconds(301) };
    expect(table(way).timeouts()).toEqual({ ok: true, value: all });
    expect(table(way).setTimeouts({ tcp: seconds(0), tcpFin: seconds(99), udp: seconds(0) })).toBe(0);
    expect(await run(["ipvsadm", "-L", "--timeout"])).toContain("901 99 301");
    await run(["ipvsadm", "--set", "900", "120", "300"]);
  });

  test("is read again by netlink after the module was loaded anew", async () => {
    const before = openTable("netlink");
    if (!before.ok) throw new Error("no table");
    await run(["modprobe", "-r", ...SCHEDULERS.map((name) => `ip_vs_${name}`)]);
    await run(["modprobe", "-r", "ip_vs"]);
    expect(openTable("sockopt")).toEqual({ ok: false, error: -92 });
    await run(["modprobe", "-a", "ip_vs"]);
    expect(before.value.write({ kind: "add-service", service: service() })).toBe(0);
    expect(before.value.read().ok).toBe(true);
    before.value.close();
  });
});
