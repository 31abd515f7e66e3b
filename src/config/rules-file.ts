/** What must hold across the tables of a file: names, and things that exist once. */
import { hint } from "./nearest.ts";
import type { Report } from "./report.ts";
import { addressRules } from "./rules-address.ts";
import { routerRules } from "./rules-router.ts";
import type { Sections } from "./sections.ts";
import { entries, familyOfRouter } from "./sections.ts";
import { header, quote } from "./words.ts";

type FileRule = (file: Sections, report: Report) => void;

/** Judges a whole file that was read without losing a part. */
export function judge(file: Sections, report: Report): void {
  for (const router of file.routers) {
    for (const rule of [...routerRules, ...addressRules]) rule(router, file, report);
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

const addressesOnce: FileRule = ({ routers }, report) => {
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
      if (labels.has(label.value))
        report.warning(
          label.at,
          `${quote(label.value)} is the label of two addresses: ifconfig shows one of them`,
        );
      labels.add(label.value);
    }
  }
};

const syncGroups: FileRule = ({ routers }, report) => {
  for (const { values } of routers) {
    const group = values.sync_group;
    if (group === null || group.value === null) continue;
    const members = routers.filter((router) => router.values.sync_group?.value === group.value);
    if (members.length === 1)
      report.warning(group.at, `sync_group ${quote(group.value)} has one member only`);
  }
};

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
  const names = checks.map((check) => check.name);
  const used = new Set<string>();
  for (const { values } of routers) {
    const seen = new Set<string>();
    for (const tracked of entries(values.track_checks)) {
      const name = tracked.value;
      if (!names.includes(name))
        report.error(tracked.at, `there is no check ${quote(name)}${hint(name, names)}`);
      else if (seen.has(name)) report.error(tracked.at, `track_checks has ${quote(name)} twice`);
      seen.add(name);
      used.add(name);
    }
  }
  for (const { name, at } of checks) {
    if (!used.has(name)) report.warning(at, `no router uses ${header("check", name)}`);
  }
};

const checkCommands: FileRule = ({ checks }, report) => {
  for (const { name, at, values } of checks) {
    const { command, type } = values;
    if (command === null || type === null) continue;
    const count = command.value?.length ?? 0;
    if (count > 1) report.error(command.at, "a check has one command, an array of strings");
    if (count === 0)
      report.missing(command.written ? command.at : at, `${header("check", name)} needs command`);
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
  syncGroups,
  trackedInterfaces,
  trackedChecks,
  checkCommands,
  lifetime,
];
