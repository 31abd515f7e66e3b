/** What the edge tells of a real kernel's links and addresses, in a namespace of the test's own. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { sleep, until } from "../lab/process.ts";
import { Edge, ip, mac, PATIENCE, temporaryDirectory } from "./edge.ts";
import { Stage } from "./stage.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.create();
});

afterAll(() => stage.close());

beforeEach(() => stage.sweep());

describe("the start", () => {
  test("tells every link", () => {
    expect(stage.edge.link("eth1")).toEqual({
      index: stage.index,
      name: "eth1",
      ethernet: true,
      mac: mac("02:00:00:00:66:01"),
      mtu: 1500,
      up: true,
      carrier: true,
      forwarding6: false,
    });
    expect(stage.edge.link("tun1")).toMatchObject({ ethernet: false, mac: null, up: false });
    expect(stage.edge.link("lo")).toMatchObject({ index: 1, ethernet: false, up: true, carrier: true });
  });

  test("tells every address", () => {
    const { addresses } = stage.edge.events("start")[0] ?? { addresses: [] };
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

describe("the feed", () => {
  test("tells what others do to addresses", async () => {
    const since = stage.edge.told.length;
    await stage.space.ip("addr add 10.66.7.1/24 dev eth1 label eth1:9");
    const { address } = await stage.edge.event("address", () => true, since);
    expect(address).toMatchObject({
      index: stage.index,
      address: ip("10.66.7.1"),
      prefix: 24,
      label: "eth1:9",
      secondary: false,
    });
    await stage.space.ip("addr add 10.66.7.2/24 dev eth1");
    const second = await stage.edge.event("address", (each) => each.address.address === "10.66.7.2", since);
    expect(second.address.secondary).toBe(true);
    await stage.space.ip("addr del 10.66.7.2/24 dev eth1");
    const gone = await stage.edge.event("address-gone", () => true, since);
    expect(gone.key).toEqual({ index: stage.index, address: ip("10.66.7.2"), prefix: 24 });
  });

  test("tells of links that come, change, are renamed and go", async () => {
    const since = stage.edge.told.length;
    await stage.space.ip("link add eth9 type veth peer name eth10", "link set eth10 up");
    const { link } = await stage.edge.event("link", (each) => each.link.name === "eth9", since);
    expect(link).toMatchObject({ up: false, ethernet: true });
    await stage.space.ip("link set eth9 up");
    await stage.edge.event(
      "link",
      (each) => each.link.index === link.index && each.link.up && each.link.carrier,
      since,
    );
    await stage.space.ip(
      "link set eth9 down",
      "link set eth9 name eth8",
      "link set eth8 mtu 1400 address 02:00:00:00:66:99",
    );
    await stage.edge.event(
      "link",
      (each) => each.link.index === link.index && each.link.name === "eth8" && each.link.mtu === 1400,
      since,
    );
    await stage.edge.event("link", (each) => each.link.mac === "02:00:00:00:66:99", since);
    await stage.space.ip("link del eth8");
    await stage.edge.event("link-gone", (each) => each.index === link.index, since);
  });

  test("tells of a carrier that is lost while the interface stays up", async () => {
    const since = stage.edge.told.length;
    await stage.space.ip("link set far down");
    await stage.edge.event(
      "link",
      ({ link }) => link.index === stage.index && link.up && !link.carrier,
      since,
    );
    const cut = stage.edge.told.length;
    await stage.space.ip("link set far up");
    await stage.edge.event("link", ({ link }) => link.index === stage.index && link.carrier, cut);
  });

  test("takes a bridge's port that leaves for no link that is gone", async () => {
    await stage.space.ip("link add br9 type bridge", "link set far master br9");
    await sleep(100);
    const since = stage.edge.told.length;
    await stage.space.ip("link set far nomaster", "link del br9");
    await stage.edge.event("link-gone", () => true, since);
    expect(stage.edge.told.slice(since).filter(({ event }) => event.kind === "link-gone").length).toBe(1);
  });

  test("that lost messages is opened again, with the whole tables", async () => {
    const since = stage.edge.told.length;
    stage.edge.signal("SIGSTOP");
    // Some 24,000 announcements of about 800 bytes overrun the buffer of 8 MB (16 MB as the kernel counts).
    const flood = Array.from({ length: 12_000 }, (_, at) => `10.68.${at >> 8}.${at & 255}/32 dev eth1`);
    await stage.space.ip(...flood.map((each) => `addr add ${each}`));
    await stage.space.ip(...flood.map((each) => `addr del ${each}`), "addr add 10.66.8.1/32 dev eth1");
    stage.edge.signal("SIGCONT");
    const { addresses } = await stage.edge.event("kernel", () => true, since);
    expect(addresses.some(({ address }) => address === "10.66.8.1")).toBe(true);
    expect(addresses.some(({ address }) => address.startsWith("10.68."))).toBe(false);
    const after = stage.edge.told.length;
    await stage.space.ip("addr del 10.66.8.1/32 dev eth1");
    await stage.edge.event("address-gone", ({ key }) => key.address === "10.66.8.1", after);
  }, 60_000);
});

const promoteSecondaries = async (): Promise<string> =>
  (await stage.space.run(["cat", "/proc/sys/net/ipv4/conf/eth1/promote_secondaries"])).trim();

describe("promote_secondaries", () => {
  const set = (enable: boolean): void =>
    stage.edge.order([{ kind: "promote-secondaries", index: stage.index, enable }]);

  test("is set while wanted and put back after", async () => {
    await stage.space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=0"]);
    set(true);
    await until("set", PATIENCE, async () => (await promoteSecondaries()) === "1");
    expect(readFileSync(`${stage.runtimeDir}/promote_secondaries`, "utf8")).toBe(
      `${stage.edge.bootId}\n${stage.index} 4 promote_secondaries 0\n`,
    );
    set(true);
    set(false);
    await until("put back", PATIENCE, async () => (await promoteSecondaries()) === "0");
  });

  test("is put back to what it was before us, whatever others made of it meanwhile", async () => {
    set(true);
    await until("set", PATIENCE, async () => (await promoteSecondaries()) === "1");
    await stage.space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=2"]);
    set(true);
    await until("set again", PATIENCE, async () => (await promoteSecondaries()) === "1");
    set(false);
    await until("put back", PATIENCE, async () => (await promoteSecondaries()) === "0");
  });

  test("is put back under the interface's new name, and not on another that took the old one", async () => {
    const value = async (name: string): Promise<string> =>
      (await stage.space.run(["cat", `/proc/sys/net/ipv4/conf/${name}/promote_secondaries`])).trim();
    set(true);
    await until("set", PATIENCE, async () => (await promoteSecondaries()) === "1");
    await stage.space.ip("link set eth1 name eth9", "link add eth1 type bridge");
    await stage.space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=1"]);
    set(false);
    await until("put back", PATIENCE, async () => (await value("eth9")) === "0");
    expect(await value("eth1")).toBe("1");
    await stage.space.ip("link del eth1", "link set eth9 name eth1");
  });

  test("stays where the administrator had set it", async () => {
    await stage.space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=1"]);
    set(true);
    set(false);
    await stage.dump();
    expect(await promoteSecondaries()).toBe("1");
    await stage.space.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=0"]);
  });

  test("is put back by the successor of an agent that was killed", async () => {
    using other = temporaryDirectory();
    const killed = await Edge.start(stage.space, other.path);
    killed.order([{ kind: "promote-secondaries", index: stage.index, enable: true }]);
    await until("set", PATIENCE, async () => (await promoteSecondaries()) === "1");
    killed.signal("SIGKILL");
    await killed.exited;
    await using _successor = await Edge.start(stage.space, other.path);
    await until("put back", PATIENCE, async () => (await promoteSecondaries()) === "0");
  });
});
