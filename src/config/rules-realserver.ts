/** What may stand in `[realserver]`. */
import type { Ip } from "../base/address.ts";
import type { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { entries, virtualAddresses } from "./sections.ts";
import { header } from "./words.ts";

/** An address is carried once, and in silence: a router of ours that has it answers for it. */
export function judgeRealServer({ realserver, routers, services }: Sections, report: Report): void {
  if (realserver === null) return;
  const { addresses } = realserver.values;
  if (addresses !== null && addresses.value.length === 0)
    report.error(addresses.at, "[realserver] needs addresses");
  const virtual = virtualAddresses(routers);
  const seen = new Set<Ip>();
  for (const { value: ip, at } of entries(addresses)) {
    const router = virtual.get(ip);
    if (seen.has(ip)) report.error(at, `addresses has ${ip} twice`);
    else if (router !== undefined)
      report.error(at, `${ip} is an address of ${header("vrrp", router)}: this host answers for it`);
    const service = services.find(({ values }) => values.address?.value?.address === ip);
    if (service !== undefined) {
      const which = header("virtual_server", service.name);
      report.error(
        at,
        `${ip} is the address of ${which}: this host is its director, and cannot be its real server`,
      );
    }
    seen.add(ip);
  }
}
