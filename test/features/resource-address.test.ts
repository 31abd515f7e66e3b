/** Addresses of resources, and scripts beside them, through the compiled binary. */
import { describe, expect, test } from "bun:test";
import type { Lab } from "../lab/lab.ts";
import { ran, until } from "../lab/process.ts";
import { PATIENCE_MS, wires } from "./cluster-scene.ts";
import { isDead, Solo } from "./resource-solo.ts";

const LONG_MS = 240_000;
const VIP = "10.77.0.50";

/** The MAC address that the client has for an address by its ARP cache; null: it has none that counts. */
async function neighbour(lab: Lab, address: string): Promise<string | null> {
  const told = await lab.client.namespace.run(["ip", "neigh", "show", address]);
  return / lladdr (\S+)/.exec(told)?.[1] ?? null;
}

const answers = async (lab: Lab, address: string): Promise<boolean> =>
  (await ran(lab.client.namespace.enter(["ping", "-c1", "-W1", address]))).code === 0;

const addressesOf = async (solo: Solo): Promise<string> =>
  solo.station.namespace.run(["ip", "-o", "addr", "show", "dev", "eth0"]);

describe("the address of a resource", () => {
  test.concurrent(
    "answers, moves the neighbours' caches, is put back when somebody takes it, and goes with a clean stop",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      await lab.client.namespace.ip(`neigh replace ${VIP} lladdr 02:00:00:00:00:99 nud reachable dev eth0`);
      await solo.groups([`a IPaddr::${VIP}/24/eth0/10.77.0.127 fd77::50/64/eth0`]);
      await solo.start();
      await until(
        "the neighbour told",
        PATIENCE_MS,
        async () => (await neighbour(lab, VIP)) === lab.node(0).mac,
      );
      expect(await answers(lab, VIP)).toBe(true);
      await solo.says(["resource.ran", "resource=fd77::50/64/eth0", "task=start"]);
      const there = await addressesOf(solo);
      expect(there).toMatch(/inet 10\.77\.0\.50\/24 brd 10\.77\.0\.127 .*valid_lft [12]sec/s);
      expect(there).toMatch(/inet6 fd77::50\/64 /);
      const ledger = (await solo.command("status", "--json")).stdout;
      expect(ledger).toContain('"health"');
      await solo.station.namespace.ip(`addr del ${VIP}/24 dev eth0`);
      await solo.says(["address.restored", `address=${VIP}`]);
      expect(await addressesOf(solo)).toContain(`inet ${VIP}/24`);
      await solo.stop();
      expect(await addressesOf(solo)).not.toMatch(/10\.77\.0\.50|fd77::50/);
    },
    LONG_MS,
  );

  test.concurrent(
    "goes with an agent that is killed: by its lifetime, by haagent release, and at the next start",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      await solo.groups([`a ${VIP}`]);
      await solo.start();
      await until("it answers", PATIENCE_MS, () => answers(lab, VIP));
      await solo.kill();
      const released = await solo.command("release");
      expect(released.code).toBe(0);
      expect(await addressesOf(solo)).not.toContain(VIP);
      await solo.start();
      await until("it answers again", PATIENCE_MS, () => answers(lab, VIP));
      await solo.kill();
      await until("its lifetime over", PATIENCE_MS, async () => !(await addressesOf(solo)).includes(VIP));
    },
    LONG_MS,
  );

  test.concurrent(
    "is on one node at a time when it is handed over, and when the agent that has it is killed",
    async () => {
      await using lab = await wires();
      const [a, b] = [new Solo(lab, 0), new Solo(lab, 1)];
      for (const each of [a, b]) {
        await each.groups([`a ${VIP}/24/eth0`], "auto_failback = false\n", "3s", "4s");
        await each.start();
      }
      const has = async (solo: Solo): Promise<boolean> => (await addressesOf(solo)).includes(VIP);
      /** Waits until the taker has it; the giver, looked at afterwards, never has. */
      const moves = async (giver: Solo, taker: Solo): Promise<void> => {
        await until(`${taker.name} has it; ${taker.log.slice(-9).join("\n")}`, PATIENCE_MS, async () => {
          const taken = await has(taker);
          if (taken) expect(await has(giver)).toBe(false);
          return taken;
        });
        await until("the neighbour told", PATIENCE_MS, async () => {
          return (await neighbour(lab, VIP)) === taker.station.mac && (await answers(lab, VIP));
        });
      };
      await until("it answers", PATIENCE_MS, () => answers(lab, VIP));
      expect((await a.command("standby", "--groups", "all")).code).toBe(0);
      await moves(a, b);
      b.signal("SIGKILL");
      await moves(b, a);
    },
    LONG_MS,
  );

  test.concurrent(
    "that is somebody else's is never touched, and its group fails with a word",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      await solo.station.namespace.ip(`addr add ${VIP}/24 dev eth0`);
      await solo.groups([`a ${VIP}`]);
      await solo.start();
      await solo.says(["resource.failed", "task=start", `${VIP}/24 is on eth0 already, and not by us`]);
      await solo.stop();
      expect(await addressesOf(solo)).toContain(`inet ${VIP}/24`);
    },
    LONG_MS,
  );
});

describe("a group with scripts", () => {
  test.concurrent(
    "calls resource.d and init.d with their arguments in order, and tells in the log what they said",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      const body =
        'echo "$(basename $(dirname $0)) $*" >> $D/calls; echo "$HA_CURHOST says $#"; [ "$1" = status -o "$3" = status ] && echo stopped; exit 0';
      solo.script("resource.d/disk", body);
      solo.script("init.d/disk", body);
      solo.script("init.d/web", body);
      await solo.groups([`a ${VIP} disk::/dev/x::y web`]);
      await solo.start();
      await solo.says(["resource.ran", "resource=web", "task=start", 'output="a says 1"']);
      await solo.stop();
      const calls = solo.lines("calls").filter((line) => !line.endsWith("status"));
      expect(calls).toEqual([
        "resource.d /dev/x y start",
        "init.d start",
        "init.d stop",
        "resource.d /dev/x y stop",
      ]);
    },
    LONG_MS,
  );

  test.concurrent(
    "kills a start that hangs with its children, tries it again, then fails, and stops what ran before it",
    async () => {
      await using lab = await wires();
      const solo = new Solo(lab);
      solo.script(
        "init.d/hangs",
        "echo $1 >> $D/calls; case $1 in start) sleep 300 & echo $! >> $D/children; wait ;; status) echo stopped ;; esac",
      );
      await solo.groups(
        [`a ${VIP} hangs`],
        '[heartbeat.resource_scripts]\nstart_timeout = "700ms"\nstart_tries = 2\npause = "100ms"\n',
      );
      await solo.start();
      await solo.says(["resource.state", "failed"]);
      expect(solo.log.filter((line) => line.includes("resource.failed")).join()).toContain(
        "timeout after 0.7s",
      );
      expect(solo.lines("calls").filter((call) => call === "start")).toHaveLength(2);
      expect(await addressesOf(solo)).not.toContain(VIP);
      const alive = solo.lines("children").filter((pid) => !isDead(pid));
      expect(alive).toEqual([]);
    },
    LONG_MS,
  );
});
