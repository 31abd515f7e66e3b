/** Behind a switch that speaks STP: a port that comes up learns for seconds before it forwards, and the link is up all the while. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Agent } from "../features/agent.ts";
import { Site } from "../features/site.ts";
import { Keepalived } from "../lab/keepalived.ts";
import { until } from "../lab/process.ts";

/** Twice this, the shortest that the kernel's bridge takes, in hundredths of a second as ip-link(8) does. */
const FORWARD_DELAY = 200;
const LEARNS_MS = 15_000;
const SLACK_MS = 10_000;

let site: Site;
beforeEach(async () => {
  site = await Site.create(2);
  await site.wiring.ip(`link set lan1 type bridge stp_state 1 forward_delay ${FORWARD_DELAY}`);
});
afterEach(() => site.close());

async function portOf(number: number): Promise<string> {
  const [port] = JSON.parse(await site.wiring.run(["bridge", "-j", "link", "show", "dev", `p${number}-1`]));
  return port.state;
}
const forwards = (number: number): Promise<number> =>
  until(`port ${number} forwards`, LEARNS_MS, async () => (await portOf(number)) === "forwarding");

const router = (name: string, vrid: number, more = ""): string => `
[vrrp.${name}]
interface = "eth1"
vrid = ${vrid}
priority = 200
advert_interval = "100ms"
addresses = ["10.77.1.${vrid}/24"]
${more}
`;
const instance = (name: string, vrid: number): string => `
vrrp_instance ${name} {
  state BACKUP
  interface eth1
  virtual_router_id ${vrid}
  version 3
  priority 100
  advert_int 0.1
  virtual_ipaddress { 10.77.1.${vrid}/24 dev eth1 }
}
`;

describe("a master whose cable was pulled and is in again, behind a port that learns first", () => {
  test("stays out until that forwards where up_delay says so, else shares the address until then and no longer", async () => {
    await Promise.all([forwards(1), forwards(2)]);
    const waiting = 'track_interfaces = [{ name = "eth1", up_delay = "6s" }]';
    const agent = await Agent.create(
      site.box(0).namespace,
      router("hasty", 61) + router("waiting", 62, waiting),
    );
    site.atClose(() => agent.close());
    const text = `global_defs {\n  script_user root\n}\n${instance("hasty", 61)}${instance("waiting", 62)}`;
    const keepalived = new Keepalived(site.box(1), text);
    site.atClose(() => keepalived.close());
    const said = (name: string): string[] =>
      keepalived.log.flatMap((line) => {
        const [, who, state] = /\((\w+)\) Entering (\w+) STATE/.exec(line) ?? [];
        return who === name && state !== undefined ? [state] : [];
      });
    await keepalived.start();
    await agent.start();
    const names = ["hasty", "waiting"];
    await Promise.all(names.map((name) => agent.is(name, "master")));
    await until("keepalived is backup", SLACK_MS, () =>
      names.every((name) => said(name).at(-1) === "BACKUP"),
    );
    await site.cable(site.box(0), 1, false);
    await until("keepalived is master", SLACK_MS, () =>
      names.every((name) => said(name).at(-1) === "MASTER"),
    );
    const before = said("waiting").length;
    const plugged = await site.cable(site.box(0), 1, true);
    await until(
      "the hasty one is master",
      SLACK_MS,
      async () => (await agent.router("hasty")).state === "master",
    );
    expect(await portOf(1)).not.toBe("forwarding");
    expect((await agent.router("waiting")).state).toBe("fault");
    const forwarding = await forwards(1);
    const yielded = await until("keepalived yields", SLACK_MS, () => said("hasty").at(-1) === "BACKUP");
    expect(yielded - forwarding).toBeLessThan(2500);
    expect((await agent.router("hasty")).state).toBe("master");
    // The other one comes back when it has heard who is master.
    const took = await agent.is("waiting", "master", "preempting");
    expect(took.at).toBeGreaterThan(forwarding);
    expect(took.at - plugged).toBeGreaterThan(6000);
    await until("keepalived yields again", SLACK_MS, () => said("waiting").at(-1) === "BACKUP");
    expect(said("waiting").slice(before)).toEqual(["BACKUP"]);
  }, 90_000);
});
