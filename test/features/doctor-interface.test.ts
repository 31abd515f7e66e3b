/** What the doctor says of interfaces, their settings and the bridges that they are on. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Visit } from "./patient.ts";
import { heads, only, Patient, router, VIP } from "./patient.ts";

let patient: Patient;

beforeAll(async () => {
  patient = await Patient.create();
});
afterAll(() => patient.site.close());
afterEach(() => patient.restore());

/** A script in front of the doctor, with which /sys shows the devices of its network namespace. */
const seeing = (): Promise<string> =>
  patient.scripts.write("sysfs.sh", 'mount -t sysfs none /sys && exec "$@"');

describe("an interface", () => {
  test("that is down, or not there, is a fault", async () => {
    const down = await patient.amid(
      () => patient.site.cable(patient.box, 1, false),
      () => patient.site.cable(patient.box, 1, true),
    );
    expect(only(down)).toMatchObject({ id: "interface", severity: "fault", text: "eth1 has no carrier" });
    await patient.agent.write(router().replace("eth1", "eth9"));
    expect(only(await patient.visit())).toMatchObject({
      severity: "fault",
      text: "there is no interface eth9",
    });
  });

  test("with rp_filter strict, its own or that of all", async () => {
    for (const name of ["eth1", "all"]) {
      const visited = await patient.amid(
        () => patient.set(`${name}.rp_filter=1`),
        () => patient.set(`${name}.rp_filter=0`),
      );
      expect(only(visited)).toMatchObject({ id: "rp_filter", severity: "degraded", subject: "eth1" });
    }
    const loose = await patient.amid(
      () => patient.set("all.rp_filter=1", "eth1.rp_filter=2"),
      () => patient.set("all.rp_filter=0", "eth1.rp_filter=0"),
    );
    expect(loose.findings).toEqual([]);
  });

  test("that answers no ARP for a host address", async () => {
    await patient.agent.write(router("", `"${VIP}/32"`));
    for (const value of [2, 8]) {
      const visited = await patient.amid(
        () => patient.set(`eth1.arp_ignore=${value}`),
        () => patient.set("eth1.arp_ignore=0"),
      );
      expect(only(visited)).toMatchObject({ id: "arp_ignore", severity: "fault", subject: "eth1" });
    }
  });

  test("on which a virtual MAC address would be in vain", async () => {
    await patient.agent.write(router("virtual_mac = true"));
    const sysctl = (key: string, value: number) => () => patient.set(`all.${key}=${value}`);
    for (const [key, value] of [
      ["arp_filter", 1],
      ["arp_ignore", 3],
    ] as const) {
      const { findings } = await patient.amid(sysctl(key, value), sysctl(key, 0));
      const found = findings.filter(({ id }) => id === "virtual_mac");
      expect(found).toMatchObject([{ severity: "fault", subject: "lan" }]);
      expect(found[0]?.text).toContain(`net.ipv4.conf.all.${key} = ${value} keeps`);
    }
    const bridged = await patient.amid(
      () => patient.box.namespace.ip("link add br0 type bridge", "link set eth1 master br0"),
      () => patient.box.namespace.ip("link del br0"),
      ["unshare", "--mount", await seeing()],
    );
    expect(bridged.findings.find(({ id }) => id === "virtual_mac")?.cure).toBe('write interface = "br0"');
    expect((await patient.visit()).findings).toEqual([]);
  });

  test("with a twin in its subnet, that answers and asks in its name", async () => {
    const visited = await patient.amid(
      () => patient.box.namespace.ip("addr add 10.77.1.99/24 dev eth2"),
      () => patient.box.namespace.ip("addr del 10.77.1.99/24 dev eth2"),
    );
    expect(heads(visited)).toEqual(["degraded arp_ignore eth1", "degraded arp_announce eth1"]);
    const filtered = await patient.amid(
      async () => {
        await patient.box.namespace.ip("addr add 10.77.1.99/24 dev eth2");
        await patient.set("all.arp_ignore=1", "all.arp_announce=2", "eth1.arp_filter=1");
      },
      async () => {
        await patient.box.namespace.ip("addr del 10.77.1.99/24 dev eth2");
        await patient.set("all.arp_ignore=0", "all.arp_announce=0", "eth1.arp_filter=0");
      },
    );
    expect(heads(filtered)).toEqual(["degraded arp_filter eth1"]);
  });

  test("whose promote_secondaries cannot be set", async () => {
    const through = await patient.scripts.write(
      "readonly.sh",
      'mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && exec "$@"',
    );
    const visited = await patient.visit(["unshare", "--mount", through]);
    expect(only(visited)).toMatchObject({ id: "promote_secondaries", severity: "degraded", subject: "eth1" });
  });

  test("too narrow for an advert", async () => {
    const many = Array.from({ length: 20 }, (_, at) => `"10.77.1.${100 + at}/24"`).join(", ");
    await patient.agent.write(router("", many));
    const visited = await patient.amid(
      () => patient.box.namespace.ip("link set eth1 mtu 100"),
      () => patient.box.namespace.ip("link set eth1 mtu 1500"),
    );
    expect(only(visited)).toMatchObject({ id: "mtu", severity: "fault", subject: "eth1" });
    expect((await patient.visit()).findings).toEqual([]);
  });

  test("on a bridge that snoops and does not query", async () => {
    const through = ["unshare", "--mount", await seeing()];
    const bridge = async (querier: number): Promise<Visit> =>
      patient.amid(
        () =>
          patient.box.namespace.ip(
            `link add br9 type bridge mcast_snooping 1 mcast_querier ${querier}`,
            "link set br9 up",
            "link set eth2 master br9",
          ),
        () => patient.box.namespace.ip("link del br9"),
        through,
      );
    await patient.agent.write(
      router('multicast_group = "239.1.1.1"', '"10.77.2.50/24"').replace("eth1", "eth2"),
    );
    expect(only(await bridge(0))).toMatchObject({ id: "snooping", severity: "degraded", subject: "br9" });
    expect((await bridge(1)).findings).toEqual([]);
    await patient.agent.write(router("", '"10.77.2.50/24"').replace("eth1", "eth2"));
    expect(only(await bridge(0))).toMatchObject({ id: "snooping", severity: "note", subject: "br9" });
  });
});
