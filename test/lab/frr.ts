/**
 * FRR's vrrpd in a node of a lab, beside a zebra of its own. It makes no devices: the operator gives it a macvlan with the virtual MAC
 * and the addresses, and it takes that up and down (protodown). So it answers from other link-layer addresses than the node's.
 */
import { existsSync } from "node:fs";
import type { RouterSpec } from "./daemon.ts";
import type { Station } from "./lab.ts";
import { INTERFACE } from "./lab.ts";
import type { Child } from "./process.ts";
import { now, run, sleep, until } from "./process.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

const START_MS = 10_000;
const STOP_MS = 5000;
const LAST_WISH_MS = 300;
const DEVICE = "virtual";
/** Debian keeps the daemons apart from the programs that people start. */
const DAEMONS = "/usr/lib/frr";

export class Frr {
  readonly station: Station;
  readonly log: string[] = [];
  /** The virtual router's: RFC 9568 7.3. */
  readonly mac: string;
  /** Where its adverts come from; for IPv6 the device's own link-local address. */
  readonly source: string;
  readonly #router: RouterSpec;
  readonly #six: boolean;
  #directory: string | null = null;
  #zebra: Child | null = null;
  #vrrpd: Child | null = null;

  constructor(station: Station, router: RouterSpec) {
    this.station = station;
    this.#router = router;
    this.#six = router.addresses.some((address) => address.includes(":"));
    this.source = this.#six ? station.linkLocal.replace("::", "::51:") : station.address4;
    this.mac = `00:00:5e:00:0${this.#six ? 2 : 1}:${router.vrid.toString(16).padStart(2, "0")}`;
  }

  /** All link-layer addresses that it may answer from. */
  get macs(): readonly string[] {
    return [this.mac, this.station.mac];
  }

  /** What an operator does once: the device, and no ARP answers for its addresses from the one below. */
  async prepare(): Promise<void> {
    const { namespace } = this.station;
    await namespace.ip(
      `link add ${DEVICE} link ${INTERFACE} type macvlan mode bridge`,
      `link set ${DEVICE} address ${this.mac} addrgenmode none`,
      ...this.#router.addresses.map(
        (address) => `addr add ${address} dev ${DEVICE}${this.#six ? " nodad" : ""}`,
      ),
      // Adverts of IPv6 come from the device's own link-local address.
      ...(this.#six ? [`addr add ${this.source}/64 dev ${DEVICE} nodad`] : []),
      `link set ${DEVICE} up`,
    );
    await namespace.run(["sysctl", "-q", "-w", "net.ipv4.conf.all.arp_ignore=1"]);
  }

  async start(): Promise<number> {
    this.#directory ??= makeScratch();
    const directory = this.#directory;
    const { vrid, priority, interval, addresses, preempt } = this.#router;
    const family = this.#six ? "ipv6" : "ip";
    const config = [
      `interface ${INTERFACE}`,
      ` vrrp ${vrid} version 3`,
      ` vrrp ${vrid} priority ${priority}`,
      ` vrrp ${vrid} advertisement-interval ${interval}`,
      ...(preempt === false ? [` no vrrp ${vrid} preempt`] : []),
      ...addresses.map((address) => ` vrrp ${vrid} ${family} ${address.replace(/\/.*/, "")}`),
    ];
    await Bun.write(`${directory}/zebra.conf`, "");
    await Bun.write(`${directory}/vrrpd.conf`, `${config.join("\n")}\n`);
    // They give root up for a user that must own the directory of their sockets.
    await run(["chown", "-R", "frr:frr", directory]);
    const before = now();
    const socket = `${directory}/zserv`;
    await run(["rm", "-f", socket]);
    this.#zebra = this.#spawn("zebra", directory);
    await until("zebra's socket", START_MS, () => existsSync(socket));
    this.#vrrpd = this.#spawn("vrrpd", directory);
    return before;
  }

  #spawn(name: string, directory: string): Child {
    const files = ["-f", `${directory}/${name}.conf`, "-i", `${directory}/${name}.pid`];
    const sockets = ["-z", `${directory}/zserv`, "--vty_socket", directory, "-P", "0"];
    const argv = [`${DAEMONS}/${name}`, ...files, ...sockets, "--log", "stdout"];
    return this.station.namespace.spawn(argv, { onLine: (line) => this.log.push(line) });
  }

  /** SIGTERM to vrrpd, and to zebra when that has done what vrrpd asked it last: to take the device down. */
  async stop(): Promise<void> {
    await this.#vrrpd?.end("SIGTERM", STOP_MS);
    await sleep(LAST_WISH_MS);
    await this.#zebra?.end("SIGTERM", STOP_MS);
  }

  /** SIGKILL to both. */
  async kill(): Promise<void> {
    await this.#vrrpd?.end("SIGKILL", STOP_MS);
    await this.#zebra?.end("SIGKILL", STOP_MS);
  }

  async close(): Promise<void> {
    await this.kill();
    if (this.#directory !== null) removeScratch(this.#directory);
    this.#directory = null;
  }
}
