/** Services and servers in the words of ipvsadm(8). */
import type { Destination, Entry, Service, ServiceId } from "../../src/wire/ipvs.ts";
import { maskOf, serviceFamily } from "../../src/wire/ipvs.ts";

/** An address with its port. */
export const endpoint = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;

const dotted = (mask: number): string => [24, 16, 8, 0].map((shift) => (mask >>> shift) & 255).join(".");

/** An id as an option of ipvsadm. */
function idOption(id: ServiceId): string {
  if (id.kind === "fwmark") return `-f ${id.mark}${id.family === 6 ? " -6" : ""}`;
  const letter = { tcp: "-t", udp: "-u", sctp: "--sctp-service" }[id.protocol];
  return `${letter} ${endpoint(id)}`;
}

/** A service as `ipvsadm -S` prints it. */
export function serviceLine(one: Service): string {
  const words = [`-A ${idOption(one.id)} -s ${one.scheduler}`];
  const { persistence, schedulerFlags, scheduler } = one;
  if (persistence !== null) {
    words.push(`-p ${persistence.timeout}`);
    const prefix = persistence.prefix ?? 0;
    if (serviceFamily(one.id) === 4 && prefix < 32) words.push(`-M ${dotted(maskOf(prefix))}`);
    if (serviceFamily(one.id) === 6 && prefix < 128) words.push(`-M ${prefix}`);
  }
  if (one.onePacket) words.push("-o");
  const flags = ["fallback", "port"].filter((_, bit) => (schedulerFlags & (1 << bit)) !== 0);
  if (flags.length > 0) words.push(`-b ${flags.map((flag) => `${scheduler}-${flag}`).join(",")}`);
  return words.join(" ");
}

/** A server as `ipvsadm -S` prints it: without its thresholds. */
export function serverLine(id: ServiceId, one: Destination): string {
  const letter = { nat: "-m", dr: "-g", tun: "-i", local: "", bypass: "" }[one.forward];
  const tunnel = one.forward === "tun" ? " --tun-type ipip" : "";
  return `-a ${idOption(id)} -r ${endpoint(one)} ${letter} -w ${one.weight}${tunnel}`;
}

/** A table as `ipvsadm -S` prints it. */
export const lines = (entries: readonly Entry[]): string[] =>
  entries.flatMap(({ service: one, destinations }) => [
    serviceLine(one),
    ...destinations.map(({ destination }) => serverLine(one.id, destination)),
  ]);

/** The thresholds, as options of ipvsadm. */
export const limits = ({ upper, lower }: Destination): string =>
  upper === 0 ? "" : ` -x ${upper} -y ${lower}`;
