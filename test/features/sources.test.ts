/** The address that adverts are sent from: it may vanish, change or come late, and is never one that moves. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import type { Child } from "../lab/process.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Scripts } from "./scripts.ts";
import type { Box } from "./site.ts";
import { addresses, Site } from "./site.ts";

const VIP = "10.77.1.50";
const RELEASING = 0;
const router = (more: string, name = "lan", vrid = 51): string => `
[vrrp.${name}]
interface = "eth1"
vrid = ${vrid}
advert_interval = "100ms"
${more}
`;
const IPV4 = router(`addresses = ["${VIP}/24"]`);

let site: Site;
let box: Box;
let wire: Capture;

beforeEach(async () => {
  site = await Site.create(2);
  box = site.box(0);
  wire = await Capture.start(site.box(1).namespace, ["eth1"]);
  site.atClose(() => wire.close());
});
afterEach(() => site.close());

async function started(text: string): Promise<Agent> {
  const agent = await Agent.create(box.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** The sources of what is advertised from now on, three adverts of it. */
async function senders(): Promise<string[]> {
  const from = now();
  await until("three adverts", 5000, () => wire.adverts(from).length >= 3);
  return [...new Set(wire.adverts(from).map(({ seen }) => seen.from))];
}

describe("the source of adverts", () => {
  test("that is removed is a fault, told to the others by a last word, until there is another", async () => {
    const agent = await started(IPV4);
    await agent.is("lan", "master");
    const from = now();
    await box.namespace.ip("addr del 10.77.1.1/24 dev eth1");
    await agent.is("lan", "fault", "interface eth1 has no IPv4 address to send from");
    await sleep(200);
    expect(await addressesOf(box)).not.toContain(VIP);
    const last = wire.adverts(from).at(-1);
    expect(last?.seen).toMatchObject({ priority: RELEASING, from: "10.77.1.1" });
    expect((await agent.router("lan")).reason).toBe("interface eth1 has no IPv4 address to send from");
    await box.namespace.ip("addr add 10.77.1.9/24 dev eth1");
    await agent.is("lan", "master");
    expect(await senders()).toEqual(["10.77.1.9"]);
  });

  test("changes with the interface's address, and mastership stays", async () => {
    const agent = await started(IPV4);
    await agent.is("lan", "master");
    await box.namespace.ip("addr add 10.77.1.9/24 dev eth1", "addr del 10.77.1.1/24 dev eth1");
    await until("the new source", 2000, () => wire.adverts().at(-1)?.seen.from === "10.77.1.9");
    expect(await senders()).toEqual(["10.77.1.9"]);
    expect(agent.events("vrrp.state", "lan").map(({ fields }) => fields["to"])).toEqual(["backup", "master"]);
    expect(await addressesOf(box)).toContain(VIP);
    // promote_secondaries: the kernel would have taken the address away with the first one of its subnet.
    expect(agent.events("address.lost")).toEqual([]);
    const { master } = await agent.router("lan");
    expect(master?.address).toBe("10.77.1.9");
  });

  test("is never an address that moves, not that of another router either", async () => {
    const text = IPV4 + router(`addresses = ["10.77.1.60/24"]`, "other", 52);
    const agent = await started(text);
    await Promise.all([agent.is("lan", "master"), agent.is("other", "master")]);
    await box.namespace.ip("addr del 10.77.1.1/24 dev eth1");
    await Promise.all([agent.is("lan", "fault"), agent.is("other", "fault")]);
    await box.namespace.ip("addr add 10.77.1.9/24 dev eth1");
    await Promise.all([agent.is("lan", "master"), agent.is("other", "master")]);
    const all = new Set(wire.adverts().map(({ seen }) => seen.from));
    expect([...all].sort()).toEqual(["10.77.1.1", "10.77.1.9"]);
  });

  test("that comes by DHCP after the start is waited for", async () => {
    await box.namespace.ip("addr del 10.77.1.1/24 dev eth1");
    const agent = await started(IPV4);
    await agent.is("lan", "fault", "no IPv4 address to send from");
    // As a DHCP client sets it: with a lifetime.
    await box.namespace.ip("addr add 10.77.1.7/24 dev eth1 valid_lft 600 preferred_lft 600");
    await agent.is("lan", "master");
    expect(await senders()).toEqual(["10.77.1.7"]);
    await box.namespace.ip("addr change 10.77.1.7/24 dev eth1 valid_lft 700 preferred_lft 700");
    expect(await senders()).toEqual(["10.77.1.7"]);
    const states = agent.events("vrrp.state", "lan").map(({ fields }) => fields["to"]);
    expect(states).toEqual(["fault", "backup", "master"]);
  });

  test("that a DHCP server changes is another one then, though the client flushes all addresses of its interface", async () => {
    const scripts = await Scripts.create();
    site.atClose(() => scripts.close());
    await box.namespace.ip("addr flush dev eth1");
    const serve = async (address: string): Promise<Child> => {
      const files = ["lease_file", "pidfile"].map((key) => `${key} ${scripts.path(`${key}-${address}`)}`);
      const pool = [`start ${address}`, `end ${address}`, "interface eth1", "option subnet 255.255.255.0"];
      await scripts.put("udhcpd.conf", [...pool, ...files, "option lease 3600", ""].join("\n"));
      const argv = ["busybox", "udhcpd", "-f", "-a", "100", scripts.path("udhcpd.conf")];
      const child = site.box(1).namespace.spawn(argv);
      site.atClose(() => child.end("SIGKILL"));
      return child;
    };
    const first = await serve("10.77.1.7");
    const agent = await started(IPV4);
    await agent.is("lan", "fault", "no IPv4 address to send from");
    // As the scripts of Debian and OpenWrt do it.
    const hook = await scripts.write(
      "hook.sh",
      'case "$1" in deconfig) ip -4 addr flush dev "$interface" ;; bound | renew) ip addr replace "$ip/24" dev "$interface" ;; esac',
    );
    const asking = ["-i", "eth1", "-s", hook, "-T", "1", "-A", "1"];
    const client = box.namespace.spawn(["busybox", "udhcpc", "-f", ...asking]);
    site.atClose(() => client.end("SIGKILL"));
    await agent.is("lan", "master");
    expect(await senders()).toEqual(["10.77.1.7"]);
    await first.end("SIGTERM");
    await serve("10.77.1.8");
    // Renew now: the server does not know the old address and says so.
    client.signal("SIGUSR1");
    await until("the new source", 20_000, () => wire.adverts().at(-1)?.seen.from === "10.77.1.8");
    await agent.is("lan", "master");
    expect(await senders()).toEqual(["10.77.1.8"]);
    expect(await addressesOf(box)).toEqual(expect.arrayContaining(["10.77.1.8", VIP]));
    const all = wire.adverts().map(({ seen }) => seen.from);
    expect([...new Set(all)].sort()).toEqual(["10.77.1.7", "10.77.1.8"]);
  }, 60_000);

  test("that is configured is a fault while no interface has it", async () => {
    const text = router(
      `unicast_source = "10.77.1.9"\nunicast_peers = ["10.77.1.2"]\naddresses = ["${VIP}/24"]`,
    );
    const agent = await started(text);
    await agent.is("lan", "fault", "source 10.77.1.9 is on no interface");
    await box.namespace.ip("addr add 10.77.1.9/24 dev eth1");
    await agent.is("lan", "master");
    expect(await senders()).toEqual(["10.77.1.9"]);
    await box.namespace.ip("addr del 10.77.1.9/24 dev eth1");
    await agent.is("lan", "fault", "source 10.77.1.9 is on no interface");
    expect(await addressesOf(box)).not.toContain(VIP);
  });

  test("of IPv6 is a link-local address, past duplicate address detection, and not one that moves", async () => {
    const agent = await started(router(`addresses = ["fe80::50/64", "fd77:1::50/64"]`));
    await agent.is("lan", "master");
    expect(await senders()).toEqual(["fe80::1"]);
    await box.namespace.ip("addr del fe80::1/64 dev eth1");
    await agent.is("lan", "fault", "interface eth1 has no link-local address to send from");
    expect(await addressesOf(box)).not.toContain("fe80::50");
    const added = now();
    await box.namespace.ip("addr add fe80::9/64 dev eth1");
    await agent.is("lan", "master");
    // One probe of duplicate address detection takes a second; before it is over the address must not be used.
    const first = wire.adverts(added)[0];
    expect(first?.seen.from).toBe("fe80::9");
    expect((first?.at ?? 0) - added).toBeGreaterThan(900);
    expect(await senders()).toEqual(["fe80::9"]);
  });

  test("one fault after another is said, and the status shows the present one", async () => {
    const agent = await started(IPV4);
    await agent.is("lan", "master");
    await site.cable(box, 1, false);
    await agent.is("lan", "fault", "interface eth1 has no carrier");
    await box.namespace.ip("addr del 10.77.1.1/24 dev eth1");
    const said = await agent.says(
      "vrrp.reason",
      "interface eth1 has no carrier; interface eth1 has no IPv4 address",
    );
    expect(said.fields).toMatchObject({ name: "lan", state: "fault" });
    const since = Date.parse((await agent.router("lan")).since);
    await site.cable(box, 1, true);
    const present = "interface eth1 has no IPv4 address to send from";
    await until(
      "the status says what is left",
      5000,
      async () => (await agent.router("lan")).reason === present,
    );
    expect(since).toBeLessThan(said.at);
    await box.namespace.ip(...addresses(1, 1));
    await agent.is("lan", "master");
  });
});
