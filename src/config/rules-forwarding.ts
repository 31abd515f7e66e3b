/** Routes and rules that get in each other's way: what the kernel has once, and what it cannot tell apart when it removes it. */
import type { Report } from "./report.ts";
import type { RouteConfig } from "./route.ts";
import { showNetwork, showRoute } from "./route.ts";
import type { RuleConfig } from "./rule.ts";
import { showRule } from "./rule.ts";
import type { Sections } from "./sections.ts";
import { entries } from "./sections.ts";
import { showTable } from "./phrase.ts";
import { header, quote } from "./words.ts";

/** What the kernel has one route of. */
const placeOf = ({ destination, prefix, table, metric }: RouteConfig): string =>
  `${showNetwork(destination, prefix)} of metric ${metric} in table ${showTable(table)}`;

/** Two routers may share a route; two routes of one destination, metric and table cannot be. */
export function routesOnce({ routers }: Sections, report: Report): void {
  const known = new Map<string, { readonly text: string; readonly router: string }>();
  for (const { name, values } of routers) {
    for (const { value, at } of entries(values.routes)) {
      const place = placeOf(value);
      const text = showRoute(value);
      const first = known.get(place);
      if (first === undefined) known.set(place, { text, router: name });
      else if (first.router === name) report.error(at, `routes has ${place} twice`);
      else if (first.text !== text) {
        const where = header("vrrp", first.router);
        report.error(at, `routes: ${where} has another route to ${place}: give one of them another metric`);
      }
    }
  }
}

/** The conditions of a rule, each as text where it is said. */
const conditions = ({ from, to, iif, oif, mark }: RuleConfig): readonly (string | null)[] => [
  from && `${from.address}/${from.prefix}`,
  to && `${to.address}/${to.prefix}`,
  iif,
  oif,
  mark && `${mark.value}/${mark.mask}`,
];

const ruleText = (rule: RuleConfig, said: readonly (string | null)[]): string =>
  JSON.stringify([rule.family, rule.priority, rule.action, rule.table, rule.not, said]);

/** The texts of all rules that say less than this one, and nothing else. */
function wider(rule: RuleConfig): string[] {
  const said = conditions(rule);
  const masks = Array.from({ length: 2 ** said.length - 1 }, (_, mask) => mask);
  const texts = masks.map((mask) =>
    ruleText(
      rule,
      said.map((each, bit) => ((mask & (1 << bit)) === 0 ? null : each)),
    ),
  );
  const own = ruleText(rule, said);
  return [...new Set(texts)].filter((text) => text !== own);
}

/** The kernel removes the first rule that has all that the removal says (fib_rules): that must be the one that is meant. */
export function rulesApart({ routers }: Sections, report: Report): void {
  const all = new Set<string>();
  for (const { values } of routers) {
    for (const { value } of entries(values.rules)) all.add(ruleText(value, conditions(value)));
  }
  for (const { values } of routers) {
    const seen = new Set<string>();
    for (const { value, at } of entries(values.rules)) {
      const text = ruleText(value, conditions(value));
      if (seen.has(text)) report.error(at, `rules has ${quote(showRule(value))} twice`);
      else if (wider(value).some((other) => all.has(other))) {
        const which = `${quote(showRule(value))} of priority ${value.priority}`;
        report.error(at, `rules: another rule says a part of ${which}: give one of them another priority`);
      }
      seen.add(text);
    }
  }
}
