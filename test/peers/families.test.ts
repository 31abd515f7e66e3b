/** One VRID for IPv4 and for IPv6 on one link: two virtual routers that share nothing, beside keepalived's two. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { Agent } from "../features/agent.ts";
import { Site } from "../features/site.ts";
import { Keepalived } from "../lab/keepalived.ts";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";

const SLACK_MS = 10_000;
const FOUR = ["10.77.1.50/24"];
const SIX = ["fe80::50/64", "fd77:1::50/64"];

let site: Site;
beforeEach(async () => {
  site = await Site.create(2);
});
afterEach(() => site.close());

const ours = (name: string, priority: number, addresses: readonly string[]): string => `
[vrrp.${name}]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ${JSON.stringify(addresses)}
`;
const theirs = (name: string, addresses: readonly string[]): string => `
vrrp_instance ${name} {
  state BACKUP
  interface eth1
  virtual_router_id 51
  version 3
  priority 100
  advert_int 0.1
  virtual_ipaddress {
    ${addresses.map((address) => `${address} dev eth1`).join("\n    ")}
  }
}
`;

test("each family goes to whoever is better in it, and both to whoever is left", async () => {
  const agent = await Agent.create(site.box(0).namespace, ours("four", 150, FOUR) + ours("six", 50, SIX));
  site.atClose(() => agent.close());
  const text = `global_defs {\n  script_user root\n}\n${theirs("four", FOUR)}${theirs("six", SIX)}`;
  const keepalived = new Keepalived(site.box(1), text);
  site.atClose(() => keepalived.close());
  /** Which of the two holds which family. */
  const held = async (): Promise<string> => {
    const [left = [], right = []] = await Promise.all([0, 1].map((box) => addressesOf(site.box(box))));
    return ["10.77.1.50", "fd77:1::50"]
      .map((vip) => `${left.includes(vip) ? "we" : ""}${right.includes(vip) ? "they" : ""}`)
      .join(" ");
  };
  const settled = (wanted: string): Promise<number> =>
    until(`held by ${wanted}`, SLACK_MS, async () => (await held()) === wanted);
  await agent.start();
  await settled("we we");
  await keepalived.start();
  await settled("we they");
  for (const name of ["four", "six"]) {
    const { counters, peers } = await agent.router(name);
    expect(Object.values(counters.rejected).every((count) => count === 0)).toBe(true);
    expect(peers.flatMap(({ mismatch }) => mismatch)).toEqual([]);
  }
  await agent.stop();
  await settled("they they");
  await agent.start();
  await settled("we they");
  await keepalived.stop();
  await settled("we we");
}, 60_000);
