/** From the kernel's table to the one that should be. */
import { describe, expect, test } from "bun:test";
import type { Wanted } from "../../src/ipvs/difference.ts";
import { difference } from "../../src/ipvs/difference.ts";
import type { Destination, Entry, ServiceId } from "../../src/wire/ipvs.ts";
import { destinationKey, serviceKey } from "../../src/wire/ipvs.ts";
import { Random } from "../fuzz/mutate.ts";
import { applied, entry, ip, server, service, WEB } from "./values.ts";

const NOBODYS: ReadonlySet<string> = new Set();
const MAIL: ServiceId = { kind: "address", protocol: "tcp", address: ip("10.0.0.1"), port: 25 };

/** Short words for changes: `+ 10.0.0.2 80 w1`. */
const said = (wanted: readonly Wanted[], actual: readonly Entry[], ours = NOBODYS): string[] =>
  difference(wanted, actual, ours).changes.map((change) => {
    const sign = { add: "+", edit: "=", delete: "-" }[change.kind.split("-")[0] ?? ""];
    if (change.kind === "delete-destination") return `${sign} ${destinationKey(change)}`;
    if ("destination" in change)
      return `${sign} ${destinationKey(change.destination)} w${change.destination.weight}`;
    return `${sign} ${serviceKey("service" in change ? change.service.id : change.id)}`;
  });

describe("the difference", () => {
  test("is nothing where the kernel has what is wanted, in whatever order", () => {
    const wanted = [{ service: service(), destinations: [server(2), server(3)] }];
    expect(said(wanted, [entry(service(), server(3), server(2))])).toEqual([]);
  });

  test("is a service with its servers where the kernel has nothing", () => {
    expect(said([{ service: service(), destinations: [server(2), server(3, 5)] }], [])).toEqual([
      "+ tcp 10.0.0.1 80",
      "+ 10.0.0.2 80 w1",
      "+ 10.0.0.3 80 w5",
    ]);
  });

  test("is one write where one weight differs", () => {
    const actual = [entry(service(), server(2), server(3)), entry(service({ id: MAIL }), server(4))];
    const wanted = [
      { service: service(), destinations: [server(2), server(3, 9)] },
      { service: service({ id: MAIL }), destinations: [server(4)] },
    ];
    expect(said(wanted, actual)).toEqual(["= 10.0.0.3 80 w9"]);
  });

  test.each([
    ["scheduler", { scheduler: "rr" }],
    ["flags", { schedulerFlags: 2 }],
    ["one packet", { onePacket: true }],
    ["engine", { engine: "sip" }],
  ])("is an edit where the service's %s differ", (_, more) => {
    const wanted = [{ service: service(more), destinations: [server(2)] }];
    expect(said(wanted, [entry(service(), server(2))])).toEqual(["= tcp 10.0.0.1 80"]);
  });

  test("has who comes before who goes, and who gets weight before who loses it", () => {
    const wanted = [{ service: service(), destinations: [server(2, 0), server(3, 7), server(9)] }];
    const actual = [entry(service(), server(4), server(2, 7), server(3, 0))];
    expect(said(wanted, actual)).toEqual([
      "+ 10.0.0.9 80 w1",
      "= 10.0.0.3 80 w7",
      "= 10.0.0.2 80 w0",
      "- 10.0.0.4 80",
    ]);
  });

  test("keeps thresholds when a server is drained", () => {
    const limited = { upper: 20, lower: 10 };
    const wanted = [{ service: service(), destinations: [server(2, 0, limited)] }];
    const { changes } = difference(wanted, [entry(service(), server(2, 5, limited))], NOBODYS);
    expect(changes).toEqual([{ kind: "edit-destination", id: WEB, destination: server(2, 0, limited) }]);
  });

  test("touches no service of somebody else, and names it", () => {
    const actual = [entry(service(), server(2)), entry(service({ id: MAIL }), server(3))];
    const found = difference([], actual, new Set([serviceKey(WEB)]));
    expect(found.changes).toEqual([{ kind: "delete-service", id: WEB }]);
    expect(found.foreign).toEqual([MAIL]);
  });

  test("tells the same mark of two families apart", () => {
    const marked = (family: 4 | 6): ServiceId => ({ kind: "fwmark", mark: 7, family });
    const wanted = [{ service: service({ id: marked(6) }), destinations: [] }];
    const found = difference(wanted, [entry(service({ id: marked(4) }))], NOBODYS);
    expect(found.changes.map(({ kind }) => kind)).toEqual(["add-service"]);
    expect(found.foreign).toEqual([marked(4)]);
  });
});

describe("whatever the two tables are", () => {
  const ROUNDS = 3000;
  const pick = (random: Random): Destination[] =>
    [2, 3, 4, 5]
      .filter(() => random.below(2) === 0)
      .map((n) => server(n, random.below(3), random.below(4) === 0 ? { forward: "nat" } : {}));
  const ids: readonly ServiceId[] = [WEB, MAIL, { kind: "fwmark", mark: 1, family: 4 }];
  const some = (random: Random): Wanted[] =>
    ids
      .filter(() => random.below(3) > 0)
      .map((id) => ({
        service: service({ id, scheduler: random.below(2) === 0 ? "rr" : "wlc" }),
        destinations: pick(random),
      }));
  const usable = (table: readonly Entry[], key: string): boolean =>
    table
      .find((each) => serviceKey(each.service.id) === key)
      ?.destinations.some(({ destination }) => destination.weight > 0) ?? false;

  test("the writes lead from one to the other, are none the second time, and empty no pool on the way", () => {
    const random = new Random(1);
    for (let round = 0; round < ROUNDS; round++) {
      const wanted = some(random);
      const before = some(random).map(({ service: one, destinations }) => entry(one, ...destinations));
      const ours = new Set(ids.filter(() => random.below(2) === 0).map(serviceKey));
      const { changes, foreign } = difference(wanted, before, ours);
      let table = before;
      const kept = wanted
        .map(({ service: one, destinations }) => entry(one, ...destinations))
        .map((each) => serviceKey(each.service.id))
        .filter((key) => usable(before, key))
        .filter((key) =>
          wanted.some(
            (each) =>
              serviceKey(each.service.id) === key && each.destinations.some(({ weight }) => weight > 0),
          ),
        );
      for (const change of changes) {
        table = applied(table, change);
        for (const key of kept) expect(usable(table, key)).toBe(true);
      }
      const again = difference(wanted, table, ours);
      expect(again).toEqual({ changes: [], foreign });
      for (const id of foreign) {
        const same = (all: readonly Entry[]): Entry | undefined =>
          all.find((each) => serviceKey(each.service.id) === serviceKey(id));
        expect(same(table)).toEqual(same(before));
      }
      expect(table).toHaveLength(wanted.length + foreign.length);
    }
  });
});
