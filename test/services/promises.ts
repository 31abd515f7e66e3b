/** What haagent must do under any service manager: started, killed, reloaded, hung and stopped, seen from outside. */
import { describe, expect, test } from "bun:test";
import { INTERFACE, Lab } from "../lab/lab.ts";
import { Owners } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import type { Ended, MachineOptions } from "./machine.ts";
import { Machine } from "./machine.ts";

const TEST_MS = 120_000;
/** For a turn of the election and the machine's own slowness. */
const WAIT_MS = 20_000;

export const VIP = "10.77.0.50";
export const BINARY = new URL("../../dist/haagent", import.meta.url).pathname;
/** Text of a file of conf/. */
export const conf = (name: string): Promise<string> =>
  Bun.file(new URL(`../../conf/${name}`, import.meta.url)).text();

/** Addresses that only a release takes away again, and the agent's own words in a file. */
export const CONFIG = `
[agent]
address_lifetime = "forever"
log = { target = "/var/log/haagent.log" }

[vrrp.lan]
interface = "${INTERFACE}"
vrid = 51
addresses = ["${VIP}/24"]
`;

/** A service manager by its commands. */
export interface Manager {
  readonly name: string;
  /** The machine with its service files in place. */
  readonly machine: () => Promise<MachineOptions>;
  /** Done once after the boot. */
  readonly prepare?: (machine: Machine) => Promise<unknown>;
  readonly start: readonly string[];
  readonly stop: readonly string[];
  readonly restart: readonly string[];
  readonly reload: readonly string[];
  readonly status: readonly string[];
  /** Whether an answer to `status` says that it runs. */
  readonly running: (status: Ended) => boolean;
  /** Whether `start` itself fails with a wrong configuration; else nothing runs after it. */
  readonly refuses: boolean;
}

/** One machine, its one agent and the address. */
class Site {
  readonly machine: Machine;
  readonly owners: Owners;
  readonly manager: Manager;

  constructor(machine: Machine, owners: Owners, manager: Manager) {
    this.machine = machine;
    this.owners = owners;
    this.manager = manager;
  }

  /** The agent's process id as its status tells it; null without an agent. */
  async pid(): Promise<number | null> {
    const { code, stdout } = await this.machine.command("haagent", "status", "--json");
    return code === 0 ? Number(JSON.parse(stdout).pid) : null;
  }

  get held(): boolean {
    return this.owners.at(now()).length > 0;
  }

  async isMaster(): Promise<number> {
    await until("the address is held", WAIT_MS, () => this.held);
    const pid = await this.pid();
    if (pid === null) throw new Error("no agent answers");
    return pid;
  }

  async log(): Promise<string> {
    return (await this.machine.command("cat", "/var/log/haagent.log")).stdout;
  }

  async running(): Promise<boolean> {
    return this.manager.running(await this.machine.command(...this.manager.status));
  }
}

/** The tests under one service manager. */
export function serves(manager: Manager): void {
  const site = async (lab: Lab, config = CONFIG): Promise<Site> => {
    const options = await manager.machine();
    const station = lab.node(0);
    const machine = await Machine.boot(station, {
      ...options,
      files: { "/etc/haagent.toml": config, ...options.files },
      seen: { "/usr/sbin/haagent": BINARY, ...options.seen },
    });
    lab.atClose(() => machine.close());
    await manager.prepare?.(machine);
    const owners = await Owners.watch([station], VIP);
    lab.atClose(() => owners.close());
    return new Site(machine, owners, manager);
  };

  describe(`haagent under ${manager.name}`, () => {
    test(
      "starts, carries on after a kill, reloads, restarts and stops",
      async () => {
        await using lab = await Lab.create(1);
        const here = await site(lab);
        const { machine } = here;
        expect(await here.running()).toBe(false);
        await machine.run(...manager.start);
        const first = await here.isMaster();
        expect(await here.running()).toBe(true);
        // What spares the runtime's allocator work.
        const { stdout: environment } = await machine.command("cat", `/proc/${first}/environ`);
        expect(environment).toContain("MIMALLOC_PURGE_HOLES_MIN_INTERVAL=");

        // More than a second old, as a service that is not just failing.
        await sleep(1500);
        const killed = now();
        await machine.run("kill", "-KILL", String(first));
        await until("another one runs", WAIT_MS, async () => ![null, first].includes(await here.pid()));
        expect(here.owners.nobody(killed, now())).toBe(0);
        // A process is there before it has said anything.
        await until("it resumes", WAIT_MS, async () => (await here.log()).includes("resumed"));

        await machine.run(...manager.reload);
        await until(
          "it has reloaded",
          WAIT_MS,
          async () => (await here.log()).split("config.loaded").length > 3,
        );
        const second = await here.isMaster();

        await machine.run(...manager.restart);
        await until("a third one runs", WAIT_MS, async () => ![null, second].includes(await here.pid()));
        await here.isMaster();

        await machine.run(...manager.stop);
        await until("it has gone", WAIT_MS, async () => !here.held && !(await here.running()));
        expect(await here.pid()).toBe(null);
        await sleep(1500);
        expect(await here.pid()).toBe(null);
      },
      TEST_MS,
    );

    test(
      "is killed when it hangs, and what it held is released at the final stop",
      async () => {
        await using lab = await Lab.create(1);
        const here = await site(lab);
        await here.machine.run(...manager.start);
        const pid = await here.isMaster();
        // systemd and runit wake it to stop it; the others kill it in the end.
        await here.machine.run("kill", "-STOP", String(pid));
        await here.machine.run(...manager.stop);
        await until("it is released", WAIT_MS, () => !here.held);
        expect((await here.machine.command("kill", "-0", String(pid))).code).not.toBe(0);
      },
      TEST_MS,
    );

    test(
      "is not started again and again with a wrong configuration",
      async () => {
        await using lab = await Lab.create(1);
        const here = await site(lab, `${CONFIG}vird = 3\n`);
        const started = await here.machine.command(...manager.start);
        if (manager.refuses) expect(started.code).not.toBe(0);
        // Its first run may come a moment after the order.
        const latest = now() + WAIT_MS;
        for (let since = now(); now() - since < 2500;) {
          if (await here.running()) since = now();
          expect(now()).toBeLessThan(latest);
        }
      },
      TEST_MS,
    );
  });
}
