/** What must hold across the tables of a file: names, and things that exist once. */
import type { Ip } from "../base/address.ts";
import type { Given } from "./kind.ts";
import { hint } from "./nearest.ts";
import type { Report } from "./report.ts";
import { judgeFence } from "./rules-fence.ts";
import { addressRules } from "./rules-address.ts";
import { judgeChecks } from "./rules-check.ts";
import { groupRules } from "./rules-group.ts";
import { judgeGuards } from "./rules-guard.ts";
import { routesOnce, rulesApart } from "./rules-forwarding.ts";
import { macRules } from "./rules-mac.ts";
import { judgeHeartbeat } from "./rules-heartbeat.ts";
import { judgeResourceAddresses } from "./rules-resource-address.ts";
import { judgeRealServer } from "./rules-realserver.ts";
import { judgePings } from "./rules-ping.ts";
import { judgeServices } from "./rules-service.ts";
import { OWNER, routerRules } from "./rules-router.ts";
import type { AgentValues, Sections } from "./sections.ts";
import { entries, familyOfRouter, virtualAddresses } from "./sections.ts";
import { header, quote } from "./words.ts";

type FileRule = (file: Sections, report: Report) => void;

/** Judges a whole file that was read without losing a part. */
export function judge(file: Sections, report: Report): void {
  for (const router of file.routers) {
    for (const rule of [...routerRules, ...addressRules, ...macRules]) rule(router, file, report);
  }
  for (const rule of fileRules) rule(file, report);
}

const identities: FileRule = ({ routers }, report) => {
  const known = new Map<string, string>();
  for (const router of routers) {
    const { vrid, interface: own } = router.values;
    const family = familyOfRouter(router);
    if (vrid === null || own === null || family === null) continue;
    const identity = JSON.stringify([own.value, family, vrid.value]);
    const first = known.get(identity);
    if (first === undefined) known.set(identity, router.name);
    else {
      report.error(
        vrid.at,
        `vrid ${vrid.value} is already that of ${header("vrrp", first)} on ${own.value} for IPv${family}`,
      );
    }
  }
};

const addressesOnce: FileRule = ({ agent, routers }, report) => {
  const holders = new Map<string, string>();
  const labels = new Set<string>();
  for (const { name, values } of routers) {
    for (const entry of [...entries(values.addresses), ...entries(values.excluded_addresses)]) {
      const { address, interface: own, label } = entry.value;
      const carrier = own?.value ?? values.interface?.value;
      if (address === null || own === null || carrier === undefined) continue;
      const ip = address.value.address;
      const key = `${ip} ${carrier}`;
      const holder = holders.get(key);
      if (holder === undefined) holders.set(key, name);
      else {
        const where = holder === name ? "this router" : header("vrrp", holder);
        report.error(entry.at, `${ip} on ${carrier} is already an address of ${where}`);
      }
      if (label === null || label.value === null) continue;
      if (labels.has(label.value)) reportLabel(label.at, label.value, agent, report);
      labels.add(label.value);
    }
  }
};

/** SIOCSIFADDR replaces the address that a label has (netdevice(7)); otherwise only the view of old tools suffers. */
function reportLabel(at: number, label: string, agent: AgentValues, report: Report): void {
  const twice = `${quote(label)} is the label of two addresses`;
  if (agent.address_method?.value === "ioctl")
    report.error(at, `${twice}: by ioctl one would replace the other`);
  else report.warning(at, `${twice}: ifconfig shows one of them`);
}

/** A virtual address is nobody's source and nobody's destination, wherever it is at the moment. */
const unicastParties: FileRule = ({ routers }, report) => {
  const virtual = virtualAddresses(routers);
  for (const { values } of routers) {
    const { unicast_source: source, unicast_peers: peers, priority } = values;
    const own = source?.value ?? null;
    const holder = own === null ? undefined : virtual.get(own);
    // Only the owner has a virtual address whatever its state is.
    if (source !== null && holder !== undefined && priority !== null && priority.value !== OWNER) {
      report.error(source.at, `unicast_source ${own} is a virtual address of ${header("vrrp", holder)}`);
    }
    const seen = new Set<Ip>();
    for (const { value } of entries(peers)) {
      if (value.address !== null) judgePeer(value.address, own, virtual, seen, report);
    }
  }
};

function judgePeer(
  { value: peer, at }: Given<Ip>,
  source: Ip | null,
  virtual: ReadonlyMap<Ip, string>,
  seen: Set<Ip>,
  report: Report,
): void {
  const holder = virtual.get(peer);
  if (seen.has(peer)) report.error(at, `unicast_peers has ${peer} twice`);
  else if (peer === source) report.error(at, `unicast_peers: ${peer} is our own unicast_source`);
  else if (holder !== undefined) {
    report.error(at, `unicast_peers: ${peer} is a virtual address of ${header("vrrp", holder)}`);
  }
  seen.add(peer);
}

const trackedInterfaces: FileRule = ({ routers }, report) => {
  for (const { values } of routers) {
    const seen = new Set<string>();
    for (const { value } of entries(values.track_interfaces)) {
      const tracked = value.name;
      if (tracked === null) continue;
      if (seen.has(tracked.value)) report.error(tracked.at, `track_interfaces has ${tracked.value} twice`);
      else if (tracked.value === values.interface?.value) {
        report.warning(
          tracked.at,
          `${tracked.value} is the router's own interface: losing it is a fault anyway`,
        );
      }
      seen.add(tracked.value);
    }
  }
};

const trackedChecks: FileRule = ({ routers, checks }, report) => {
  const names = new Set(checks.map((check) => check.name));
  const used = new Set<string>();
  for (const { values } of routers) {
    const seen = new Set<string>();
    for (const tracked of entries(values.track_checks)) {
      const name = tracked.value;
      if (!names.has(name)) report.error(tracked.at, `there is no check ${quote(name)}${hint(name, names)}`);
      else if (seen.has(name)) report.error(tracked.at, `track_checks has ${quote(name)} twice`);
      seen.add(name);
      used.add(name);
    }
  }
  for (const { name, at } of checks) {
    if (!used.has(name)) report.warning(at, `no router uses ${header("check", name)}`);
  }
};

const lifetime: FileRule = ({ agent }, report) => {
  if (agent.address_lifetime?.value !== "forever") return;
  report.warning(
    agent.address_lifetime.at,
    "addresses will outlive an agent that is killed or frozen: two nodes may then have them for ever",
  );
};

const fileRules: readonly FileRule[] = [
  identities,
  addressesOnce,
  unicastParties,
  ...groupRules,
  trackedInterfaces,
  trackedChecks,
  judgeChecks,
  judgeHeartbeat,
  judgeResourceAddresses,
  judgeGuards,
  judgeRealServer,
  judgePings,
  judgeFence,
  judgeServices,
  lifetime,
  routesOnce,
  rulesApart,
];
