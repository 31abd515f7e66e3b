/** `bun test/heartbeat/sim/main.ts --seed N` tells one run; `--seeds N [--from M]` runs many, up to the first that is broken. */
import { parseArgs } from "node:util";
import { Run } from "./run.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, seeds: { type: "string" }, from: { type: "string" } },
});
const first = Number(values.seed ?? values.from ?? 1);
const count = Number(values.seeds ?? 1);
for (let seed = first; seed < first + count; seed++) {
  const { broken, trace, plan } = new Run(seed).run();
  if (broken === null && values.seed === undefined) continue;
  console.log([JSON.stringify(plan), ...trace, `seed ${seed}: ${broken ?? "as it should be"}`].join("\n"));
  if (broken !== null) process.exit(1);
}
