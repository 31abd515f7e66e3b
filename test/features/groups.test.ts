/** Sync groups on two nodes between two LANs: both addresses are always on the same node, and only on one. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Owners } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Site } from "./site.ts";

const VIP1 = "10.77.1.50";
const VIP2 = "10.77.2.50";
/** Within two of these a crash is resumed. */
const SLOW = "1s";

interface Priorities {
  readonly one: number;
  readonly two: number;
}
const both = (priority: number): Priorities => ({ one: priority, two: priority });

const routers = ({ one, two }: Priorities, group = true, interval = "100ms"): string => `
[vrrp.one]
interface = "eth1"
vrid = 51
priority = ${one}
advert_interval = "${interval}"
addresses = ["${VIP1}/24"]
${group ? 'sync_group = "gateway"' : ""}
[vrrp.two]
interface = "eth2"
vrid = 52
priority = ${two}
advert_interval = "${interval}"
addresses = ["${VIP2}/24"]
${group ? 'sync_group = "gateway"' : ""}
`;

let site: Site;
let first: Agent;
let second: Agent;
let owners: readonly [Owners, Owners];

beforeEach(async () => {
  site = await Site.create(3, 2);
  const [box1, box2] = [site.box(0), site.box(1)];
  first = await Agent.create(box1.namespace, routers(both(200)));
  second = await Agent.create(box2.namespace, routers(both(100)));
  owners = [await Owners.watch([box1, box2], VIP1), await Owners.watch([box1, box2], VIP2)];
  for (const one of [first, second, ...owners]) site.atClose(() => one.close());
});
afterEach(() => site.close());

/** Every change of state that the two said. */
const changes = (): string[] =>
  [first, second].flatMap((agent) => agent.events("vrrp.state").map(({ line }) => line));

/** All members of an agent are in a state. */
const are = (agent: Agent, state: string, reason = ""): Promise<unknown> =>
  Promise.all(["one", "two"].map((name) => agent.is(name, state, reason)));

async function settled(): Promise<void> {
  await first.start();
  await are(first, "master");
  await second.start();
  await are(second, "backup");
}

/** Both addresses are on the box of that name and on no other. */
const on = (name: string): Promise<number> =>
  until(
    () => `both on ${name}: ${owners.map((one) => one.at(now()).join("+")).join(" and ")}`,
    5000,
    () => owners.every((one) => one.at(now()).join() === name),
  );

/** Milliseconds since `from` in which one address was on one box alone and the other on the other box alone. */
function split(from: number): number {
  let milliseconds = 0;
  for (let at = from; at < now(); at++) {
    const [one, two] = owners.map((each) => each.at(at));
    if (one === undefined || two === undefined || one.length === 0 || two.length === 0) continue;
    if (!one.some((name) => two.includes(name))) milliseconds++;
  }
  return milliseconds;
}

/** Less than a moment of scheduling. */
const MOMENT = 20;

describe("a sync group", () => {
  test("is master on one node, and moves as a whole when the node dies and when it returns", async () => {
    await settled();
    await on("box1");
    const from = now();
    await first.stop();
    await are(second, "master");
    await on("box2");
    await first.start();
    await are(second, "backup");
    await on("box1");
    await first.kill();
    await are(second, "master");
    await until("the dead one's addresses are gone", 5000, () =>
      owners.every((one) => one.at(now()).join() === "box2"),
    );
    expect(split(from)).toBeLessThan(MOMENT);
  });

  test("moves when one member's cable is pulled, and returns when it is in again", async () => {
    await settled();
    await on("box1");
    const from = now();
    await site.cable(site.box(0), 2, false);
    await first.is("two", "fault", "interface eth2 has no carrier");
    await first.is("one", "fault", "sync group gateway: two is in fault");
    await are(second, "master");
    await on("box2");
    const { health, vrrp } = await first.status();
    expect(health).toBe("fault");
    expect(vrrp.map(({ state }) => state)).toEqual(["fault", "fault"]);
    await site.cable(site.box(0), 2, true);
    await are(first, "master");
    await are(second, "backup");
    await on("box1");
    expect(split(from)).toBeLessThan(MOMENT);
    expect(first.events("vrrp.state", "one").map(({ fields }) => fields["to"])).toEqual([
      "backup",
      "master",
      "fault",
      "backup",
      "master",
    ]);
  });

  test("moves when the members lose an election", async () => {
    await settled();
    const from = now();
    await second.reload(routers(both(250)));
    await are(second, "master");
    await are(first, "backup");
    await on("box2");
    expect(split(from)).toBeLessThan(MOMENT);
  });

  test("gives up both when one member loses to a router outside of it", async () => {
    await settled();
    const from = now();
    const stranger = await Agent.create(
      site.box(2).namespace,
      routers({ one: 250, two: 50 }, false).replace(/\[vrrp\.two\][^]*/, ""),
    );
    site.atClose(() => stranger.close());
    await stranger.start();
    await are(first, "backup");
    expect(first.state("one")?.fields["reason"]).toContain("has priority 250");
    expect(first.state("two")?.fields["reason"]).toBe("sync group lost");
    await until("both addresses have left both nodes", 2000, () =>
      owners.every((one) => one.at(now()).length === 0),
    );
    // Nobody of the group takes one address without the other.
    await sleep(1500);
    expect(owners.every((one) => one.at(now()).length === 0)).toBe(true);
    expect(second.state("two")?.fields["to"]).toBe("backup");
    await stranger.stop();
    await are(first, "master");
    await on("box1");
    expect(split(from)).toBeLessThan(MOMENT);
  });

  test("stays where it is, without a word, while one LAN between the nodes is cut", async () => {
    await settled();
    const from = now();
    const before = changes();
    for (const box of [site.box(1), site.box(0)]) {
      await site.forward(box, 1, false);
      await sleep(2000);
      await site.forward(box, 1, true);
      await sleep(600);
    }
    expect(changes()).toEqual(before);
    expect(owners.map((one) => one.nobody(from, now()) + one.twoOwners(from, now()))).toEqual([0, 0]);
    await on("box1");
  });

  test("moves when both LANs are cut, and one node has it in the end", async () => {
    await settled();
    for (const lan of [1, 2]) await site.forward(site.box(0), lan, false);
    await are(second, "master");
    for (const lan of [1, 2]) await site.forward(site.box(0), lan, true);
    await are(second, "backup");
    await on("box1");
  });

  test("does not start with one member alone", async () => {
    await site.box(0).namespace.ip("link del eth2");
    await first.start();
    await first.is("one", "fault", "sync group gateway: two is in fault");
    await sleep(600);
    expect(owners[0].at(now())).toEqual([]);
    await site.plug(site.box(0), 2);
    await are(first, "master");
    await on("box1");
  });

  test("carries on as a whole after a crash and a quick restart", async () => {
    await first.write(routers(both(200), true, SLOW));
    await second.write(routers(both(100), true, SLOW));
    await settled();
    const from = now();
    const before = second.events("vrrp.state");
    await first.kill();
    await first.start();
    await are(first, "master", "resumed");
    await sleep(600);
    expect(owners.map((one) => one.nobody(from, now()))).toEqual([0, 0]);
    expect(second.events("vrrp.state")).toEqual(before);
  });

  test("that a reload makes of routers on two nodes ends up on one", async () => {
    await first.write(routers({ one: 200, two: 100 }, false));
    await second.write(routers({ one: 100, two: 200 }, false));
    await Promise.all([first.start(), second.start()]);
    await Promise.all([first.is("one", "master"), second.is("two", "master")]);
    await first.is("two", "backup");
    await first.reload(routers(both(200)));
    await second.reload(routers(both(100)));
    await on("box1");
    await are(first, "master");
    await are(second, "backup");
    const settledAt = changes();
    await sleep(1500);
    expect(changes()).toEqual(settledAt);
    await on("box1");
  });

  test("does not split by a reload that puts a master and a backup together", async () => {
    await first.write(routers({ one: 200, two: 100 }, false));
    await second.write(routers({ one: 100, two: 200 }, false));
    await Promise.all([first.start(), second.start()]);
    await Promise.all([first.is("one", "master"), second.is("two", "master")]);
    await first.is("two", "backup");
    await first.reload(routers({ one: 200, two: 100 }));
    await sleep(1500);
    const { vrrp } = await first.status();
    expect(new Set(vrrp.map(({ state }) => state)).size).toBe(1);
  });
});
