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
