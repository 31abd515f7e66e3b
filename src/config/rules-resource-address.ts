/** Addresses of resources beside those of virtual routers, and beside each other: one at a time has each. */
import type { Ip } from "../base/address.ts";
import { parseAddressArgument, placedResources } from "../heartbeat/haresources.ts";
import { kindOf } from "../heartbeat/resource-kind.ts";
import { LIFETIME_ADDRESSES_MAX } from "./model.ts";
import { edgeOf, unusable } from "./network.ts";
import type { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { entries, virtualAddresses } from "./sections.ts";
import { header } from "./words.ts";

/** Judges `heartbeat.resources` with the rest of the file. */
export function judgeResourceAddresses({ agent, heartbeat, routers }: Sections, report: Report): void {
  const given = heartbeat?.values.resources?.value ?? null;
  if (given === null) return;
  const written = entries({ value: given });
  const virtual = virtualAddresses(routers);
  const seen = new Set<Ip>();
  for (const { resource, line, column } of placedResources(written.map(({ value }) => value))) {
    const entry = written[line - 1];
    const kind = kindOf(resource);
    if (entry === undefined || !kind.ok || kind.value.kind !== "address") continue;
    const argument = parseAddressArgument(resource.args[0] ?? "");
    if (!argument.ok) continue;
    const { ip, prefix } = argument.value;
    const say = (text: string): void => report.errorInside(entry.at, entry.value, column - 1, text);
    const why = unusable(ip);
    if (why !== null) say(`${ip} is ${why}, and no host on a network can have it`);
    const edge = prefix === null || why !== null ? null : edgeOf(ip, prefix);
    if (edge !== null) {
      report.warningInside(entry.at, entry.value, column - 1, `${edge}, and no host can be reached by it`);
    }
    const holder = virtual.get(ip);
    if (holder !== undefined) say(`${ip} is already an address of ${header("vrrp", holder)}`);
    else if (seen.has(ip)) say(`resources have ${ip} twice`);
    seen.add(ip);
  }
  const fenced = heartbeat?.values.fence?.value !== null;
  const count = seen.size + virtual.size;
  if (seen.size === 0 || fenced || count <= LIFETIME_ADDRESSES_MAX) return;
  if (agent.address_lifetime?.value === "forever") return;
  report.warning(
    heartbeat?.values.resources?.at ?? 0,
    `${count} addresses, above ${LIFETIME_ADDRESSES_MAX} without kernel lifetimes: a killed agent leaves them, and the other node has them too; cure: fence`,
  );
}
