/**
 * ldirectord, keepalived and haagent at the same time with services that have servers in common: whose settings count, who is called by its
 * name, and who serves while nobody can. What each of the three did is printed; what takes time decides nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { now, sleep, until } from "../lab/process.ts";
import { START_MS } from "./actors.ts";
import { Findings, seconds } from "./findings.ts";
import { Named } from "./named.ts";
import type { Wanted } from "./rivals.ts";
import { Race, server } from "./rivals.ts";

let race: Race;
let names: Named;
const findings = new Findings();

const CHECK = { type: "http", interval: 1, timeout: 2, fall: 2 } as const;
const PAIR = [server(0), server(1)];
const HASTY: Wanted = { name: "hasty", port: 80, servers: PAIR, check: CHECK };
const PATIENT: Wanted = {
  ...{ name: "patient", port: 80, servers: PAIR, fallback: server(2) },
  check: { ...CHECK, timeout: 4 },
};
/** Their places in the configuration. */
const [PATIENT_AT, HASTY_AT, TWIN_AT, SECURE_AT] = [0, 1, 2, 3];
/** For rates of probes; milliseconds. */
const COUNTED = 5000;

beforeAll(async () => {
  race = await Race.create();
  names = await Named.create(PAIR.map((_, at) => race.backend(at).box));
  const secure = {
    ...{ name: "secure", port: 443, servers: PAIR },
    check: { ...CHECK, type: "https", host: names.host },
  } as const;
  await race.start([PATIENT, HASTY, { ...HASTY, name: "twin" }, secure]);
});
afterAll(async () => {
  await race.close();
  await names[Symbol.asyncDispose]();
  findings.print();
});

describe("services that have a server in common", () => {
  test("call servers behind TLS by their name", async () => {
    await race.settle("1,1,-", SECURE_AT, ["keepalived", "haagent"]);
    for (const which of [PATIENT_AT, HASTY_AT, TWIN_AT]) await race.settle("1,1,-", which);
    // It names nobody (SNI), and gets no certificate.
    await race.settle("0,0,-", SECURE_AT, ["ldirectord"]);
    const weights = await race.each(async (one) => one.list(SECURE_AT));
    findings.note("https by name (SNI): weights", weights, (list) => list);
  });

  test("share its probes only where all settings are equal", async () => {
    const rates = await race.probed(() => sleep(COUNTED));
    findings.note("probes a second: 2 servers in 3 services, 2 of them equal, and by https", rates, (rate) =>
      rate.toFixed(1),
    );
    // Six checks at 1 s; eight were none shared.
    expect(rates.get("haagent")).toBeLessThan(7);
    race.backend(0).answers("slow 2300");
    const haagent = race.contender("haagent");
    await until(
      () => `the hasty one gives up: ${haagent.list(HASTY_AT)}`,
      START_MS,
      () => haagent.weights(HASTY_AT)[server(0)] === 0,
    );
    await sleep(COUNTED);
    const found = await race.each(async (one) =>
      [PATIENT_AT, HASTY_AT].map((which) => one.weights(which)[server(0)] ?? "-"),
    );
    findings.note("answers after 2.3 s: weights where 4 s and where 2 s are allowed", found, (weights) =>
      weights.join(" and "),
    );
    expect(found.get("haagent")).toEqual([1, 0]);
    // One check for both, with the settings of the first.
    expect(found.get("ldirectord")).toEqual([1, 1]);
    race.backend(0).answers("200");
    for (const which of [PATIENT_AT, HASTY_AT]) await race.settle("1,1,-", which);
  });

  test("fall back without a moment in which nobody serves", async () => {
    const from = now();
    for (const at of [0, 1]) race.backend(at).answers("503");
    const fell = await race.each((one) =>
      one.becomes((weights) => (weights[server(2)] ?? 0) > 0, from, START_MS),
    );
    await sleep(500);
    findings.note("all down: the fallback serves after", fell, seconds);
    const empty = await race.each(async (one) => one.emptyFor(from));
    findings.note("all down: nobody in the pool for", empty, seconds);
    expect(fell.get("haagent")).not.toBe(null);
    expect(empty.get("haagent")).toBe(0);
    // The last server goes by one program and the fallback comes by another.
    expect(empty.get("ldirectord")).toBeGreaterThan(0);
  });
});
