/** The Debian package in the hands of dpkg, on a machine with systemd and on one with System V init. */
import { beforeAll, describe, expect, test } from "bun:test";
import manifest from "../../package.json";
import { Lab } from "../lab/lab.ts";
import { Owners } from "../lab/owner.ts";
import { now, run, until } from "../lab/process.ts";
import type { MachineOptions } from "../services/machine.ts";
import { Machine } from "../services/machine.ts";
import { CONFIG, VIP } from "../services/promises.ts";
import { asVersion, PACKAGE_MS, packages, shelf } from "./built.ts";

const WAIT_MS = 20_000;
const TEST_MS = 120_000;
const OLD = "/old.deb";
const NEW = "/new.deb";
const FILE = "/etc/haagent.toml";
/** Of an agent that somebody runs by hand beside the service. */
const OTHER = "/other.toml";

const directory = shelf();
const old = `${directory}/haagent_${manifest.version}_amd64.deb`;
let next = "";
beforeAll(async () => {
  await packages(directory, ["linux-x64"]);
  next = await asVersion(old, "999.0.0");
}, PACKAGE_MS);

/** A machine with both packages at hand, and who holds the address in it. */
async function boot(lab: Lab, options: MachineOptions): Promise<[Machine, Owners]> {
  const machine = await Machine.boot(lab.node(0), { ...options, seen: { [OLD]: old, [NEW]: next } });
  lab.atClose(() => machine.close());
  const owners = await Owners.watch(lab.nodes, VIP);
  lab.atClose(() => owners.close());
  return [machine, owners];
}

/** What System V init leaves in the environment; without a runlevel invoke-rc.d starts nothing. */
const RUNLEVEL = ["RUNLEVEL=2", "PREVLEVEL=N"];

/** dpkg, never asking. */
const dpkg = (machine: Machine, ...argv: readonly string[]): Promise<string> =>
  machine.run("env", "DEBIAN_FRONTEND=noninteractive", ...RUNLEVEL, "dpkg", "--force-confold", ...argv);

const held = (owners: Owners): boolean => owners.at(now()).length > 0;

async function pid(machine: Machine, file = FILE): Promise<number | null> {
  const { code, stdout } = await machine.command("haagent", "status", "--json", "--config", file);
  return code === 0 ? Number(JSON.parse(stdout).pid) : null;
}

/** How often an agent went on as the master that was killed. */
const resumed = async (machine: Machine): Promise<number> =>
  (await machine.run("cat", "/var/log/haagent.log")).split("resumed").length - 1;

/** What either init must live through. */
async function life(
  machine: Machine,
  owners: Owners,
  start: readonly string[],
  stop: readonly string[],
): Promise<void> {
  // Installed, and not at work before it is told what to do.
  expect(await dpkg(machine, "--install", OLD)).toContain("nothing runs until /etc/haagent.toml says what");
  expect(await pid(machine)).toBe(null);
  expect((await machine.command("dpkg", "--verify", "haagent")).stdout).toBe("");
  await machine.run("cp", "/config", FILE);
  await machine.run(...start);
  await until("the address is held", WAIT_MS, () => held(owners));
  const first = await pid(machine);
  machine.spawn("haagent", "--config", OTHER);
  await until("the other one runs", WAIT_MS, async () => (await pid(machine, OTHER)) !== null);
  const other = await pid(machine, OTHER);

  // Upgraded: another program, the same master, the same configuration. What is none of the package's goes on.
  const upgrading = now();
  await dpkg(machine, "--install", NEW);
  await until("the new one runs", WAIT_MS, async () => ![null, first].includes(await pid(machine)));
  await until("it has resumed", WAIT_MS, async () => (await resumed(machine)) === 1);
  expect(owners.nobody(upgrading, now())).toBe(0);
  expect(await machine.run("cat", FILE)).toBe(CONFIG);
  expect(await pid(machine, OTHER)).toBe(other);
  await machine.run("haagent", "stop", "--config", OTHER);
  const second = await pid(machine);

  // An upgrade that would refuse the configuration leaves the old one at work.
  await machine.run("cp", "/wrong", FILE);
  await dpkg(machine, "--install", OLD);
  expect(await pid(machine)).toBe(second);
  await machine.run("cp", "/config", FILE);

  // Stopped by hand, it stays so in an upgrade.
  await machine.run(...stop);
  await until("it is released", WAIT_MS, () => !held(owners));
  await dpkg(machine, "--install", NEW);
  expect(await pid(machine)).toBe(null);
  await machine.run(...start);
  await until("the address is held again", WAIT_MS, () => held(owners));

  // Removed: released, the configuration stays, and the script that stays with it does nothing. Installed again: at work at once.
  await dpkg(machine, "--remove", "haagent");
  await until("it is released", WAIT_MS, () => !held(owners));
  expect(await machine.run("cat", FILE)).toBe(CONFIG);
  await machine.run("/etc/init.d/haagent", "start");
  await dpkg(machine, "--install", NEW);
  await until("the address is held again", WAIT_MS, () => held(owners));

  // Purged: nothing is left.
  await dpkg(machine, "--purge", "haagent");
  await until("it is released again", WAIT_MS, () => !held(owners));
  const left = await machine.run(
    ...["find", "/etc", "/usr", "/var/lib", "/run", "-name", "*haagent*", "-not", "-path", "/usr/src/*"],
  );
  expect(left.split("\n").filter((line) => !/^(\/var\/lib\/dpkg\/info\/)?$/.test(line))).toEqual([]);
}

const FILES = {
  "/config": CONFIG,
  "/wrong": `${CONFIG}vird = 3\n`,
  [OTHER]: CONFIG.replace("[agent]", '[agent]\nruntime_dir = "/run/other"\nstate_dir = "/run/other/state"')
    .replace("/haagent.log", "/other.log")
    .replace("vrid = 51", "vrid = 52")
    .replace(VIP, "10.77.0.52"),
};

describe("the Debian package", () => {
  test("says what it is", async () => {
    const fields = await run(["dpkg-deb", "--field", old]);
    expect(fields).toContain(`Version: ${manifest.version}\nArchitecture: amd64\nMulti-Arch: foreign\n`);
    expect(fields).toContain("\nDepends: libc6 (>= 2.17)\n");
  });

  test(
    "installs, upgrades without a move of the address, and goes, under systemd",
    async () => {
      await using lab = await Lab.create(1);
      const [machine, owners] = await boot(lab, { systemd: true, files: FILES });
      await life(machine, owners, ["systemctl", "start", "haagent"], ["systemctl", "stop", "haagent"]);
    },
    TEST_MS,
  );

  test(
    "does so under System V init",
    async () => {
      await using lab = await Lab.create(1);
      const [machine, owners] = await boot(lab, { files: FILES });
      await life(machine, owners, ["service", "haagent", "start"], ["service", "haagent", "stop"]);
    },
    TEST_MS,
  );
});
