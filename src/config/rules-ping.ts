/** ping_nodes and ping_groups: each name once, addresses that something else than this host answers for. */
import type { Ip } from "../base/address.ts";
import { isLinkLocal } from "../base/address.ts";
import type { Given } from "./kind.ts";
import type { ConfigSource } from "./model.ts";
import type { Report } from "./report.ts";
import type { HeartbeatSection, Sections } from "./sections.ts";
import { entries, virtualAddresses } from "./sections.ts";
import { header, quote } from "./words.ts";

/** Each is asked every keepalive. */
const ADDRESSES_MAX = 32;

/** Every address that is written, in the order of the file. */
function addressesOf({ values }: HeartbeatSection): readonly Given<Ip>[] {
  const groups = values.ping_groups?.value ?? [];
  return [...entries(values.ping_nodes), ...groups.flatMap(({ given }) => entries(given))];
}

/** Names and addresses among themselves, and beside the other tables. */
export function judgePings({ heartbeat, routers }: Sections, report: Report): void {
  if (heartbeat === null) return;
  const { values } = heartbeat;
  const names = new Set(entries(values.nodes).map(({ value }) => value.toLowerCase()));
  for (const { value, at } of entries(values.ping_nodes)) {
    if (names.has(value)) report.error(at, `ping_nodes has ${value} twice`);
    names.add(value);
  }
  for (const { name, at, given } of values.ping_groups?.value ?? []) {
    const lower = name.toLowerCase();
    if (names.has(lower)) {
      report.error(at, `the ping group ${quote(name)} has the name of another node: choose another`);
    }
    names.add(lower);
    judgeGroup(name, given, report);
  }
  const all = addressesOf(heartbeat);
  if (all.length > ADDRESSES_MAX) {
    const { at } = all[ADDRESSES_MAX] ?? heartbeat;
    report.error(at, `${all.length} addresses in ping_nodes and ping_groups; the limit is ${ADDRESSES_MAX}`);
  }
  const virtual = virtualAddresses(routers);
  const peers = new Set(entries(values.links).map(({ value }) => value.peer?.value));
  for (const { value, at } of all) {
    const router = virtual.get(value);
    if (isLinkLocal(value)) {
      report.error(
        at,
        `${value} is a link-local address, which needs an interface: name another of this host`,
      );
    } else if (router !== undefined) {
      report.warning(
        at,
        `${value} is a virtual address of ${header("vrrp", router)}: it tells who is master, not what this node reaches`,
      );
    } else if (peers.has(value)) {
      report.warning(
        at,
        `${value} is an address of a node: when that dies, this one hears fewer ping nodes too; cure: something that both need, as a gateway`,
      );
    }
  }
}

function judgeGroup(name: string, { value, at }: Given<readonly (Given<Ip> | null)[]>, report: Report): void {
  if (value.length === 0) report.error(at, `the ping group ${quote(name)} is empty`);
  const seen = new Set<Ip>();
  for (const { value: address, at: place } of entries({ value })) {
    if (seen.has(address)) report.error(place, `the ping group ${quote(name)} has ${address} twice`);
    seen.add(address);
  }
}

/** Addresses of this host answer whatever the network does. */
export function judgeOwnPings(
  addresses: ConfigSource["addresses"],
  { heartbeat, routers }: Sections,
  report: Report,
): void {
  if (heartbeat === null || !addresses) return;
  const virtual = virtualAddresses(routers);
  for (const { value, at } of addressesOf(heartbeat)) {
    if (!addresses.includes(value) || virtual.has(value)) continue;
    report.warning(
      at,
      `${value} is an address of this host: it answers whatever the network does; cure: something that both nodes need, as a gateway`,
    );
  }
}
