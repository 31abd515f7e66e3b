/** What a virtual MAC address, and a master that does not accept, ask of the other keys of a router. */
import type { RouterRule } from "./rules-router.ts";
import { OWNER } from "./rules-router.ts";
import { entries } from "./sections.ts";

/** A label is an alias of one interface, and the address is on another one then. */
const labels: RouterRule = ({ values }, _file, report) => {
  const { virtual_mac: given, interface: own } = values;
  if (given === null || given.value === false) return;
  for (const entry of [...entries(values.addresses), ...entries(values.excluded_addresses)]) {
    const { label, interface: other } = entry.value;
    const elsewhere = other !== null && other.value !== null && other.value !== own?.value;
    if (label === null || label.value === null || elsewhere) continue;
    report.error(label.at, "no label with virtual_mac: the address is on a device of its own");
  }
};

/** An address that was there before stays where it is, and so at the MAC address of that interface. */
const adoption: RouterRule = ({ values }, _file, report) => {
  const { virtual_mac: given, on_found: found } = values;
  if (given === null || given.value === false || found?.value !== "adopt") return;
  report.error(found.at, 'on_found = "adopt" with virtual_mac: an adopted address keeps another MAC address');
};

const unicast: RouterRule = ({ values }, _file, report) => {
  const { virtual_mac: given, unicast_peers: peers } = values;
  if (given?.value !== true || entries(peers).length === 0) return;
  report.warning(
    given.at,
    'virtual_mac = true with unicast_peers does what "announce-only" does: unicast adverts leave from the MAC address of whatever interface leads to the peer',
  );
};

/** Where no advert bears the address, announcements are all that bridges ever learn it from. */
const refresh: RouterRule = ({ values }, _file, report) => {
  const { virtual_mac: given, unicast_peers: peers, garp } = values;
  const silent = given?.value === "announce-only" || (given?.value === true && entries(peers).length > 0);
  const every = garp?.value.refresh ?? null;
  if (!silent || every === null || every.value > 0) return;
  report.warning(
    every.at,
    "garp.refresh = 0s while no advert comes from the virtual MAC: bridges forget where it is after some minutes",
  );
};

const acceptance: RouterRule = ({ values }, _file, report) => {
  const { accept, priority } = values;
  if (accept === null || accept.value || priority?.value !== OWNER) return;
  report.warning(accept.at, "accept = false changes nothing at priority 255: the owner takes what is for it");
};

/** All rules of this file. */
export const macRules: readonly RouterRule[] = [labels, adoption, unicast, refresh, acceptance];
