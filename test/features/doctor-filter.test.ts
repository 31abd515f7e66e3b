/** What the doctor says of packet filters. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { until } from "../lab/process.ts";
import { forge, inject } from "./forgery.ts";
import { heads, only, Patient, router, VIP } from "./patient.ts";

let patient: Patient;

beforeAll(async () => {
  patient = await Patient.create();
});
afterAll(() => patient.site.close());
afterEach(() => patient.restore());

describe("a packet filter", () => {
  const nft = (...lines: readonly string[]): Promise<string> =>
    patient.box.namespace.run(["nft", "-f", "-"], `${lines.join("\n")}\n`);
  const flush = (): Promise<string> => nft("flush ruleset");

  test("that drops adverts and IGMP is told of, each with the rule that cures it", async () => {
    const drop = (hook: string, protocol: string): Promise<string> =>
      nft(
        "table inet guard {",
        `chain ${hook} {`,
        `type filter hook ${hook} priority 0`,
        `ip protocol ${protocol} drop`,
        "}",
        "}",
      );
    const advert = only(await patient.amid(() => drop("input", "vrrp"), flush));
    expect(advert).toMatchObject({ id: "firewall", severity: "note", subject: "eth1" });
    expect(advert.cure).toBe('nft insert rule inet guard input iifname "eth1" meta l4proto 112 accept');
    for (const hook of ["input", "output"]) {
      const igmp = only(await patient.amid(() => drop(hook, "igmp"), flush));
      expect(igmp).toMatchObject({ id: "firewall_membership", severity: "degraded", subject: "eth1" });
    }
  });

  test("is cured by what the doctor says", async () => {
    await nft(
      "table inet guard {",
      "chain in {",
      "type filter hook input priority 0; policy drop",
      "ct state established accept",
      "}",
      "}",
    );
    try {
      const before = await patient.visit();
      expect(heads(before)).toEqual(["degraded firewall_membership eth1", "note firewall eth1"]);
      for (const { cure } of before.findings) {
        await nft(cure.replace(/^nft /, ""));
      }
      expect((await patient.visit()).findings).toEqual([]);
    } finally {
      await flush();
    }
  });

  test("that drops adverts keeps none from the agent, as the doctor says", async () => {
    await nft(
      "table inet guard {",
      "chain in {",
      "type filter hook input priority -300; policy drop",
      "}",
      "}",
    );
    try {
      await patient.agent.start();
      const advert = forge({ source: "10.77.1.9", addresses: [VIP], priority: 200 });
      await until("an advert is heard", 5000, async () => {
        await inject(patient.site, patient.box, [advert]);
        return (await patient.agent.router("lan")).counters.adverts_received > 0;
      });
    } finally {
      await flush();
    }
  });

  test("that drops what is sent to unicast peers is a fault", async () => {
    await patient.agent.write(router('unicast_source = "10.77.1.1"\nunicast_peers = ["10.77.1.2"]'));
    const visited = await patient.amid(
      () =>
        nft(
          "table ip guard {",
          "chain out {",
          "type filter hook output priority 0",
          "ip daddr 10.77.1.2 drop",
          "}",
          "}",
        ),
      flush,
    );
    expect(only(visited)).toMatchObject({ id: "firewall", severity: "fault", subject: "eth1" });
  });

  test.each(["iptables-nft", "iptables-legacy"])("of %s is read, too", async (iptables) => {
    const rule = ["INPUT", "-i", "eth1", "-p", "112", "-j", "DROP"];
    // Whichever of the two iptables-save speaks for on this host, nft lists the rules of the first.
    const legacy = iptables.endsWith("legacy");
    const save = await patient.scripts.write(
      "save.sh",
      `mount --bind $(readlink -f $(command -v ${iptables}-save)) \\
      $(readlink -f $(command -v iptables-save)) && exec "$@"`,
    );
    const visited = await patient.amid(
      () => patient.box.namespace.run([iptables, "-A", ...rule]),
      () => patient.box.namespace.run([iptables, "-D", ...rule]),
      legacy ? ["unshare", "--mount", save] : [],
    );
    expect(only(visited)).toMatchObject({ id: "firewall", severity: "note", subject: "eth1" });
    expect(only(visited).cure).toContain("-I INPUT -i eth1 -p 112 -j ACCEPT");
    await flush();
  });

  test("that drops protocol 51 is told of where adverts come behind an authentication header, and only there", async () => {
    const sealed = 'version = 2\nadvert_interval = "1s"\nauth = { type = "ah", key = "secret" }';
    const drop = (): Promise<string> =>
      nft(
        "table inet guard {",
        "chain in {",
        "type filter hook input priority 0",
        "meta l4proto ah drop",
        "}",
        "}",
      );
    expect((await patient.amid(drop, flush)).findings).toEqual([]);
    await patient.agent.write(router(sealed).replace('advert_interval = "100ms"\n', ""));
    expect(only(await patient.amid(drop, flush))).toMatchObject({
      id: "firewall",
      severity: "note",
      cure: 'nft insert rule inet guard in iifname "eth1" meta l4proto 51 accept',
    });
  });

  test("that cannot be read is said", async () => {
    mkdirSync(patient.scripts.path("empty"), { recursive: true });
    const hide = await patient.scripts.write(
      "hide.sh",
      `for program in nft iptables-save ip6tables-save; do
  mount --bind /dev/null "$(readlink -f "$(command -v $program)")"; done; exec "$@"`,
    );
    const visited = await patient.visit(["unshare", "--mount", hide]);
    expect(only(visited)).toMatchObject({ id: "firewall_unread", severity: "note" });
    expect(visited.exit).toBe(visited.health === "ok" ? 0 : 3);
  });
});
