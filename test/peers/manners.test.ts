/** keepalived as it is really configured, as a peer: nopreempt, a tracked script whose weight decides, a sync group of LAN and WAN. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { Agent } from "../features/agent.ts";
import { Site } from "../features/site.ts";
import { Capture } from "../lab/capture.ts";
import { Keepalived } from "../lab/keepalived.ts";
import { now, sleep, until } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";

const SLACK_MS = 12_000;

let site: Site;
/** The LANs as the third box hears them. */
let wires: Capture[];
beforeEach(async () => {
  site = await Site.create(3, 2);
  wires = await Promise.all(["eth1", "eth2"].map((link) => Capture.start(site.box(2).namespace, [link])));
  for (const wire of wires) site.atClose(() => wire.close());
});
afterEach(() => site.close());

/** The boxes that advertise on a LAN, by number. */
function masters(lan: number, span = 700): string {
  const macs = (wires[lan - 1]?.adverts(now() - span) ?? []).map(({ source }) => source);
  return [1, 2].filter((number) => macs.includes(`02:00:00:00:0${lan}:0${number}`)).join();
}

async function master(box: number, lans: readonly number[] = [1]): Promise<void> {
  await until(
    () => `box ${box} is the one master: ${lans.map((lan) => masters(lan)).join(" and ")}`,
    SLACK_MS,
    () => lans.every((lan) => masters(lan) === `${box}`),
  );
}

/** An instance of keepalived.conf(5) on a LAN. */
const instance = (lan: number, priority: number, more = ""): string => `
vrrp_instance lan${lan} {
  state BACKUP
  interface eth${lan}
  virtual_router_id ${50 + lan}
  version 3
  priority ${priority}
  advert_int 0.1
  ${more}
  virtual_ipaddress { 10.77.${lan}.50/24 dev eth${lan} }
}
`;
const router = (lan: number, priority: number, more = ""): string => `
[vrrp.lan${lan}]
interface = "eth${lan}"
vrid = ${50 + lan}
priority = ${priority}
advert_interval = "100ms"
addresses = ["10.77.${lan}.50/24"]
${more}
`;

/** haagent in the first box, keepalived in the second one; neither is started. */
async function pair(ours: string, theirs: string): Promise<{ haagent: Agent; keepalived: Keepalived }> {
  const haagent = await Agent.create(site.box(0).namespace, ours);
  site.atClose(() => haagent.close());
  const keepalived = new Keepalived(site.box(1), `global_defs {\n  script_user root\n}\n${theirs}`);
  site.atClose(() => keepalived.close());
  return { haagent, keepalived };
}

describe("keepalived with nopreempt", () => {
  test("lets a worse haagent go on, takes over when it leaves, and is not disturbed by its return", async () => {
    const { haagent, keepalived } = await pair(router(1, 100), instance(1, 200, "nopreempt"));
    await haagent.start();
    await master(1);
    await keepalived.start();
    await sleep(1500);
    expect(masters(1, 1000)).toBe("1");
    await haagent.stop();
    await master(2);
    await haagent.start();
    await sleep(1500);
    expect(masters(1, 1000)).toBe("2");
  }, 60_000);

  test("is let go on by a better haagent that must not preempt, either", async () => {
    const { haagent, keepalived } = await pair(
      router(1, 200, "preempt = false"),
      instance(1, 100, "nopreempt"),
    );
    await keepalived.start();
    await master(2);
    await haagent.start();
    await sleep(1500);
    expect(masters(1, 1000)).toBe("2");
    await keepalived.stop();
    await master(1);
    await keepalived.start();
    await sleep(1500);
    expect(masters(1, 1000)).toBe("1");
  }, 60_000);
});

describe("keepalived whose priority a script lowers", () => {
  test("is overtaken by haagent while the script fails, and overtakes it again", async () => {
    const directory = makeScratch();
    site.atClose(async () => removeScratch(directory));
    const flag = `${directory}/works`;
    await Bun.write(flag, "");
    const script = `
vrrp_script works {
  script "/usr/bin/test -e ${flag}"
  interval 1
  weight -100
  rise 1
  fall 1
}
`;
    const track = "track_script { works }";
    const { haagent, keepalived } = await pair(router(1, 100), script + instance(1, 150, track));
    await keepalived.start();
    await haagent.start();
    await master(2);
    await rm(flag);
    await master(1);
    expect((await haagent.router("lan1")).peers[0]?.priority).toBe(50);
    await Bun.write(flag, "");
    await master(2);
  }, 60_000);
});

describe("keepalived with a sync group", () => {
  const GROUP = "vrrp_sync_group gateway { group { lan1 lan2 } }\n";
  const group = 'sync_group = "gateway"';

  test("takes over the group of a better haagent that lost one side, and gives it back whole", async () => {
    const { haagent, keepalived } = await pair(
      router(1, 200, group) + router(2, 200, group),
      GROUP + instance(1, 100) + instance(2, 100),
    );
    await haagent.start();
    await keepalived.start();
    await master(1, [1, 2]);
    await site.cable(site.box(0), 2, false);
    await master(2, [1, 2]);
    await site.cable(site.box(0), 2, true);
    await master(1, [1, 2]);
    await haagent.stop();
    await master(2, [1, 2]);
  }, 60_000);

  test("gives its own to haagent when it lost one side, and takes it back whole", async () => {
    const { haagent, keepalived } = await pair(
      router(1, 100, group) + router(2, 100, group),
      GROUP + instance(1, 200) + instance(2, 200),
    );
    await keepalived.start();
    await haagent.start();
    await master(2, [1, 2]);
    await site.cable(site.box(1), 2, false);
    await master(1, [1, 2]);
    await site.cable(site.box(1), 2, true);
    await master(2, [1, 2]);
    await keepalived.stop();
    await master(1, [1, 2]);
  }, 60_000);
});
