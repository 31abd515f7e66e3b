/** Links and addresses of a real kernel, in a namespace of the test's own. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { AddressChange, AddressResult, KernelAddress } from "../../src/agent/boundary.ts";
import { instant, seconds } from "../../src/base/units.ts";
import { Namespace } from "../lab/namespace.ts";
import { sleep, until } from "../lab/process.ts";
import { Edge, ip, mac, PATIENCE, temporaryDirectory } from "./edge.ts";

const directory = temporaryDirectory();
let space: Namespace;
let edge: Edge;
let index: number;

interface Wish {
  readonly label?: string | null;
  readonly lifetime?: number | null;
  readonly method?: "netlink" | "ioctl";
}

function add(text: string, { label = null, lifetime = null, method = "netlink" }: Wish = {}): AddressChange {
  const [address = "", prefix = ""] = text.split("/");
  return {
    op: "add",
    key: { index, address: ip(address), prefix: Number(prefix) },
    label,
    lifetime: lifetime === null ? null : seconds(lifetime),
    method,
  };
}

const refresh = (text: string, lifetime: number): AddressChange =>
  ({ ...add(text, { lifetime }), op: "refresh" }) as AddressChange;
const remove = (text: string): AddressChange => ({ op: "delete", key: add(text).key });
const errnos = (results: readonly AddressResult[]): (string | null)[] => results.map(({ errno }) => errno);

interface Shown {
  readonly local: string;
  readonly prefixlen: number;
  readonly label?: string;
  readonly dynamic?: boolean;
  readonly secondary?: boolean;
  readonly tentative?: boolean;
  readonly deprecated?: boolean;
  readonly valid_life_time: number;
  readonly broadcast?: string;
}

/** What ip(8) says is on eth1, link-local addresses left out. */
async function shown(): Promise<Shown[]> {
  // The shape of ip(8)'s JSON, of which only these keys are read.
  const links = JSON.parse(await space.run(["ip", "-j", "addr", "show", "dev", "eth1"])) as {
    addr_info: Shown[];
  }[];
  return (links[0]?.addr_info ?? []).filter(({ local }) => !local.startsWith("fe80"));
}

/** The addresses in a fresh dump of the edge. */
async function dump(): Promise<readonly KernelAddress[]> {
  const since = edge.told.length;
  edge.order([{ kind: "resync" }]);
  const { addresses } = await edge.event("kernel", () => true, since);
  return addresses.filter((each) => each.index === index && !each.address.startsWith("fe80"));
}

const promoteSecondaries = async (): Promise<string> =>
  (await space.run(["cat", "/proc/sys/net/ipv4/conf/eth1/promote_secondaries"])).trim();

beforeAll(async () => {
  space = await Namespace.create();
  await space.ip(
    "link set lo up",
    "link add eth1 address 02:00:00:00:66:01 type veth peer name far",
    "tuntap add dev tun1 mode tun",
    "link set eth1 addrgenmode none up",
    "link set far addrgenmode none up",
  );
  edge = await Edge.start(space, `${directory.path}/run`);
  index = edge.link("eth1").index;
});

afterAll(async () => {
  await edge[Symbol.asyncDispose]();
  await space.close();
  directory[Symbol.dispose]();
});

beforeEach(async () => {
  await space.run(["ip", "addr", "flush", "dev", "eth1", "scope", "global"]);
  await until("no addresses", PATIENCE, async () => (await dump()).length === 0);
});

describe("the start", () => {
  test("tells every link", () => {
    expect(edge.link("eth1")).toEqual({
      index,
      name: "eth1",
      ethernet: true,
      mac: mac("02:00:00:00:66:01"),
      mtu: 1500,
      up: true,
      carrier: true,
      forwarding6: false,
    });
    expect(edge.link("tun1")).toMatchObject({ ethernet: false, mac: null, up: false });
    expect(edge.link("lo")).toMatchObject({ index: 1, ethernet: false, up: true, carrier: true });
  });

  test("tells every address", () => {
    const { addresses } = edge.events("start")[0] ?? { addresses: [] };
    expect(addresses).toContainEqual({
      index: 1,
      address: ip("127.0.0.1"),
      prefix: 8,
      label: null,
      secondary: false,
      tentative: false,
      validLifetime: null,
    });
    expect(addresses).toContainEqual(expect.objectContaining({ index: 1, address: ip("::1"), prefix: 128 }));
  });
});

describe("a batch of changes", () => {
  test("adds addresses of both families with lifetime and label, usable at once", async () => {
    const results = await edge.change([
      add("10.66.1.1/24", { lifetime: 30, label: "eth1:7" }),
      add("10.66.2.1/32"),
      add("fd66::1/128", { lifetime: 30 }),
      add("fd66:1::1/64", { lifetime: 30 }),
    ]);
    expect(errnos(results)).toEqual([null, null, null, null]);
    const now = new Map((await shown()).map((each) => [each.local, each]));
    expect(now.get("10.66.1.1")).toMatchObject({ prefixlen: 24, label: "eth1:7", dynamic: true });
    expect(now.get("10.66.2.1")).toMatchObject({ prefixlen: 32, label: "eth1" });
    expect(now.get("10.66.2.1")?.dynamic).toBeUndefined();
    // Never the source of a connection of the host's own, and no duplicate address detection.
    expect(now.get("fd66::1")).toMatchObject({ prefixlen: 128, deprecated: true, dynamic: true });
    expect(now.get("fd66::1")?.tentative).toBeUndefined();
    expect(now.get("fd66:1::1")?.deprecated).toBeUndefined();
    const told = await dump();
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
    await space.ip("addr add 10.66.1.1/24 dev eth1", "addr add fd66::1/128 dev eth1 nodad");
    const results = await edge.change([
      add("10.66.1.1/24"),
      add("fd66::1/128"),
      add("10.66.3.1/32"),
      remove("10.66.9.9/32"),
    ]);
    expect(errnos(results)).toEqual(["EEXIST", "EEXIST", null, "EADDRNOTAVAIL"]);
    expect((await shown()).map(({ local }) => local)).toContain("10.66.3.1");
  });

  test("of a thousand is answered whole and in order", async () => {
    const many = Array.from({ length: 1000 }, (_, at) => `10.67.${at >> 8}.${at & 255}/32`);
    const added = await edge.change(many.map((each) => add(each, { lifetime: 60 })));
    expect(added.map(({ change }) => change.key.address)).toEqual(many.map((each) => ip(each.slice(0, -3))));
    expect(errnos(added).every((errno) => errno === null)).toBe(true);
    expect((await dump()).length).toBe(1000);
    const gone = await edge.change(many.map(remove));
    expect(errnos(gone).every((errno) => errno === null)).toBe(true);
    expect(await dump()).toEqual([]);
  });

  test("names the error where there is no such interface", async () => {
    const change: AddressChange = {
      ...add("10.66.1.1/24"),
      key: { ...add("10.66.1.1/24").key, index: 99_999 },
    } as AddressChange;
    expect(errnos(await edge.change([change]))).toEqual(["ENODEV"]);
  });
});

describe("an alias by ioctl", () => {
  test("has label, class prefix, broadcast and then its lifetime", async () => {
    const results = await edge.change([
      add("192.168.66.1/24", { label: "eth1:1", lifetime: 30, method: "ioctl" }),
    ]);
    expect(errnos(results)).toEqual([null]);
    expect(await shown()).toEqual([
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
    const results = await edge.change([add("10.66.1.1/28", { label: "eth1:1", method: "ioctl" })]);
    expect(errnos(results)).toEqual([null]);
    expect(await shown()).toEqual([expect.objectContaining({ local: "10.66.1.1", prefixlen: 28 })]);
  });

  test("never takes the place of another address under its label", async () => {
    await edge.change([add("192.168.66.1/24", { label: "eth1:1" })]);
    await dump();
    const results = await edge.change([add("192.168.66.2/24", { label: "eth1:1", method: "ioctl" })]);
    expect(errnos(results)).toEqual(["EEXIST"]);
    expect((await shown()).map(({ local }) => local)).toEqual(["192.168.66.1"]);
  });
});

describe("a lifetime", () => {
  test("ends by itself, and every refresh puts that off", async () => {
    await edge.change([
      add("10.66.1.1/32", { lifetime: 2 }),
      add("10.66.2.1/32", { lifetime: 2 }),
      add("fd66::1/128", { lifetime: 2 }),
    ]);
    await sleep(200);
    const start = performance.now();
    const since = edge.told.length;
    for (let turn = 0; turn < 5; turn++) {
      await sleep(600);
      expect(errnos(await edge.change([refresh("10.66.1.1/32", 2)]))).toEqual([null]);
    }
    expect(performance.now() - start).toBeGreaterThan(2500);
    expect((await shown()).map(({ local }) => local)).toEqual(["10.66.1.1"]);
    await edge.event("address-gone", ({ key }) => key.address === "10.66.2.1", since);
    await edge.event("address-gone", ({ key }) => key.address === "fd66::1", since);
    // A refreshed lifetime is no news.
    expect(edge.told.slice(since).filter(({ event }) => event.kind === "address")).toEqual([]);
    await edge.event("address-gone", ({ key }) => key.address === "10.66.1.1", since);
  }, 20_000);

  test("goes on when the agent is killed", async () => {
    using other = temporaryDirectory();
    const second = await Edge.start(space, other.path);
    await second.change([add("10.66.5.1/32", { lifetime: 2 })]);
    second.signal("SIGKILL");
    await second.exited;
    expect((await shown()).map(({ local }) => local)).toEqual(["10.66.5.1"]);
    const waited = await until("the address gone", PATIENCE, async () => (await shown()).length === 0);
    expect(waited).toBeLessThan(3500);
  }, 20_000);
});

describe("the feed", () => {
  test("tells what others do to addresses", async () => {
    const since = edge.told.length;
    await space.ip("addr add 10.66.7.1/24 dev eth1 label eth1:9");
    const { address } = await edge.event("address", () => true, since);
    expect(address).toMatchObject({
      index,
      address: ip("10.66.7.1"),
      prefix: 24,
      label: "eth1:9",
      secondary: false,
    });
    await space.ip("addr add 10.66.7.2/24 dev eth1");
    const second = await edge.event("address", (each) => each.address.address === "10.66.7.2", since);
    expect(second.address.secondary).toBe(true);
    await space.ip("addr del 10.66.7.2/24 dev eth1");
    const gone = await edge.event("address-gone", () => true, since);
    expect(gone.key).toEqual({ index, address: ip("10.66.7.2"), prefix: 24 });
  });

  test("tells of links that come, change, are renamed and go", async () => {
    const since = edge.told.length;
    await space.ip("link add eth9 type veth peer name eth10", "link set eth10 up");
    const { link } = await edge.event("link", (each) => each.link.name === "eth9", since);
    expect(link).toMatchObject({ up: false, ethernet: true });
    await space.ip("link set eth9 up");
    await edge.event(
      "link",
      (each) => each.link.index === link.index && each.link.up && each.link.carrier,
      since,
    );
    await space.ip(
      "link set eth9 down",
      "link set eth9 name eth8",
      "link set eth8 mtu 1400 address 02:00:00:00:66:99",
    );
    await edge.event(
      "link",
      (each) => each.link.index === link.index && each.link.name === "eth8" && each.link.mtu === 1400,
      since,
    );
    await edge.event("link", (each) => each.link.mac === "02:00:00:00:66:99", since);
    await space.ip("link del eth8");
    await edge.event("link-gone", (each) => each.index === link.index, since);
  });

  test("tells of a carrier that is lost while the interface stays up", async () => {
    const since = edge.told.length;
    await space.ip("link set far down");
    await edge.event("link", ({ link }) => link.index === index && link.up && !link.carrier, since);
    const cut = edge.told.length;
    await space.ip("link set far up");
    await edge.event("link", ({ link }) => link.index === index && link.carrier, cut);
  });

  test("takes a bridge's port that leaves for no link that is gone", async () => {
    await space.ip("link add br9 type bridge", "link set far master br9");
    await sleep(100);
    const since = edge.told.length;
    await space.ip("link set far nomaster", "link del br9");
    await edge.event("link-gone", () => true, since);
    expect(edge.told.slice(since).filter(({ event }) => event.kind === "link-gone").length).toBe(1);
  });

  test("that lost messages is opened again, with the whole tables", async () => {
    const since = edge.told.length;
    edge.signal("SIGSTOP");
    // Some 24,000 announcements of about 800 bytes overrun the buffer of 8 MB (16 MB as the kernel counts).
    const flood = Array.from({ length: 12_000 }, (_, at) => `10.68.${at >> 8}.${at & 255}/32 dev eth1`);
    await space.ip(...flood.map((each) => `addr add ${each}`));
    await space.ip(...flood.map((each) => `addr del ${each}`), "addr add 10.66.8.1/32 dev eth1");
    edge.signal("SIGCONT");
    const { addresses } = await edge.event("kernel", () => true, since);
    expect(addresses.some(({ address }) => address === "10.66.8.1")).toBe(true);
    expect(addresses.some(({ address }) => address.startsWith("10.68."))).toBe(false);
    const after = edge.told.length;
    await space.ip("addr del 10.66.8.1/32 dev eth1");
    await edge.event("address-gone", ({ key }) => key.address === "10.66.8.1", after);
  }, 60_000);
});

describe("promote_secondaries", () => {
  const set = (enable: boolean): void =>
    edge.order([{ kind: "promote-secondaries", interface: "eth1", enable }]);

  test("is set while wanted and put back after", async () => {
    await space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=0"]);
    set(true);
    await until("set", PATIENCE, async () => (await promoteSecondaries()) === "1");
    expect(readFileSync(`${directory.path}/run/promote_secondaries`, "utf8")).toBe("eth1 0\n");
    set(true);
    set(false);
    await until("put back", PATIENCE, async () => (await promoteSecondaries()) === "0");
  });

  test("stays where the administrator had set it", async () => {
    await space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=1"]);
    set(true);
    set(false);
    await dump();
    expect(await promoteSecondaries()).toBe("1");
    await space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=0"]);
  });

  test("is put back by the successor of an agent that was killed", async () => {
    using other = temporaryDirectory();
    const killed = await Edge.start(space, other.path);
    killed.order([{ kind: "promote-secondaries", interface: "eth1", enable: true }]);
    await until("set", PATIENCE, async () => (await promoteSecondaries()) === "1");
    killed.signal("SIGKILL");
    await killed.exited;
    await using successor = await Edge.start(space, other.path);
    await until("put back", PATIENCE, async () => (await promoteSecondaries()) === "0");
    expect(successor.told[0]?.now).toBeGreaterThan(instant(0));
  });
});
