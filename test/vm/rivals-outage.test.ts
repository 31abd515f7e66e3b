/**
 * ldirectord, keepalived and haagent at the same time while their servers fail: who gives weight to whom, for how long, by how many probes.
 * What each of the three did is printed; what takes time decides nothing, as it is the machine's as much as theirs.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { now, sleep, until } from "../lab/process.ts";
import { START_MS } from "./actors.ts";
import { Findings, seconds } from "./findings.ts";
import type { Contender, Wanted } from "./rivals.ts";
import { PATIENCE, Race, server, SERVERS } from "./rivals.ts";

let race: Race;
const findings = new Findings();

const CHECK = { type: "http", interval: 1, timeout: 2, fall: 2 } as const;
const WEB: Wanted = { name: "web", port: 80, servers: SERVERS, thresholds: [200, 100], check: CHECK };
/** For rates of probes; milliseconds. */
const COUNTED = 3000;
/** So long a director has to take a server out that is not to; milliseconds. */
const WATCHED = 6000;

beforeAll(async () => {
  race = await Race.create();
  await race.backend(2).end();
  await race.start([WEB]);
});
afterAll(async () => {
  await race.close();
  findings.print();
});

/** Waits until a server has weight 0, or is gone, with each; notes how long it took. */
async function out(what: string, at: number, from: number): Promise<ReadonlyMap<string, number | null>> {
  const gone = (one: Contender): Promise<number | null> =>
    one.becomes(
      (weights) => (weights[server(at)] ?? 0) === 0,
      from,
      one.kind === "haagent" ? START_MS : PATIENCE,
    );
  const spans = await race.each(gone);
  findings.note(`${what}: out of the table after`, spans, seconds);
  expect(spans.get("haagent")).not.toBe(null);
  return spans;
}

/** What clients met since a fault. */
async function noteOutage(how: string, from: number): Promise<void> {
  await sleep(500);
  const met = await race.each(async ({ answers }) => {
    const asked = answers.filter(({ at }) => at >= from);
    const wrong = asked.filter(({ answer }) => !/^s\d$/.test(answer));
    const last = wrong.at(-1);
    return `${wrong.length} of ${asked.length}, the last at ${last === undefined ? "-" : seconds(last.at - from)}`;
  });
  findings.note(`${how}: requests that failed`, met, (text) => text);
}

/** The upper and lower threshold of a server, of each. */
const thresholds = (at: number): ReturnType<typeof race.each<string>> =>
  race.each(async ({ box }) => {
    const text = await box.namespace.run(["ipvsadm", "-Ln", "--thresholds"]);
    return new RegExp(`${server(at)}:80 +(\\d+) +(\\d+)`).exec(text)?.slice(1).join(" and ") ?? "no server";
  });

describe("a director beside its rivals", () => {
  test("gives no weight to a server that is down when it starts", async () => {
    await race.settle("1,1,0");
    await sleep(COUNTED);
    const spans = await race.each(async (one) => one.served(server(2)));
    findings.note("down at start: in service for", spans, (span) => (span === 0 ? "never" : seconds(span)));
    expect(spans.get("haagent")).toBe(0);
    // The others begin with everybody.
    expect(spans.get("keepalived")).toBeGreaterThan(0);
    const added = `Added real server: ${server(2)}:80`;
    expect(race.contender("ldirectord").said.join("\n")).toMatch(new RegExp(`${added} .*Weight set to 1`));
    await race.backend(2).start();
    await race.settle("1,1,1");
  });

  test("has a server out that fails under load, with its thresholds kept", async () => {
    const rates = await race.probed(() => sleep(COUNTED));
    findings.note("probes a second, three servers at 1 s", rates, (rate) => rate.toFixed(1));
    let over = false;
    const load = race.load(() => over);
    const faults: readonly (readonly [string, () => unknown, () => unknown])[] = [
      ["wrong status", () => race.backend(1).answers("503"), () => race.backend(1).answers("200")],
      ["killed", () => race.backend(1).end(), () => race.backend(1).start()],
    ];
    for (const [how, breaks, mends] of faults) {
      const from = now();
      await breaks();
      await out(how, 1, from);
      const kept = await thresholds(1);
      findings.note("drained: upper and lower threshold", kept, (limits) => limits);
      expect(Object.fromEntries(kept)).toEqual({
        ...{ haagent: "200 and 100", keepalived: "200 and 100" },
        // Its `quiescent` is an `ipvsadm -e` that names none.
        ldirectord: "0 and 0",
      });
      await noteOutage(how, from);
      const served = race.contender("haagent").answers;
      const settled = now();
      await until(
        () => `the servers that are left answer: ${JSON.stringify(served.slice(-3))}`,
        START_MS,
        () => served.some(({ at, answer }) => at >= settled && /^s[13]$/.test(answer)),
      );
      await mends();
      await race.settle("1,1,1");
    }
    over = true;
    await load;
  });

  test("delays no check for a server that hangs", async () => {
    const hung = now();
    race.backend(0).freeze(true);
    const rates = await race.probed(async () => {
      await out("hung", 0, hung);
      const from = now();
      race.backend(1).answers("503");
      await out("wrong status beside a hung one", 1, from);
    });
    findings.note("probes a second beside a hung one", rates, (rate) => rate.toFixed(1));
    // One after another waits for each timeout; what both were probed in is the same time on the same machine.
    expect(rates.get("haagent") ?? 0).toBeGreaterThan(1.3 * (rates.get("ldirectord") ?? Infinity));
    race.backend(0).freeze(false);
    race.backend(1).answers("200");
    await race.settle("1,1,1");
  });

  test("goes on with every check and every server after a reload with a typing error", async () => {
    const misspelt = (text: string): string =>
      text
        .replace(`\treal=${server(2)}`, `\treel=${server(2)}`)
        .replace(`real_server ${server(2)}`, `reel_server ${server(2)}`)
        .replace("real_servers", "reel_servers");
    await race.each((one) => one.reload([WEB], misspelt));
    await until("haagent refuses it", START_MS, () =>
      race.contender("haagent").said.some((line) => line.includes("config.rejected")),
    );
    // What it says of it stays in a buffer of its own.
    await until("ldirectord has read it", START_MS, () => race.contender("ldirectord").hasRead);
    await race.settle("1,1,-", 0, ["keepalived"]);
    await sleep(COUNTED);
    const weights = await race.each(async (one) => one.list());
    findings.note("misspelt reload: weights after", weights, (list) => list);
    expect(weights.get("haagent")).toBe("1,1,1");
    const from = now();
    race.backend(1).answers("503");
    const spans = await race.each((one) =>
      one.becomes(
        (servers) => (servers[server(1)] ?? 0) === 0,
        from,
        one.kind === "ldirectord" ? WATCHED : START_MS,
      ),
    );
    findings.note("misspelt reload: a server fails then, out after", spans, (span) =>
      span === null ? `not in ${WATCHED / 1000} s` : seconds(span),
    );
    expect(spans.get("haagent")).not.toBe(null);
    // Its checks go on and are acted on no more.
    expect(spans.get("ldirectord")).toBe(null);
    race.backend(1).answers("200");
    await race.each((one) => one.reload([WEB]));
    await race.settle("1,1,1", 0, ["keepalived", "haagent"]);
  });
});
