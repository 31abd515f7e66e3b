/** What virtual servers need of the kernel's modules, as far as that can be known without loading any. */
import type { IpvsFact } from "./model.ts";
import type { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { header, quote } from "./words.ts";

/** How to come by IPVS. */
export const IPVS_CURE =
  "install the kernel's modules, on OpenWrt opkg install kmod-nf-ipvs; in a container, on its host";

/** Whether the kernel certainly has no IPVS. */
export const withoutIpvs = ({ loaded, modules }: IpvsFact): boolean =>
  !loaded && modules?.has("ip_vs") === false;

/** Whether it certainly does not have a scheduler. */
export const withoutScheduler = ({ modules }: IpvsFact, scheduler: string): boolean =>
  modules?.has(`ip_vs_${scheduler}`) === false;

/** Warns of services that cannot be made; a file may be checked on another host than its own. */
export function judgeModules(
  ipvs: IpvsFact | null | undefined,
  { services }: Sections,
  report: Report,
): void {
  const [first] = services;
  if (ipvs == null || first === undefined) return;
  if (withoutIpvs(ipvs)) {
    const which = header("virtual_server", first.name);
    report.warning(first.at, `${which}: this kernel has no IPVS; cure: ${IPVS_CURE}`);
    return;
  }
  for (const { values, at } of services) {
    const { scheduler } = values;
    if (scheduler === null || !withoutScheduler(ipvs, scheduler.value)) continue;
    report.warning(
      scheduler.written ? scheduler.at : at,
      `scheduler ${quote(scheduler.value)}: this kernel has no module ip_vs_${scheduler.value}; cure: install it, or choose another scheduler`,
    );
  }
}
