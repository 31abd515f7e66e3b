/** Two masters that adverts cannot tell of each other, and a stranger that has the address: found, told, and settled where that can be. */
import { describe, expect, test } from "bun:test";
import { Lab } from "../lab/lab.ts";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import { type Member, PATIENCE_MS, secondWire, wires } from "./cluster-scene.ts";
import { Agent } from "./agent.ts";
import { ADDRESS, pair, SECOND_WIRE } from "./notice-scene.ts";

/** A stranger is asked about five seconds after the address was taken. */
const ASKED_MS = 20_000;

/** The bridge forwards no adverts any more. */
const blockAdverts = (lab: Lab): Promise<string> =>
  lab.bridge.run(
    ["nft", "-f", "-"],
    `add table bridge quiet
     add chain bridge quiet adverts { type filter hook forward priority 0; policy accept; }
     add rule bridge quiet adverts ether type ip ip protocol 112 drop\n`,
  );

interface Router {
  readonly state: string;
  readonly contested: { readonly what: string; readonly source: string } | null;
}

async function routerOf(
  member: Member,
): Promise<Router & { readonly health: string; readonly exit: number }> {
  const { code, stdout } = await member.command("status", "--json");
  // The contract fixes these keys; a test that reads another value there fails.
  const { health, vrrp } = JSON.parse(stdout) as { health: string; vrrp: readonly Router[] };
  const [router] = vrrp;
  if (router === undefined) throw new Error("status names no router");
  return { ...router, health, exit: code };
}

describe("two masters", () => {
  test.concurrent("become one when a firewall takes their adverts and their cluster lives", async () => {
    await using lab = await wires();
    await secondWire(lab);
    const notes = `/tmp/haagent-contend-${lab.node(0).namespace.pid}`;
    await Bun.write(notes, '#!/bin/sh\necho "$3 $HAAGENT_REASON" >>"$0.out"\n');
    await Bun.spawn(["chmod", "755", notes]).exited;
    lab.atClose(() => Bun.file(notes).delete());
    lab.atClose(() => Bun.file(`${notes}.out`).delete());
    const noted = `notify = { any = ["${notes}"] }`;
    const [a, b] = await pair(lab, [[SECOND_WIRE], [SECOND_WIRE]], ["", noted]);
    await blockAdverts(lab);
    let line = await b.says(["vrrp.state", "to=master", "silent for"]);
    line = await b.says(["vrrp.state", "from=master", "to=backup", "no advert of it comes"], line);
    // Whoever stays may not even have had to say so.
    await b.says(["vrrp.contested", "what=claim", "source=10.77.0.1"]);
    // And it stays so: longer than any claim counts.
    await Bun.sleep(6000);
    expect(b.log.slice(line).filter((text) => text.includes("vrrp.state"))).toEqual([]);
    expect(await routerOf(b)).toMatchObject({
      ...{ state: "backup", health: "degraded", exit: 3 },
      contested: { what: "claim", source: "10.77.0.1" },
    });
    expect((await b.command("status")).stdout).toContain(
      "10.77.0.1 is master too, and no advert of it comes",
    );
    expect((await routerOf(a)).state).toBe("master");
    expect(await addressesOf(lab.node(0))).toContain(ADDRESS);
    expect(await addressesOf(lab.node(1))).not.toContain(ADDRESS);
    expect(await Bun.file(`${notes}.out`).text()).toContain("MASTER contested: ");
    await lab.bridge.run(["nft", "delete", "table", "bridge", "quiet"]);
    await until(
      "all is well when adverts pass again",
      PATIENCE_MS,
      async () => (await routerOf(b)).health === "ok",
    );
    expect([(await routerOf(a)).state, (await routerOf(b)).state]).toEqual(["master", "backup"]);
  });
});

describe("a host that has a master's address", () => {
  test.concurrent.each(["10.77.0.50/24", "fe80::50/64"])(
    "and says nothing by itself is found, and told: %s",
    async (address) => {
      await using lab = await Lab.create(2);
      const [one, stranger] = [lab.node(0), lab.node(1)];
      const text = `
[vrrp.lan]
interface = "eth0"
vrid = 51
advert_interval = "200ms"
addresses = ["${address}"]
`;
      await using agent = await Agent.create(one.namespace, text);
      await agent.start();
      await agent.is("lan", "master");
      expect((await agent.status()).health).toBe("ok");
      await stranger.namespace.ip(`addr add ${address} dev eth0${address.includes(":") ? " nodad" : ""}`);
      await until(
        () => `an alarm; said: ${agent.lines.slice(-5).join("\n")}`,
        ASKED_MS,
        () => agent.events("vrrp.contested").length > 0,
      );
      expect(agent.events("vrrp.contested")[0]?.fields).toMatchObject({
        ...{ name: "lan", what: address.includes(":") ? "nd" : "arp", source: stranger.mac },
      });
      const { health, vrrp } = await agent.status();
      expect(health).toBe("degraded");
      expect(vrrp[0]).toMatchObject({ state: "master", contested: { source: stranger.mac } });
    },
  );
});
