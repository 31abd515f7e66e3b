/** `haagent standby` and `haagent takeover`, between two haagents and beside keepalived. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { Keepalived } from "../lab/keepalived.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const text = (priority: number, more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ["${VIP}/24"]
${more}
`;

let site: Site;
let wire: Capture;
beforeEach(async () => {
  site = await Site.create(3, 2);
  wire = await Capture.start(site.box(2).namespace, ["eth1"]);
  site.atClose(() => wire.close());
});
afterEach(() => site.close());

async function started(box: number, config: string): Promise<Agent> {
  const agent = await Agent.create(site.box(box).namespace, config);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** A master of priority 150 on box 1 and a backup of 100 on box 2. */
async function pair(more = ""): Promise<[Agent, Agent]> {
  const high = await started(0, text(150, more));
  await high.is("lan", "master");
  const low = await started(1, text(100, more));
  await until("the master is heard", 5000, async () => (await low.router("lan")).master !== null);
  return [high, low];
}

/** The priorities that a box advertised from a time on, each once. */
const advertised = (box: number, from: number): number[] => [
  ...new Set(wire.adverts(from, site.box(box).mac).map(({ seen }) => seen.priority)),
];

/** The same from its goodbye on: an advert may have gone out before the command came. */
const parting = (box: number, from: number): number[] => {
  const all = advertised(box, from);
  return all.slice(all.indexOf(0));
};

const holds = async (box: number): Promise<boolean> => (await addressesOf(site.box(box))).includes(VIP);

describe("standby", () => {
  test("moves the address at once, and the router stays out whatever happens, until takeover", async () => {
    const [high, low] = await pair();
    const from = now();
    expect(await high.command("standby", "lan")).toEqual({ code: 0, stdout: "standby: lan\n", stderr: "" });
    await low.is("lan", "master", "released it");
    expect(await holds(0)).toBe(false);
    expect(parting(0, from)).toEqual([0]);
    const { code, stdout } = await high.command("status");
    expect(code).toBe(3);
    expect(stdout).toContain("lan: STANDBY for ");
    expect(stdout).toContain("(standby by the operator)");
    expect((await high.status()).health).toBe("degraded");
    // Nobody else is there any more, its cable is pulled, its file changes: it was told to stay out.
    await low.stop();
    await site.cable(site.box(0), 1, false);
    await site.cable(site.box(0), 1, true);
    await high.reload(text(200));
    await sleep(1000);
    expect((await high.router("lan")).state).toBe("standby");
    expect(parting(0, from)).toEqual([0]);
    expect(await high.command("takeover", "lan")).toEqual({ code: 0, stdout: "takeover: lan\n", stderr: "" });
    expect(await holds(0)).toBe(true);
  });

  test("ends with a restart, a killed one too, which is said and is no mastership at once", async () => {
    const [high, low] = await pair();
    await high.command("standby");
    await low.is("lan", "master");
    await high.kill();
    await high.start();
    const said = await high.is("lan", "backup", "the restart ended the standby");
    expect(said.fields["from"]).toBe("init");
    await high.is("lan", "master", "preempting");
    await low.is("lan", "backup");
  });

  test("is a BACKUP to the scripts, with the reason, and the takeover a MASTER", async () => {
    const scripts = await Scripts.create();
    site.atClose(() => scripts.close());
    const tell = await scripts.write(
      "tell",
      'echo "$3 after $HAAGENT_PREVIOUS: $HAAGENT_REASON" >> $D/calls',
    );
    const high = await started(0, text(150, `notify = { any = ["${tell}"] }`));
    await high.is("lan", "master");
    await high.command("standby");
    await high.command("takeover");
    // A machine that stalls makes it a backup for a while, too.
    const ordered = (): string[] => scripts.lines("calls").filter((line) => line.endsWith("by the operator"));
    await until("all is told", 20_000, () => ordered().length >= 2);
    expect(ordered()).toEqual([
      "BACKUP after MASTER: standby by the operator",
      "MASTER after BACKUP: takeover by the operator",
    ]);
  });

  test("lets keepalived take over, and does not come back though it is the better one", async () => {
    const high = await started(0, text(150, "version = 2").replace('"100ms"', '"1s"'));
    await high.is("lan", "master");
    const keepalived = beside(100);
    await keepalived.start();
    await sleep(1500);
    await high.command("standby", "lan");
    await until("keepalived has it", 5000, async () => await holds(1));
    const from = now();
    await sleep(4000);
    expect(advertised(0, from)).toEqual([]);
    expect(await holds(1)).toBe(true);
  });
});

/** keepalived on box 2, version 2 at one second. */
function beside(priority: number): Keepalived {
  const keepalived = new Keepalived(
    site.box(1),
    `global_defs {
}
vrrp_instance lan {
  state BACKUP
  interface eth1
  virtual_router_id 51
  version 2
  priority ${priority}
  advert_int 1
  virtual_ipaddress {
    ${VIP}/24 dev eth1
  }
}
`,
  );
  site.atClose(() => keepalived.close());
  return keepalived;
}

describe("takeover", () => {
  test("makes the backup master with 254, and can be taken back on the other side", async () => {
    const [high, low] = await pair();
    const from = now();
    expect(await low.command("takeover", "lan")).toEqual({ code: 0, stdout: "takeover: lan\n", stderr: "" });
    await high.is("lan", "backup", "10.77.1.2 has priority 254");
    expect((await low.command("status")).stdout).toContain("priority  254 by takeover");
    await sleep(1000);
    expect(advertised(1, from)).toEqual([254]);
    expect([await holds(0), await holds(1)]).toEqual([false, true]);
    // The other one has the lower address: an equal priority alone would not do.
    expect((await high.command("takeover", "lan")).code).toBe(0);
    await low.is("lan", "backup", "10.77.1.1 has priority 254");
    await sleep(500);
    expect([await holds(0), await holds(1)]).toEqual([true, false]);
    const { effective_priority: effective } = await low.router("lan");
    expect(effective).toBe(100);
  });

  test("outlives a reload and not a restart", async () => {
    const [high, low] = await pair();
    await low.command("takeover", "lan");
    await low.reload(text(90));
    await sleep(500);
    expect((await low.router("lan")).effective_priority).toBe(254);
    await low.kill();
    await low.start();
    await high.is("lan", "master");
    await low.is("lan", "backup");
    expect((await low.router("lan")).effective_priority).toBe(90);
  });

  test("takes the address from keepalived, which takes it back once it is released", async () => {
    const keepalived = beside(200);
    await keepalived.start();
    const low = await started(0, text(100, "version = 2").replace('"100ms"', '"1s"'));
    await until("keepalived is heard", 8000, async () => (await low.router("lan")).master !== null);
    expect((await low.command("takeover", "lan")).code).toBe(0);
    await until("keepalived gave it up", 5000, async () => !(await holds(1)));
    const from = now();
    await sleep(3000);
    expect(advertised(1, from)).toEqual([]);
    expect(await holds(0)).toBe(true);
    await low.command("standby", "lan");
    await until("keepalived has it again", 5000, async () => await holds(1));
  });

  test("is refused against keepalived that owns the address, with the reason", async () => {
    const keepalived = beside(255);
    await keepalived.start();
    const low = await started(0, text(100, "version = 2").replace('"100ms"', '"1s"'));
    await until("keepalived is heard", 8000, async () => (await low.router("lan")).master !== null);
    for (const argv of [["takeover"], ["takeover", "lan", "--force"]]) {
      expect(await low.command(...argv)).toEqual({
        code: 1,
        stdout: "",
        stderr: "lan: 10.77.1.2 owns the addresses (priority 255), and gives way to nobody\n",
      });
    }
    expect((await low.router("lan")).state).toBe("backup");
  });

  test("against keepalived of priority 254 and the higher address leaves with 1, and says who won", async () => {
    const keepalived = beside(254);
    await keepalived.start();
    const low = await started(0, text(100, "version = 2").replace('"100ms"', '"1s"'));
    await until("keepalived is heard", 8000, async () => (await low.router("lan")).master !== null);
    const { code, stderr } = await low.command("takeover", "lan");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "lan was taken and is backup again: 10.77.1.2 has priority 254\n",
    });
    await until("one has the address", 3000, async () => !(await holds(0)) && (await holds(1)));
  });

  test("is refused in a fault, forced or not", async () => {
    const [, low] = await pair('track_interfaces = ["eth2"]');
    await site.cable(site.box(1), 2, false);
    await low.is("lan", "fault");
    for (const argv of [
      ["takeover", "lan"],
      ["takeover", "lan", "--force"],
    ]) {
      const { code, stderr } = await low.command(...argv);
      expect({ code, stderr }).toEqual({ code: 1, stderr: "lan is in fault: eth2 is down\n" });
    }
  });

  test("is refused while a weight counts against it, and done by --force", async () => {
    const [, low] = await pair('track_interfaces = [{ name = "eth2", weight = -20 }]');
    await site.cable(site.box(1), 2, false);
    await until("it is seen", 5000, async () => (await low.router("lan")).effective_priority === 80);
    const { code, stderr } = await low.command("takeover", "lan");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "lan: eth2 is down; takeover --force takes it all the same\n",
    });
    expect((await low.command("takeover", "lan", "--force")).code).toBe(0);
    expect((await low.router("lan")).state).toBe("master");
  });

  test("of a name that nobody has leaves with 1", async () => {
    const [high] = await pair();
    for (const command of ["standby", "takeover"]) {
      expect(await high.command(command, "wan")).toEqual({
        code: 1,
        stdout: "",
        stderr: "no virtual router is called wan\n",
      });
    }
  });
});

describe("a sync group", () => {
  const both = (priority: number): string =>
    text(priority, 'sync_group = "gateway"') +
    text(priority, 'sync_group = "gateway"')
      .replace("[vrrp.lan]", "[vrrp.wan]")
      .replace("eth1", "eth2")
      .replace(VIP, "10.77.2.50");

  test("goes and comes as a whole", async () => {
    const high = await started(0, both(150));
    const low = await started(1, both(100));
    const are = (agent: Agent, state: string): Promise<unknown> =>
      Promise.all(["lan", "wan"].map((name) => agent.is(name, state)));
    await are(high, "master");
    await are(low, "backup");
    expect((await low.command("takeover", "wan")).stdout).toBe("takeover: lan, wan\n");
    await are(high, "backup");
    expect((await low.command("standby", "lan")).stdout).toBe("standby: lan, wan\n");
    await are(high, "master");
    await are(low, "standby");
    expect((await low.command("takeover")).stdout).toBe("takeover: lan, wan\n");
    await are(high, "backup");
    expect((await low.command("takeover")).stdout).toBe("already master: lan, wan\n");
  });
});
