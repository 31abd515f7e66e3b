/** The Debian package in the hands of dpkg, on a machine with systemd and on one with System V init. */
import { beforeAll, describe, expect, test } from "bun:test";
import manifest from "../../package.json";
import { Lab } from "../lab/lab.ts";
import { Owners } from "../lab/owner.ts";
import { now, run, sleep, until } from "../lab/process.ts";
import type { MachineOptions } from "../services/machine.ts";
import { Machine } from "../services/machine.ts";
import { CONFIG, VIP } from "../services/promises.ts";
import { asVersion, PACKAGE_MS, packages, shelf } from "./built.ts";

const WAIT_MS = 20_000;
const TEST_MS = 120_000;
const OLD = "/old.deb";
const NEW = "/new.deb";
const FILE = "/etc/haagent.toml";

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

async function pid(machine: Machine): Promise<number | null> {
  const { code, stdout } = await machine.command("haagent", "status", "--json");
  return code === 0 ? Number(JSON.parse(stdout).pid) : null;
}

/** What either init must live through. */
async function life(machine: Machine, owners: Owners, start: readonly string[]): Promise<void> {
  // Installed, and not at work before it is told what to do.
  expect(await dpkg(machine, "--install", OLD)).toContain("nothing runs until /etc/haagent.toml says what");
  expect(await pid(machine)).toBe(null);
  expect((await machine.command("dpkg", "--verify", "haagent")).stdout).toBe("");
  await machine.run("cp", "/config", FILE);
  await machine.run(...start);
  await until("the address is held", WAIT_MS, () => held(owners));
  const first = await pid(machine);

  // Upgraded: another program, the same master, the same configuration.
  await sleep(1500);
  const upgrading = now();
  await dpkg(machine, "--install", NEW);
  await until("the new one runs", WAIT_MS, async () => ![null, first].includes(await pid(machine)));
  await sleep(2500);
  expect(owners.nobody(upgrading, now())).toBe(0);
  expect(await machine.run("cat", FILE)).toBe(CONFIG);
  const second = await pid(machine);

  // An upgrade that would refuse the configuration leaves the old one at work.
  await machine.run("cp", "/wrong", FILE);
  await dpkg(machine, "--install", OLD);
  expect(await pid(machine)).toBe(second);
  await machine.run("cp", "/config", FILE);

  // Removed: released, and the configuration stays. Installed again: at work at once.
  await dpkg(machine, "--remove", "haagent");
  await until("it is released", WAIT_MS, () => !held(owners));
  expect(await machine.run("cat", FILE)).toBe(CONFIG);
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

const FILES = { "/config": CONFIG, "/wrong": `${CONFIG}vird = 3\n` };

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
      await life(machine, owners, ["systemctl", "start", "haagent"]);
    },
    TEST_MS,
  );

  test(
    "does so under System V init",
    async () => {
      await using lab = await Lab.create(1);
      const [machine, owners] = await boot(lab, { files: FILES });
      await life(machine, owners, ["service", "haagent", "start"]);
    },
    TEST_MS,
  );
});
