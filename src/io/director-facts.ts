/** What the doctor is told of directors and real servers: files of /proc that tell of services, neighbours and listeners. */
import { existsSync } from "node:fs";
import type { Ip } from "../base/address.ts";
import { parseIp } from "../base/address.ts";
import type { Facts } from "../doctor/facts.ts";
import { printedServices } from "../wire/ipvs-proc.ts";
import { addressOf, procLines } from "./proc-lines.ts";

/** The state LISTEN of a socket. */
const LISTEN = "0A";

/** IPv4 neighbours that do not answer ARP: `10.0.0.9 0x1 0x0 00:00:00:00:00:00 * eth1`. */
function silent(): Ip[] {
  return procLines("/proc/net/arp").flatMap((line) => {
    const [address = "", , flags] = line.split(/ +/);
    const parsed = parseIp(address);
    return parsed.ok && flags === "0x0" ? [parsed.value] : [];
  });
}

/** Who listens by TCP: `0: 0100007F:1F90 00000000:0000 0A …` */
function listeners(): { readonly address: Ip; readonly port: number }[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(procLines).flatMap((line) => {
    const [, words, port = "", state] =
      /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) \S+ (\S\S) /.exec(line) ?? [];
    return words === undefined || state !== LISTEN
      ? []
      : [{ address: addressOf(words), port: Number.parseInt(port, 16) }];
  });
}

export const directorFacts = (): Pick<Facts, "directed" | "silent" | "listeners" | "ftp"> => ({
  directed: printedServices(procLines("/proc/net/ip_vs")).map(({ name }) => name),
  silent: new Set(silent()),
  listeners: listeners(),
  ftp: existsSync("/sys/module/ip_vs_ftp"),
});
