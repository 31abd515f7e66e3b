/** What every build must do, whatever runs it: the commands, and a life of two nodes with every kind of end. */
import { describe, expect, test } from "bun:test";
import { ROUTER, VIP } from "../lab/daemon.ts";
import { Haagent } from "../lab/haagent.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import { now, run, until } from "../lab/process.ts";
import { Scripts } from "../features/scripts.ts";
import { Pair } from "../lab/pair.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import type { Build } from "./build.ts";

/** A failover under emulation: seconds of the protocol, and some for the machine. */
const TEST_MS = 120_000;
/** For what takes a moment. */
const WAIT_MS = 20_000;

/** A command of the build; it may fail. */
function command(build: Build, ...argv: readonly string[]): { code: number; stdout: string; stderr: string } {
  const child = Bun.spawnSync([...build.program(), ...argv], { stdin: "ignore" });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

/** Two nodes of `build`, the first one the stronger. */
function pair(build: Build): Promise<Pair> {
  const routers = [{ ...ROUTER, priority: 200 }, ROUTER] as const;
  return Pair.create({
    kinds: ["haagent", "haagent"],
    routers,
    make: (station, side) => Haagent.create(station, routers[side], [...build.program()]),
  });
}

/** The tests of one build. */
export function keepsPromises(build: Build, where: string): void {
  describe(`${build.file}, ${where}`, () => {
    test("says which machine it is for", () => {
      const { code, stdout } = command(build, "version");
      expect(code).toBe(0);
      expect(stdout).toContain(build.machine);
    });

    test("checks a configuration", async () => {
      const directory = makeScratch();
      try {
        const file = `${directory}/haagent.toml`;
        const good = '[vrrp.lan]\ninterface = "eth0"\nvrid = 51\naddresses = ["192.0.2.1/24"]\n';
        await Bun.write(file, good);
        expect(command(build, "check", "--config", file)).toEqual({ code: 0, stdout: "", stderr: "" });
        await Bun.write(file, good.replace("51", "256"));
        const refused = command(build, "check", "--config", file);
        expect(refused.code).toBe(1);
        expect(refused.stderr).toStartWith(`${file}:3:8: error: `);
      } finally {
        removeScratch(directory);
      }
    });

    test(
      "hands an address over when the master is lost, killed, and stopped",
      async () => {
        await using site = await pair(build);
        await site.start();
        await site.settled(0);
        const [first, second] = site.daemons;

        // Lost behind its switch, then dead: only the peer's clock tells.
        const lost = await site.lab.cut(site.node(0));
        first.kill();
        await site.settled(1);
        expect(site.client.outage(lost, now()).ms).toBeLessThan(6000);
        await site.lab.heal(site.node(0));
        await first.start();
        await site.settled(0);

        // Killed and started again at once: the ledger says that it may go on.
        const killed = await first.killRespawned();
        await site.settled(0);
        expect(site.advertisers(killed)).toEqual([site.node(0).name]);

        // Stopped: it says so, and leaves nothing.
        const stopped = now();
        await first.stop();
        await site.settled(1);
        expect(site.client.outage(stopped, now()).ms).toBeLessThan(3000);
        expect(await site.node(0).namespace.run(["ip", "addr"])).not.toContain(VIP);
        await second.stop();
      },
      TEST_MS,
    );

    test(
      "runs checks and scripts, labels by ioctl, IPv6, and real time",
      async () => {
        const scripts = await Scripts.create();
        const told = await scripts.write("told", "echo $HAAGENT_STATE >> $D/states");
        await using lab = await Lab.create(1);
        const file = { path: scripts.path("haagent.toml"), text: (run: string) => everything(run, told) };
        const node = await Haagent.withFile(lab.node(0), file, [...build.program()]);
        lab.atClose(async () => {
          await node.close();
          await scripts.close();
        });
        await node.start();
        await until("it is master", WAIT_MS, async () => (await node.router()).state === "master");
        const held = await node.station.namespace.run(["ip", "-o", "addr", "show", "dev", INTERFACE]);
        // The broadcast address is the mark of the ioctl.
        expect(held).toContain(`inet ${VIP}/8 brd 10.255.255.255 scope global dynamic ${INTERFACE}:7`);
        expect(held).toContain("inet6 fd77::50/64");
        await until("the script ran", WAIT_MS, () => scripts.lines("states").includes("MASTER"));
        await until("the check is up", WAIT_MS, async () => (await node.router()).tracks[0]?.up === true);
        expect(node.log.filter((line) => line.includes("agent.warning"))).toEqual([]);
        const policy = await run(["ps", "-o", "cls=,rtprio=", "-p", String(node.pid)]);
        expect(policy.trim().split(/ +/)).toEqual(["RR", "10"]);
        // The command's own words, not the numbers for programs.
        expect((await node.command(["status"])).stdout).toContain("MASTER");
      },
      TEST_MS,
    );
  });
}

/** A configuration that takes the ways into the kernel which the pair's does not. */
const everything = (runtimeDir: string, told: string): string => `
[agent]
runtime_dir = "${runtimeDir}"
state_dir = "${runtimeDir}/state"
realtime_priority = 10
script_user = "root"

[vrrp.lan]
interface = "${INTERFACE}"
vrid = 51
addresses = [{ address = "${VIP}/8", label = "${INTERFACE}:7" }]
excluded_addresses = ["fd77::50/64"]
track_checks = ["always"]
notify = { master = ["${told}"] }

[check.always]
type = "script"
command = ["/bin/true"]
`;
