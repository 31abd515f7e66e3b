/** Directors of virtual services in a guest, where the kernel has IPVS: haagent, and keepalived or ldirectord, one after another. */
import type { DirectorKind } from "../lab/directors.ts";
import { sleep } from "../lab/process.ts";
import { Guest } from "../lab/vm/guest.ts";
import type { Figure } from "./director-guest.ts";
import type { Rows } from "./row.ts";

const SCRIPT = new URL("./director-guest.ts", import.meta.url).pathname;
const LIMIT_MS = 1_800_000;
const POLL_MS = 50;

/** Measures one director; `small`: only the sizes that all of them can do. */
export async function directors(
  kind: DirectorKind,
  trials: number,
  small: boolean,
  rows: Rows,
): Promise<void> {
  await using guest = await Guest.boot({ processors: 2, memory: 1024 });
  const argv = [process.execPath, SCRIPT, kind, String(trials), ...(small ? ["small"] : [])];
  const task = await guest.spawn(argv, { env: { BUN_JSC_useDFGJIT: "0" } });
  const end = performance.now() + LIMIT_MS;
  while (task.code === null && guest.running && performance.now() < end) await sleep(POLL_MS);
  for (const line of task.stdout.split("\n").filter((each) => each.startsWith("{"))) {
    // The script's own lines.
    const { what, unit, values } = JSON.parse(line) as Figure;
    rows.add(`in a guest: ${what}`, unit, kind, ...values);
  }
  if (task.code !== 0) throw new Error(`${kind} in the guest: ${task.stderr.slice(-2000)}`);
}
