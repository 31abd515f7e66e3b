/**
 * The tables of docs/split-brain.md: each cell is a pair of machines that lived through a mishap here, a few times. `bun
 * test/sim/split-brain.ts SITE ROW` tells the story of one: the name of a column, and how the name of a row begins.
 */
import { makeAgent } from "./agent.ts";
import { Holders, type Stay, tell } from "./holders.ts";
import { type Mishap, MISHAPS } from "./mishaps.ts";
import { END_AT, GROUP, HEALED_AT, HURT_AT, planOf, type Site, SITES, VIRTUAL } from "./sites.ts";
import type { Detail } from "./trace.ts";
import { World } from "./world.ts";

/** Each cell is lived through so many times, and the worst one is told. */
const TIMES = 3;

/** What became of one thing that only one node may have: while the mishap lasted, and after it. */
interface Course {
  readonly during: readonly Stay[];
  readonly after: readonly Stay[];
}

interface Lived {
  readonly address: Course;
  readonly group: Course;
  readonly trace: string;
}

/** A pair lives through a mishap; null: it has nothing that this could happen to. Throws when a promise is broken. */
export function live(seed: number, site: Site, mishap: Mishap, detail: Detail): Lived | null {
  const faults = mishap.faults(site);
  if (faults === null) return null;
  const world = new World(planOf(seed, site, faults), makeAgent, detail);
  const address = new Holders();
  const group = new Holders();
  world.afterStep = () => {
    const { now } = world.schedule;
    const names = (has: (node: World["nodes"][number]) => boolean): string[] =>
      world.nodes.filter(has).map(({ plan }) => plan.name);
    address.look(
      now,
      names(({ kernel }) => kernel.has(VIRTUAL)),
    );
    group.look(
      now,
      names(({ services }) => services.running.has(GROUP)),
    );
  };
  world.run();
  const { violation, trace } = world.scene;
  if (violation !== null) {
    throw new Error(`${site.name}, ${mishap.name}, seed ${seed}: ${violation.text}\n${trace.text()}`);
  }
  const course = (holders: Holders): Course => ({
    during: holders.between(1000 * HURT_AT, 1000 * HEALED_AT),
    after: holders.between(1000 * HEALED_AT, 1000 * END_AT),
  });
  return { address: course(address), group: course(group), trace: trace.text() };
}

const sum = (stays: readonly Stay[], is: (holders: string) => boolean): number =>
  stays.reduce((all, { holders, lasts }) => all + (is(holders) ? lasts : 0), 0);

/** Time on both nodes weighs more than time on none. */
const harm = ({ during, after }: Course): number => {
  const all = [...during, ...after];
  return 1000 * sum(all, (holders) => holders.includes("+")) + sum(all, (holders) => holders === "");
};

function cell(courses: readonly Course[]): string {
  const [worst] = courses.toSorted((one, other) => harm(other) - harm(one));
  if (worst === undefined) return "–";
  const [during, after] = [tell(worst.during), tell(worst.after)];
  return during === after ||
    (worst.after.length === 1 && worst.after[0]?.holders === worst.during.at(-1)?.holders)
    ? during
    : `${during}; then ${after}`;
}

/** Both tables, in Markdown. */
export function tables(): string {
  const heads = `| | ${SITES.map(({ name }) => name).join(" | ")} |\n|${" --- |".repeat(SITES.length + 1)}`;
  const rows = MISHAPS.map((mishap) => {
    const lived = SITES.map((site) =>
      Array.from({ length: TIMES }, (_, seed) => live(seed + 1, site, mishap, "none")).filter(
        (each) => each !== null,
      ),
    );
    const row = (pick: (each: Lived) => Course): string =>
      `| ${mishap.name} | ${lived.map((each) => cell(each.map(pick))).join(" | ")} |`;
    return { address: row(({ address }) => address), group: row(({ group }) => group) };
  });
  const table = (title: string, lines: readonly string[]): string => [title, "", heads, ...lines].join("\n");
  return [
    table(
      "### Who has the virtual address",
      rows.map(({ address }) => address),
    ),
    table(
      "### Where the group of resources runs",
      rows.map(({ group }) => group),
    ),
  ].join("\n\n");
}

if (import.meta.main) {
  const [site, row] = process.argv.slice(2);
  const found = SITES.find(({ name }) => name === site);
  const mishap = MISHAPS.find(({ name }) => row !== undefined && name.startsWith(row));
  if (found === undefined || mishap === undefined) console.log(tables());
  else console.log(live(1, found, mishap, "events")?.trace ?? "nothing of it there");
}
