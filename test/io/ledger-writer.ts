/**
 * A process that does nothing but write its ledger until it is killed: `bun ledger-writer.ts DIRECTORY`. Operation `n` is told by
 * every part of what it writes, so that a reader can say whether it sees a state that really was.
 */
import type { LedgerRecord } from "../../src/agent/ledger.ts";
import { instant } from "../../src/base/units.ts";
import { Ledger } from "../../src/io/ledger.ts";
import { ip } from "./edge.ts";

/** Operation `n` concerns router `n % ROUTERS`. */
export const ROUTERS = 50;
/** Every so many operations the router is forgotten instead. */
export const FORGET = 97;

export function recordOf(n: number): LedgerRecord {
  return {
    router: `R${n % ROUTERS}`,
    bootId: "boot",
    configHash: `hash-${n}`,
    index: n,
    mac: "02:00:00:00:00:01",
    state: "master",
    forwarding: [],
    added: Array.from({ length: n % 9 }, (_, at) => ({
      index: n,
      address: ip(`10.0.0.${at}`),
      prefix: 32,
      confirmed: true,
    })),
    resumes: [instant(n)],
    lastAdvertAt: instant(0),
  };
}

/** For ledgers that nothing may go wrong with. */
export const never = (detail: string): void => {
  throw new Error(detail);
};

if (import.meta.main) {
  const ledger = Ledger.create(process.argv[2] ?? "", [], never);
  process.stdout.write("writing\n");
  for (let n = 0; ; n++) {
    const record = recordOf(n);
    if (n % FORGET === 0) {
      ledger.replace(record.router, null);
    } else {
      ledger.replace(record.router, record);
      ledger.stamp(record.router, instant(n));
    }
  }
}
