/** Addresses put on and taken off a real interface, and their lifetimes. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { AddressChange } from "../../src/agent/boundary.ts";
import { sleep, until } from "../lab/process.ts";
import { Edge, ip, PATIENCE, temporaryDirectory } from "./edge.ts";
import { errnos, Stage } from "./stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.create();
});

afterAll(() => stage.close());

beforeEach(() => stage.sweep());

describe("a batch of changes", () => {
  test("adds addresses of both families with lifetime and label, usable at once", async () => {
    const results = await stage.edge.change([
      stage.add("10.66.1.1/24", { lifetime: 30, label: "eth1:7" }),
      stage.add("10.66.2.1/32"),
      stage.add("fd66::1/128", { lifetime: 30 }),
      stage.add("fd66:1::1/64", { lifetime: 30 }),
    ]);
    expect(errnos(results)).toEqual([null, null, null, null]);
    const now = new Map((await stage.shown()).map((each) => [each.local, each]));
    expect(now.get("10.66.1.1")).toMatchObject({ prefixlen: 24, label: "eth1:7", dynamic: true });
    expect(now.get("10.66.2.1")).toMatchObject({ prefixlen: 32, label: "eth1" });
    expect(now.get("10.66.2.1")?.dynamic).toBeUndefined();
    // Never the source of a connection of the host's own, and no duplicate address detection.
    expect(now.get("fd66::1")).toMatchObject({ prefixlen: 128, deprecated: true, dynamic: true });
    expect(now.get("fd66::1")?.tentative).toBeUndefined();
    expect(now.get("fd66:1::1")?.deprecated).toBeUndefined();
    const told = await stage.dump();
    expect(told.find(({ address }) => address === "10.66.1.1")).toMatchObject({
      label: "eth1:7",
      secondary: false,
    });
    expect(told.find(({ address }) => address === "10.66.2.1")).toMatchObject({
      label: null,
      validLifetime: null,
    });
  });

  test("tells what stands there already, and does the rest", async () => {
    await stage.space.ip("addr add 10.66.1.1/24 dev eth1", "addr add fd66::1/128 dev eth1 nodad");
    const results = await stage.edge.change([
      stage.add("10.66.1.1/24"),
      stage.add("fd66::1/128"),
      stage.add("10.66.3.1/32"),
      stage.remove("10.66.9.9/32"),
    ]);
    expect(errnos(results)).toEqual(["EEXIST", "EEXIST", null, "EADDRNOTAVAIL"]);
    expect((await stage.shown()).map(({ local }) => local)).toContain("10.66.3.1");
  });

  test("of a thousand is answered whole and in order", async () => {
    const many = Array.from({ length: 1000 }, (_, at) => `10.67.${at >> 8}.${at & 255}/32`);
    const added = await stage.edge.change(many.map((each) => stage.add(each, { lifetime: 60 })));
    expect(added.map(({ change }) => change.key.address)).toEqual(many.map((each) => ip(each.slice(0, -3))));
    expect(errnos(added).every((errno) => errno === null)).toBe(true);
    expect((await stage.dump()).length).toBe(1000);
    const gone = await stage.edge.change(many.map((each) => stage.remove(each)));
    expect(errnos(gone).every((errno) => errno === null)).toBe(true);
    expect(await stage.dump()).toEqual([]);
  });

  test("names the error where there is no such interface", async () => {
    const change: AddressChange = { op: "delete", key: { ...stage.add("10.66.1.1/24").key, index: 99_999 } };
    expect(errnos(await stage.edge.change([change]))).toEqual(["ENODEV"]);
  });
});

describe("an alias by ioctl", () => {
  test("has label, class prefix, broadcast and then its lifetime", async () => {
    const results = await stage.edge.change([
      stage.add("192.168.66.1/24", { label: "eth1:1", lifetime: 30, method: "ioctl" }),
    ]);
    expect(errnos(results)).toEqual([null]);
    expect(await stage.shown()).toEqual([
      expect.objectContaining({
        local: "192.168.66.1",
        prefixlen: 24,
        label: "eth1:1",
        broadcast: "192.168.66.255",
        dynamic: true,
      }),
    ]);
  });

  test("of another prefix than its class ends with the one asked for", async () => {
    const results = await stage.edge.change([
      stage.add("10.66.1.1/28", { label: "eth1:1", method: "ioctl" }),
    ]);
    expect(errnos(results)).toEqual([null]);
    expect(await stage.shown()).toEqual([expect.objectContaining({ local: "10.66.1.1", prefixlen: 28 })]);
  });

  test("never takes the place of another address under its label", async () => {
    await stage.edge.change([stage.add("192.168.66.1/24", { label: "eth1:1" })]);
    await stage.dump();
    const results = await stage.edge.change([
      stage.add("192.168.66.2/24", { label: "eth1:1", method: "ioctl" }),
    ]);
    expect(errnos(results)).toEqual(["EEXIST"]);
    expect((await stage.shown()).map(({ local }) => local)).toEqual(["192.168.66.1"]);
  });
});

describe("a lifetime", () => {
  test("ends by itself, and every refresh puts that off", async () => {
    await stage.edge.change([
      stage.add("10.66.1.1/32", { lifetime: 2 }),
      stage.add("10.66.2.1/32", { lifetime: 2 }),
      stage.add("fd66::1/128", { lifetime: 2 }),
    ]);
    await sleep(200);
    const start = performance.now();
    const since = stage.edge.told.length;
    for (let turn = 0; turn < 5; turn++) {
      await sleep(600);
      expect(errnos(await stage.edge.change([stage.refresh("10.66.1.1/32", 2)]))).toEqual([null]);
    }
    expect(performance.now() - start).toBeGreaterThan(2500);
    expect((await stage.shown()).map(({ local }) => local)).toEqual(["10.66.1.1"]);
    await stage.edge.event("address-gone", ({ key }) => key.address === "10.66.2.1", since);
    await stage.edge.event("address-gone", ({ key }) => key.address === "fd66::1", since);
    // A refreshed lifetime is no news.
    expect(stage.edge.told.slice(since).filter(({ event }) => event.kind === "address")).toEqual([]);
    await stage.edge.event("address-gone", ({ key }) => key.address === "10.66.1.1", since);
  }, 20_000);

  test("goes on when the agent is killed", async () => {
    using other = temporaryDirectory();
    const second = await Edge.start(stage.space, other.path);
    await second.change([stage.add("10.66.5.1/32", { lifetime: 2 })]);
    second.signal("SIGKILL");
    await second.exited;
    expect((await stage.shown()).map(({ local }) => local)).toEqual(["10.66.5.1"]);
    const waited = await until("the address gone", PATIENCE, async () => (await stage.shown()).length === 0);
    expect(waited).toBeLessThan(3500);
  }, 20_000);
});
