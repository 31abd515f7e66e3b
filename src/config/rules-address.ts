/** What may stand in `addresses` and `excluded_addresses`, and where adverts may go. */
import type { Family, Ip } from "../base/address.ts";
import { familyOf, isLinkLocal } from "../base/address.ts";
import type { Given } from "./kind.ts";
import type { RouterRule } from "./rules-router.ts";
import type { AddressEntry } from "./sections.ts";
import { entries, familyOfRouter } from "./sections.ts";
import { header } from "./words.ts";

/**
 * Addresses that one advert carries: the count is a byte (RFC 9568 5.2.5), and no advert is fragmented, so that
 * IPv6 (16 bytes each) ends at an MTU of 1500 less the headers of IPv6 (40) and VRRP (8).
 */
const ADVERTISED_MAX: Readonly<Record<Family, number>> = { 4: 255, 6: 90 };

const ipOf = (entry: AddressEntry): Ip | null => entry.value.address?.value.address ?? null;

const some: RouterRule = ({ name, at, values }, _file, report) => {
  const { addresses, excluded_addresses: excluded } = values;
  if (addresses === null || addresses.value.length > 0) return;
  const where = addresses.written ? addresses.at : at;
  if (excluded === null) return;
  if (excluded.value.length === 0) {
    report.error(where, `${header("vrrp", name)} needs addresses`);
  } else {
    report.warning(
      where,
      `${header("vrrp", name)} advertises no address; peers may reject that (RFC 9568 5.2.5)`,
    );
  }
};

const oneFamily: RouterRule = (router, _file, report) => {
  const family = familyOfRouter(router);
  const { addresses, version } = router.values;
  for (const entry of entries(addresses)) {
    const ip = ipOf(entry);
    if (ip === null || familyOf(ip) === family) continue;
    report.error(
      entry.at,
      `${ip} is not IPv${family} like the first address: it belongs in excluded_addresses or in a router of its own`,
    );
  }
  if (family === 6 && (version?.value === 2 || version?.value === "2+3")) {
    report.error(version.at, "version 2 knows IPv4 only; IPv6 needs version 3");
  }
};

const count: RouterRule = (router, _file, report) => {
  const { addresses } = router.values;
  const family = familyOfRouter(router);
  if (addresses === null || family === null) return;
  const most = ADVERTISED_MAX[family];
  if (addresses.value.length <= most) return;
  report.error(
    addresses.at,
    `addresses has ${addresses.value.length} elements; an advert carries ${most} IPv${family} addresses: the rest belongs in excluded_addresses`,
  );
};

const linkLocalFirst: RouterRule = ({ values }, _file, report) => {
  const first = values.addresses?.value[0] ?? null;
  const ip = first === null ? null : ipOf(first);
  if (first === null || ip === null || familyOf(ip) === 4 || isLinkLocal(ip)) return;
  report.warning(first.at, `the first IPv6 address should be link-local, not ${ip} (RFC 9568 5.2.9)`);
};

const labels: RouterRule = ({ values }, _file, report) => {
  for (const entry of [...entries(values.addresses), ...entries(values.excluded_addresses)]) {
    const { label, interface: own } = entry.value;
    const ip = ipOf(entry);
    if (label === null || label.value === null) continue;
    if (ip !== null && familyOf(ip) === 6) {
      report.error(label.at, "an IPv6 address has no label");
      continue;
    }
    const carrier = own?.value ?? values.interface?.value ?? null;
    if (own === null || carrier === null) continue;
    if (label.value.startsWith(`${carrier}:`) && label.value.length > carrier.length + 1) continue;
    report.error(
      label.at,
      `the label must be "${carrier}:" and something more: the address is on ${carrier}`,
    );
  }
};

const destination: RouterRule = (router, _file, report) => {
  const { multicast_group: group, unicast_source: source, unicast_peers: peers } = router.values;
  const family = familyOfRouter(router);
  if (group?.written === true && peers !== null && peers.value.length > 0) {
    report.error(Math.max(group.at, peers.at), "multicast_group and unicast_peers exclude each other");
  }
  if (source?.written === true && peers?.value.length === 0) {
    report.warning(
      source.at,
      "unicast_source without unicast_peers: adverts go to the multicast group, from this address",
    );
  }
  const must = (given: Given<Ip | null> | null, key: string) => {
    if (given === null || given.value === null || family === null || familyOf(given.value) === family) return;
    report.error(given.at, `${key} must be IPv${family} like the addresses, not ${given.value}`);
  };
  must(group, "multicast_group");
  must(source, "unicast_source");
  for (const entry of entries(peers)) must(entry.value.address, "unicast_peers");
};

/** All rules of this file. */
export const addressRules: readonly RouterRule[] = [
  some,
  oneFamily,
  count,
  linkLocalFirst,
  labels,
  destination,
];
