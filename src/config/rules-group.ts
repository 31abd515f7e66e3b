/** What the members of a sync group must have in common. */
import { hint } from "./nearest.ts";
import type { Report } from "./report.ts";
import type { RouterSection, Sections } from "./sections.ts";
import { entries } from "./sections.ts";
import { header, quote } from "./words.ts";

/** Members by the name of their group, in the order of the file. */
function groups({ routers }: Sections): Map<string, RouterSection[]> {
  const members = new Map<string, RouterSection[]>();
  for (const router of routers) {
    const group = router.values.sync_group?.value ?? null;
    if (group !== null) members.set(group, [...(members.get(group) ?? []), router]);
  }
  return members;
}

const lonely = (file: Sections, report: Report): void => {
  const known = groups(file);
  for (const [group, [only, ...rest]] of known) {
    if (only === undefined || rest.length > 0) continue;
    const others = [...known.keys()].filter((other) => other !== group);
    const at = only.values.sync_group?.at ?? only.at;
    report.warning(at, `sync_group ${quote(group)} has one member only${hint(group, others)}`);
  }
};

/** A group moves as a whole: where its members have different chances, one that loses alone keeps nobody from anything. */
const uneven = (file: Sections, report: Report): void => {
  for (const [first, ...others] of groups(file).values()) {
    if (first === undefined) continue;
    for (const router of others) {
      if (chances(router, file) === chances(first, file)) continue;
      report.warning(
        router.values.sync_group?.at ?? router.at,
        `${header("vrrp", router.name)} has another priority than ${header("vrrp", first.name)} of its sync group, or tracks other things by weight: the group moves only to a node that is better in every member`,
      );
    }
  }
};

/** What its priority is made of, as text. */
function chances({ values }: RouterSection, { checks }: Sections): string {
  const interfaces = entries(values.track_interfaces).flatMap(({ value: { name, weight } }) =>
    name === null || weight === null || weight.value === 0 ? [] : [`${name.value} ${weight.value}`],
  );
  const moving = new Set(
    checks.flatMap(({ name, values: { weight, content } }) =>
      (weight?.value ?? 0) !== 0 || content?.value === "integer" ? [name] : [],
    ),
  );
  const tracked = entries(values.track_checks).flatMap(({ value }) => (moving.has(value) ? [value] : []));
  return JSON.stringify([values.priority?.value, interfaces.toSorted(), tracked.toSorted()]);
}

/** All rules of this file. */
export const groupRules: readonly ((file: Sections, report: Report) => void)[] = [lonely, uneven];
