/** Virtual MAC addresses where something is in the way, or is taken away. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { MAC, router, Scene, VIP } from "./virtual-mac-scene.ts";
import { devicesOf, settings } from "./virtual-mac.ts";

const SIX = router("", "lan6", "eth1", '["fe80::50/64"]');

let scene: Scene;
let box: Box;
let client: Box;

beforeEach(async () => {
  scene = await Scene.create();
  ({ box, client } = scene);
});
afterEach(() => scene.site.close());

describe("several virtual MAC addresses", () => {
  test("of one VRID are two devices for IPv4 and IPv6, and one more on another interface", async () => {
    const other = router("", "wan", "eth2", '["10.77.2.50/24"]');
    const agent = await scene.master(router() + SIX + other);
    await agent.is("lan6", "master");
    await agent.is("wan", "master");
    expect(await scene.names()).toEqual(["vrrp.51.eth1", "vrrp.51.eth2", "vrrp6.51.eth1"]);
    expect(await scene.neighbour(VIP)).toBe(MAC);
    expect(await agent.reload(router() + other)).toContain("removed: lan6\n");
    await until(
      "its device is gone",
      2000,
      async () => (await scene.names()).join() === "vrrp.51.eth1,vrrp.51.eth2",
    );
    expect(await agent.stop()).toBe(0);
    expect(await scene.names()).toEqual([]);
  });

  test("come and go with a reload, by release and start", async () => {
    const agent = await scene.master();
    expect(await agent.reload(router("").replace("true", "false"))).toContain("restarted: lan\n");
    await agent.is("lan", "master");
    await until("no device", 2000, async () => (await scene.names()).length === 0);
    expect(await scene.neighbour(VIP)).toBe(box.mac);
    expect(await settings(box.namespace, "eth1", 4, ["arp_ignore", "arp_announce"])).toEqual({
      arp_ignore: 0,
      arp_announce: 0,
    });
    expect(await agent.reload(router())).toContain("restarted: lan\n");
    await agent.is("lan", "master");
    expect(await scene.neighbour(VIP)).toBe(MAC);
  });
});

describe("two masters with one virtual MAC address", () => {
  test("hear each other as soon as the network allows, and one of them yields", async () => {
    const better = await Agent.create(client.namespace, router("priority = 200"));
    scene.site.atClose(() => better.close());
    await scene.site.forward(box, 1, false);
    await better.start();
    const agent = await scene.master();
    await better.is("lan", "master");
    const wire = await Capture.start(scene.site.wiring, ["--ports", "lan1"]);
    scene.site.atClose(() => wire.close());
    const healed = await scene.site.forward(box, 1, true);
    await agent.is("lan", "backup", "priority 200");
    await sleep(300);
    expect(better.state("lan")?.fields["to"]).toBe("master");
    const { rejected } = (await agent.router("lan")).counters;
    expect(rejected["self"]).toBe(0);
    // Its last word comes from its interface, and the winner announces after it.
    const said = wire.adverts(healed).filter(({ seen }) => seen.from === box.address4);
    expect(said.at(-1)?.source).toBe(box.mac);
    const last = said.at(-1)?.at ?? Number.POSITIVE_INFINITY;
    expect(wire.announcements(VIP, last).length).toBeGreaterThan(0);
    expect((await devicesOf(box.namespace)).map(({ up }) => up)).toEqual([false]);
  });
});

describe("a device that a killed agent left", () => {
  test("tells nobody of itself by MLD when its addresses end, and goes with its table", async () => {
    const wire = await Capture.start(client.namespace, ["eth1"]);
    scene.site.atClose(() => wire.close());
    const agent = await Agent.create(box.namespace, SIX);
    scene.site.atClose(() => agent.close());
    await agent.start();
    await agent.is("lan6", "master");
    await agent.kill();
    const killed = now();
    await until("its addresses are gone", 8000, async () => !(await addressesOf(box)).includes("fe80::50"));
    // The kernel reports that it left a group once more, within a second.
    await sleep(1200);
    await wire.upTo(killed + 1200);
    const from = wire.frames.filter(({ at, source }) => at > killed && source === "00:00:5e:00:02:33");
    expect(from.map(({ destination }) => destination)).toEqual([]);
    expect((await agent.command("release")).stdout).toMatch(
      /removed vrrp6\.51\.eth1\nremoved table inet haagent\S*-devices\n/,
    );
    expect(await box.namespace.run(["nft", "list", "tables"])).toBe("");
  }, 30_000);

  test("is gone with its table when the next one has no such router", async () => {
    const agent = await scene.master();
    await agent.kill();
    expect(await box.namespace.run(["nft", "list", "tables"])).toContain("-devices");
    await agent.write(router("").replace("true", "false"));
    await agent.start();
    await until("no device", 5000, async () => (await scene.names()).length === 0);
    await until("no table", 2000, async () => (await box.namespace.run(["nft", "list", "tables"])) === "");
  }, 30_000);
});

describe("a device of that name", () => {
  test("that somebody else made is a fault, and is left alone until it is gone", async () => {
    await box.namespace.ip("link add vrrp.51.eth1 link eth1 type macvlan mode bridge");
    const [before] = await devicesOf(box.namespace);
    const agent = await scene.started(router());
    await agent.is(
      "lan",
      "fault",
      "virtual MAC vrrp.51.eth1: a device of that name is there already, and not by us",
    );
    await agent.stop();
    expect((await agent.command("release")).code).toBe(0);
    expect(await devicesOf(box.namespace)).toEqual(before === undefined ? [] : [before]);
    expect(await addressesOf(box)).not.toContain(VIP);
    await agent.start();
    await agent.is("lan", "fault");
    await box.namespace.ip("link del vrrp.51.eth1");
    await agent.is("lan", "master");
    expect(await scene.neighbour(VIP)).toBe(MAC);
  });

  test("is back at once when somebody removes it or sets it down", async () => {
    const agent = await scene.master(router() + SIX);
    await agent.is("lan6", "master");
    await box.namespace.ip("link del vrrp.51.eth1");
    await until("it is back", 1000, async () => (await addressesOf(box)).includes(VIP));
    await box.namespace.ip("link set vrrp6.51.eth1 down");
    await until("it is up", 1000, async () => (await addressesOf(box)).includes("fe80::50"));
    expect(await scene.neighbour(VIP)).toBe(MAC);
    for (const name of ["lan", "lan6"]) expect(agent.events("vrrp.state", name)).toHaveLength(2);
  });

  test("with that address on the same interface is another daemon's: a fault", async () => {
    await box.namespace.ip(`link add vrrp.51 link eth1 address ${MAC} type macvlan mode private`);
    const agent = await scene.started(router());
    await agent.is("lan", "fault", `vrrp.51 on the same interface has the address ${MAC} already`);
  });
});

describe("settings of the kernel", () => {
  /** A mount namespace in which /proc/sys is read-only, as in a container; the argv that runs a program in it. */
  async function readOnly(): Promise<string[]> {
    const holder = box.namespace.spawn([
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "--",
      "sleep",
      "600",
    ]);
    scene.site.atClose(() => holder.end("SIGKILL"));
    const inside = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--"];
    await until("a mount namespace", 5000, async () => {
      const [own, other] = await Promise.all(
        ["self", String(holder.pid)].map((pid) => box.namespace.run(["readlink", `/proc/${pid}/ns/mnt`])),
      );
      return own !== other;
    });
    await box.namespace.run([...inside, "mount", "--bind", "/proc/sys", "/proc/sys"]);
    await box.namespace.run([...inside, "mount", "-o", "remount,ro,bind", "/proc/sys"]);
    return inside;
  }

  test("that cannot be set are a fault which names the first of them, the cause and the cure", async () => {
    const agent = await scene.started(router(), await readOnly());
    const { fields } = await agent.is(
      "lan",
      "fault",
      "cannot set net.ipv4.conf.vrrp/51/eth1.arp_ignore to 1",
    );
    expect(fields["reason"]).toContain("EROFS: /proc/sys is read-only here; cure: mount it writable");
    expect((await agent.command("status")).stdout).toContain("NOT THERE");
    expect(await agent.stop()).toBe(0);
    expect(await scene.names()).toEqual([]);
  });

  test("that are right already need not be set", async () => {
    const wanted = [
      "default.arp_ignore=1",
      "default.arp_announce=2",
      "eth1.arp_ignore=1",
      "eth1.arp_announce=2",
    ];
    await box.namespace.run(["sysctl", "-qw", ...wanted.map((setting) => `net.ipv4.conf.${setting}`)]);
    await box.namespace.run(["sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"]);
    const agent = await scene.started(router(), await readOnly());
    await agent.is("lan", "master");
    expect(await scene.neighbour(VIP)).toBe(MAC);
  });

  test("of the whole host that forbid it are a fault with the cure", async () => {
    await box.namespace.run(["sysctl", "-qw", "net.ipv4.conf.all.arp_filter=1"]);
    const agent = await scene.started(router());
    await agent.is(
      "lan",
      "fault",
      "net.ipv4.conf.all.arp_filter = 1 keeps a virtual MAC from answering ARP; cure: set it to 0",
    );
  });

  test("that filter by reverse path strictly do not keep packets from either address", async () => {
    for (const link of ["all", "default", "eth1"]) {
      await box.namespace.run(["sysctl", "-qw", `net.ipv4.conf.${link}.rp_filter=1`]);
    }
    await scene.master();
    expect(await scene.neighbour(VIP)).toBe(MAC);
    expect(await scene.neighbour(box.address4)).toBe(box.mac);
    expect(await scene.ping(VIP)).toBe(true);
    // The interface's address given anew comes after the virtual one, and is still the way to its subnet.
    await box.namespace.ip(`addr del ${box.address4}/24 dev eth1`, `addr add ${box.address4}/24 dev eth1`);
    await until("it answers again", 5000, () => scene.ping(VIP));
    expect(await scene.ping(box.address4)).toBe(true);
    const route = await box.namespace.run(["ip", "route", "get", client.address4]);
    expect(route).toContain(`dev eth1 src ${box.address4}`);
  });
});
