/** The weights in a namespace's table of virtual services, as the kernel lists them in /proc/net/ip_vs: to look at often, as it costs little. */
import { readFileSync } from "node:fs";

/** The weights of servers by address, by service; a service is called as `10.0.0.1:80`, its servers without their port. */
export type Weights = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** `TCP  0A4D0165:0050 rr`: a service; `  -> 0A4D0104:0050      Route   1      0          0`: a server of it. */
const LINE = /^(?:(?:TCP|UDP) +([0-9A-F]{8}):([0-9A-F]{4})| +-> ([0-9A-F]{8}):[0-9A-F]{4} +\S+ +(\d+) )/gm;

const address = (hex: string): string =>
  [0, 2, 4, 6].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(".");

/** What `/proc/net/ip_vs` is in the namespace of a process; nothing where there is no IPVS. IPv4 by tcp and udp alone. */
export function readWeights(pid: number): Weights {
  const text = readFileSync(`/proc/${pid}/net/ip_vs`, "utf8");
  const table: Record<string, Record<string, number>> = {};
  let servers: Record<string, number> = {};
  for (const [, service, port = "", server, weight] of text.matchAll(LINE)) {
    if (service !== undefined) {
      servers = {};
      table[`${address(service)}:${Number.parseInt(port, 16)}`] = servers;
    } else if (server !== undefined) servers[address(server)] = Number(weight);
  }
  return table;
}
