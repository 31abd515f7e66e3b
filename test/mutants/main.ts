/** `npm run mutants`: plants every fault and says who noticed it; `--all` asks its whole suite and the simulator, too. */
import { type Catcher, type Mutant, MUTANTS } from "./mutants.ts";
import { Plot } from "./plant.ts";

const all = process.argv.includes("--all");
/** Milliseconds for each: nobody waits, and a busy machine must not be taken for an endless loop. */
const PATIENCE = 600_000;

const plot = new Plot(PATIENCE);
let survivors = 0;

/** The suite that tests the file's folder; the simulator stands for none. */
const suiteOf = ({ file }: Mutant): Catcher | "agent" => {
  const folder = file.split("/")[1];
  const suites = ["vrrp", "agent", "wire", "check", "doctor", "heartbeat", "ipvs"] as const;
  return suites.find((suite) => suite === folder) ?? "sim";
};

try {
  const [alarm] = plot.falseAlarms(MUTANTS.map(({ caughtBy }) => caughtBy));
  if (alarm !== undefined) throw new Error(`red without any fault:\n${alarm.text}`);
  for (const mutant of MUTANTS) {
    const catchers = all ? new Set([mutant.caughtBy, suiteOf(mutant), "sim" as const]) : [mutant.caughtBy];
    const noticed = new Map([...catchers].map((catcher) => [catcher, plot.plant(mutant, catcher)]));
    const caught = noticed.get(mutant.caughtBy)?.red === true;
    if (!caught) survivors++;
    const by = [...noticed].flatMap(([catcher, { red, late, seed }]) => {
      if (!red) return [];
      return [late ? `${catcher}, out of time` : seed === null ? catcher : `${catcher}, seed ${seed}`];
    });
    console.log(`${caught ? "red  " : "GREEN"} ${mutant.file}: ${mutant.breaks} (${by.join("; ")})`);
  }
} finally {
  plot.remove();
}
console.log(`${MUTANTS.length} mutants, ${survivors} survived`);
process.exit(survivors === 0 ? 0 : 1);
