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
  const stays = worst.after.length === 1 && worst.after[0]?.holders === worst.during.at(-1)?.holders;
  return stays ? tell(worst.during) : `${tell(worst.during)}<br>healed: ${tell(worst.after)}`;
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** A row for every mishap; `pick` says of what, null where a site has nothing of the kind. */
function table(title: string, sites: readonly Site[], pick: (lived: Lived) => Course): string {
  const rows = MISHAPS.map((mishap) => {
    const cells = sites.map((site) => cell(livesOf(site, mishap).map(pick)));
    return row([mishap.name, ...cells]);
  });
  const heads = [row(["", ...sites.map(({ name }) => name)]), `|${" --- |".repeat(sites.length + 1)}`];
  return [title, "", ...heads, ...rows].join("\n");
}

const lived = new Map<string, readonly Lived[]>();
function livesOf(site: Site, mishap: Mishap): readonly Lived[] {
  const key = `${site.name} ${mishap.name}`;
  const known = lived.get(key);
  if (known !== undefined) return known;
  const seeds = Array.from({ length: TIMES }, (_, index) => index + 1);
  const lives = seeds.map((seed) => live(seed, site, mishap, "none")).filter((each) => each !== null);
  lived.set(key, lives);
  return lives;
}

/** The tables, in Markdown: how the pairs are built, and what becomes of them. */
export function tables(): string {
  const clustered = SITES.filter(({ links }) => links.length > 0);
  return [
    ["| column | the pair |", "| --- | --- |", ...SITES.map(({ name, text }) => row([name, text]))].join(
      "\n",
    ),
    table("### Who has the virtual address", SITES, ({ address }) => address),
    table("### Where the group of resources runs", clustered, ({ group }) => group),
  ].join("\n\n");
}

/** What stands before and behind the tables in docs/split-brain.md. */
const BEGINS = "<!-- from here on written by test/sim/split-brain.test.ts -->";
const ENDS = "<!-- up to here -->";

/** The document with these tables in it. */
export function withTables(document: string, text: string): string {
  const [before, rest] = document.split(BEGINS);
  const after = rest?.split(ENDS)[1];
  if (before === undefined || after === undefined)
    throw new RangeError("the document has no place for tables");
  return `${before}${BEGINS}\n\n${text}\n\n${ENDS}${after}`;
}

if (import.meta.main) {
  const [site, start] = process.argv.slice(2);
  const found = SITES.find(({ name }) => name === site);
  const mishap = MISHAPS.find(({ name }) => start !== undefined && name.startsWith(start));
  if (found === undefined || mishap === undefined) console.log(tables());
  else console.log(live(1, found, mishap, "events")?.trace ?? "nothing of it there");
}
