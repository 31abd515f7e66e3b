/** The WireGuard sample over the kernel's WireGuard. */
import { expect, test } from "bun:test";
import { Agent } from "../features/agent.ts";
import { addressOn, Site } from "../features/site.ts";
import { addressesOf } from "../lab/owner.ts";
import { run, until } from "../lab/process.ts";
import { sample } from "../samples/pair.ts";

const PORT = 51820;
const PATIENCE_MS = 20_000;
const VIP = "192.168.1.1";

/** Both boxes get wg0, which goes over LAN 2. */
async function tunnel(site: Site): Promise<void> {
  const keys = await Promise.all(
    [0, 1].map(async () => {
      const secret = await run(["wg", "genkey"]);
      return { secret, open: await run(["wg", "pubkey"], secret) };
    }),
  );
  for (const at of [0, 1]) {
    const { namespace } = site.box(at);
    await namespace.ip("link add wg0 type wireguard");
    await namespace.run(
      ["wg", "setconf", "wg0", "/dev/stdin"],
      `[Interface]
       PrivateKey = ${keys[at]?.secret}
       ListenPort = ${PORT}
       [Peer]
       PublicKey = ${keys[1 - at]?.open}
       AllowedIPs = 10.99.0.1/32, 10.99.0.2/32
       Endpoint = ${addressOn(site.box(1 - at), 2)}:${PORT}\n`,
    );
    await namespace.ip(`addr add 10.99.0.${at + 1}/24 dev wg0`, "link set wg0 up");
  }
}

test("wireguard.toml speaks through the tunnel and holds its address on the LAN", async () => {
  await using site = await Site.create(2, 2);
  await tunnel(site);
  const agents: Agent[] = [];
  for (const at of [0, 1] as const) {
    const agent = await Agent.create(site.box(at).namespace, sample("wireguard.toml", at));
    site.atClose(() => agent.close());
    await agent.start();
    await agent.is("lan", at === 0 ? "master" : "backup");
    agents.push(agent);
  }
  const [first, second] = agents;
  if (first === undefined || second === undefined) throw new Error("no agents");
  // By nothing but the tunnel.
  await until(
    "the second node hears the first one",
    PATIENCE_MS,
    async () => (await second.router("lan")).master?.address === "10.99.0.1",
  );
  const shown = await site.box(1).namespace.run(["wg", "show", "wg0", "latest-handshakes"]);
  expect(shown).toMatch(/\t[1-9]\d*\n$/);
  await site.cable(site.box(0), 1, false);
  await first.is("lan", "fault");
  await second.is("lan", "master");
  expect(await addressesOf(site.box(1))).toContain(VIP);
  expect(await addressesOf(site.box(0))).not.toContain(VIP);
});
