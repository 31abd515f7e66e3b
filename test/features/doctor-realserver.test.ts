/** What the doctor sees on a real server: addresses of services that are answered for, or not carried. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { until } from "../lab/process.ts";
import { heads, only, Patient } from "./patient.ts";

const SERVICE = "10.77.1.80";
const SECTION = `[realserver]\naddresses = ["${SERVICE}"]\n`;
/** As a good real server's interfaces are. */
const SILENT = ["eth1", "eth2"].flatMap((name) => [`${name}.arp_ignore=1`, `${name}.arp_announce=2`]);
const LOUD = ["eth1", "eth2"].flatMap((name) => [`${name}.arp_ignore=0`, `${name}.arp_announce=0`]);

let patient: Patient;

beforeAll(async () => {
  patient = await Patient.create();
});
afterAll(() => patient.site.close());
afterEach(async () => {
  await patient.set(...LOUD, "lo.arp_ignore=0", "all.arp_ignore=0");
  await patient.restore();
});

describe("the doctor of a real server", () => {
  test("misses an address that lo does not carry, and with an agent nothing", async () => {
    await patient.agent.write(SECTION);
    expect(heads(await patient.visit())).toEqual([`degraded realserver_missing ${SERVICE}`]);
    await patient.agent.start();
    await until("health", 10_000, async () => (await patient.agent.status()).health === "ok");
    expect(heads(await patient.visit())).toEqual([]);
    await patient.agent.stop();
  });

  test("sees interfaces that answer, and that the settings of lo do nothing about it", async () => {
    await patient.agent.write(SECTION);
    await patient.box.namespace.ip(`addr add ${SERVICE}/32 dev lo`);
    await patient.set("lo.arp_ignore=1", "lo.arp_announce=2");
    const visited = await patient.visit();
    expect(heads(visited)).toEqual(["fault realserver_arp eth1", "fault realserver_arp eth2"]);
    expect(visited.findings[0]?.text).toContain("the settings of lo do nothing");
    await patient.set("eth2.arp_ignore=1", "eth2.arp_announce=2", "eth1.arp_ignore=1", "eth1.arp_announce=1");
    expect(only(await patient.visit()).text).toStartWith("eth1 names in its ARP requests addresses of lo");
    await patient.set(...SILENT);
    expect(heads(await patient.visit())).toEqual([]);
    await patient.set("all.arp_ignore=3");
    expect(heads(await patient.visit())).toEqual(["fault realserver_arp eth1", "fault realserver_arp eth2"]);
    await patient.box.namespace.ip(`addr del ${SERVICE}/32 dev lo`);
  });

  test("sees a port that is listened on beside the service's address", async () => {
    await patient.agent.write(SECTION);
    const { namespace, address4 } = patient.box;
    await patient.set(...SILENT);
    await namespace.ip(`addr add ${SERVICE}/32 dev lo`);
    const listen = (at: string): string =>
      `Bun.listen({ hostname: "${at}", port: 8080, socket: { data() {} } }); console.log("ready");`;
    for (const [at, expected] of [
      [address4, [`note realserver_listener ${SERVICE}`]],
      ["0.0.0.0", []],
    ] as const) {
      const listener = namespace.spawn([process.execPath, "-e", listen(at)]);
      await listener.says("ready", 20_000);
      expect(heads(await patient.visit())).toEqual([...expected]);
      await listener.end();
    }
    await namespace.ip(`addr del ${SERVICE}/32 dev lo`);
  });

  test("sees a filter that keeps connections from a port, and is cured by what it says", async () => {
    await patient.agent.write(SECTION);
    const { namespace } = patient.box;
    await patient.set(...SILENT);
    await namespace.ip(`addr add ${SERVICE}/32 dev lo`);
    const rules = [
      ...["table inet guard {", "chain in {", "type filter hook input priority 0; policy drop"],
      ...["ct state established accept", "}", "}", ""],
    ];
    const listen = `Bun.listen({ hostname: "${SERVICE}", port: 8080, socket: { data() {} } }); console.log("ready");`;
    const listener = namespace.spawn([process.execPath, "-e", listen]);
    await listener.says("ready", 20_000);
    await namespace.run(["nft", "-f", "-"], rules.join("\n"));
    const found = (await patient.visit()).findings.filter(({ part }) => part === "realserver");
    expect(found.map(({ severity, id }) => `${severity} ${id}`)).toEqual(["fault realserver_filter"]);
    await namespace.run(["nft", "-f", "-"], `${found[0]?.cure.replace(/^nft /, "") ?? ""}\n`);
    expect(heads(await patient.visit())).not.toContain(`fault realserver_filter ${SERVICE}`);
    await namespace.run(["nft", "flush", "ruleset"]);
    await listener.end();
    await namespace.ip(`addr del ${SERVICE}/32 dev lo`);
  });

  test("sees that answers would go to the director", async () => {
    await patient.agent.write(SECTION);
    await patient.set(...SILENT);
    // Once lo has the address, the kernel takes no such route any more, and keeps the one that it has.
    await patient.box.namespace.ip(
      `route add default via ${SERVICE} dev eth1`,
      `addr add ${SERVICE}/32 dev lo`,
    );
    expect(only(await patient.visit())).toMatchObject({ id: "realserver_route", severity: "fault" });
    await patient.box.namespace.ip("route replace default via 10.77.1.2 dev eth1");
    expect(heads(await patient.visit())).toEqual([]);
    await patient.box.namespace.ip("route del default", `addr del ${SERVICE}/32 dev lo`);
  });

  test("sees a server of a director that does not answer ARP", async () => {
    const address = "10.77.1.200";
    await patient.agent.write(
      `[virtual_server.web]\naddress = "${SERVICE}:80"\nreal_servers = ["${address}:80"]\ncheck = { type = "tcp" }\n`,
    );
    await patient.box.namespace.ip(`neigh replace ${address} dev eth1 nud failed`);
    expect(heads(await patient.visit())).toContain("degraded ipvs_neighbour web");
  });

  test("sees the address on an interface that answers for it, and a prefix that takes a network", async () => {
    await patient.agent.write(SECTION);
    await patient.set(...SILENT);
    await patient.box.namespace.ip(`addr add ${SERVICE}/24 dev eth1`);
    expect(only(await patient.visit()).text).toStartWith(`eth1 has ${SERVICE}`);
    await patient.box.namespace.ip(`addr del ${SERVICE}/24 dev eth1`, `addr add ${SERVICE}/24 dev lo`);
    expect(only(await patient.visit()).text).toContain("makes the whole network local");
    await patient.box.namespace.ip(`addr del ${SERVICE}/24 dev lo`);
  });
});
