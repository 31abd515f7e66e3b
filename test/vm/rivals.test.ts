/**
 * ldirectord, keepalived and haagent on the same scenarios at the same time: what users of the former two have run into is a test that
 * haagent does not. What each of the three did is printed as a table; only haagent's part can fail.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DirectorKind } from "../lab/directors.ts";
import { DIRECTORS } from "../lab/directors.ts";
import { now, sleep, until } from "../lab/process.ts";
import type { Contender, Wanted } from "./rivals.ts";
import { START_MS } from "./actors.ts";
import { Named } from "./named.ts";
import { PATIENCE, Race, server, SERVERS } from "./rivals.ts";

let race: Race;
/** What each did, by what was looked at. */
const findings = new Map<string, Map<DirectorKind, string>>();

function note(what: string, kind: DirectorKind, text: string): void {
  const row = findings.get(what) ?? new Map<DirectorKind, string>();
  const tables = race.contenders.find((one) => one.kind === kind)?.moments.at(-1)?.weights ?? {};
  // A rival that has not come so far is not judged.
  const idle = kind !== "haagent" && Object.keys(tables).length === 0;
  findings.set(what, row.set(kind, idle ? "no table" : text));
}

beforeAll(async () => {
  race = await Race.create();
});
afterAll(async () => {
  await race.close();
  const rows = [...findings].map(([what, row]) => [what, ...DIRECTORS.map((kind) => row.get(kind) ?? "-")]);
  const lines = [["", ...DIRECTORS], ...rows];
  const widths = [0, 1, 2, 3].map((at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  for (const line of lines) console.log(line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  "));
});

const CHECK = { type: "http", interval: 1, timeout: 2, fall: 2 } as const;
const WEB: Wanted = { name: "web", port: 80, servers: SERVERS, thresholds: [200, 100], check: CHECK };
/** interval + fall × max(interval, timeout). */
const OUT_WITHIN = 1000 + 2 * 2000;
/** A stall of the machine. */
const STALL = 2000;

const seconds = (span: number | null): string =>
  span === null ? `not in ${PATIENCE / 1000} s` : `${(span / 1000).toFixed(2)} s`;

/** Does something with all three at a time; the results are theirs in their order. */
async function each<Result>(work: (one: Contender) => Promise<Result>): Promise<Map<DirectorKind, Result>> {
  const results = await Promise.all(
    race.contenders.map(async (one): Promise<[DirectorKind, Result]> => [one.kind, await work(one)]),
  );
  return new Map(results);
}

/** Waits until a server has weight 0, or is gone, with each; notes how long it took. */
async function out(what: string, at: number, from: number): Promise<number> {
  const spans = await each((one) =>
    one.becomes((weights) => (weights[server(at)] ?? 0) === 0, from, PATIENCE),
  );
  for (const [kind, span] of spans) note(what, kind, seconds(span));
  return spans.get("haagent") ?? Infinity;
}

describe("a director beside its rivals", () => {
  beforeAll(async () => {
    await race.backend(2).end();
    await race.start([WEB]);
  });
  afterAll(() => race.stop());

  test("gives no weight to a server that is down when it starts", async () => {
    await race.settle("1,1,0");
    await sleep(2500);
    for (const one of race.contenders) {
      const had = one.moments.filter(({ weights }) => (weights[one.key()]?.[server(2)] ?? 0) > 0);
      const next = one.moments[one.moments.findIndex((moment) => moment === had.at(-1)) + 1];
      const span = had.length === 0 ? null : (next?.at ?? now()) - (had[0]?.at ?? 0);
      note("down at start, had weight for", one.kind, span === null ? "never" : seconds(span));
      if (one.kind === "haagent") expect(had).toEqual([]);
    }
    await race.backend(2).start();
    await race.settle("1,1,1");
  });

  test("has a server that fails under load out in time however it fails, with its thresholds kept", async () => {
    let over = false;
    const load = race.load(() => over);
    const faults: readonly (readonly [string, () => unknown, () => unknown])[] = [
      ["wrong status", () => race.backend(1).answers("503"), () => race.backend(1).answers("200")],
      ["hung", () => race.backend(1).freeze(true), () => race.backend(1).freeze(false)],
      ["killed", () => race.backend(1).end(), () => race.backend(1).start()],
    ];
    for (const [how, breaks, mends] of faults) {
      const [before, began] = [await each((one) => one.probes()), now()];
      await sleep(2000);
      for (const [kind, count] of await each((one) => one.probes())) {
        note(
          "probes a second, three servers at 1 s",
          kind,
          ((count - (before.get(kind) ?? 0)) / ((now() - began) / 1000)).toFixed(1),
        );
      }
      const from = now();
      await breaks();
      expect(await out(`${how}: out of the table`, 1, from)).toBeLessThan(OUT_WITHIN + STALL);
      const limits = await each(({ box }) => box.namespace.run(["ipvsadm", "-Ln", "--thresholds"]));
      for (const [kind, text] of limits) {
        const kept = new RegExp(`${server(1)}:80 +200 +100`).test(text);
        note("drained, thresholds", kind, kept ? "kept" : "lost");
        if (kind === "haagent") expect(kept).toBe(true);
      }
      await sleep(1500);
      for (const { kind, answers } of race.contenders) {
        const asked = answers.filter(({ at }) => at >= from);
        const wrong = asked.filter(({ answer }) => !/^s\d$/.test(answer));
        note(`${how}: errors of clients`, kind, `${wrong.length} of ${asked.length}`);
      }
      // The servers that are left answer.
      const { answers } = race.haagent;
      const settled = now();
      await until(
        () => `clients are served: ${JSON.stringify(answers.slice(-3))}`,
        START_MS,
        () => answers.some(({ at, answer }) => at >= settled && /^s[13]$/.test(answer)),
      );
      await mends();
      await race.settle("1,1,1");
    }
    over = true;
    await load;
  });

  test("delays no check for a server that hangs", async () => {
    race.backend(0).freeze(true);
    const hung = now();
    await each((one) => one.becomes((weights) => weights[server(0)] === 0, hung, 2 * PATIENCE));
    const from = now();
    race.backend(1).answers("503");
    const span = await out("wrong status beside a hung one: out", 1, from);
    race.backend(0).freeze(false);
    race.backend(1).answers("200");
    // Its own answers come at once: no timeout has a part in it.
    expect(span).toBeLessThan(1000 + 2 * 1000 + STALL);
    await race.settle("1,1,1");
  });

  test("goes on with every check and every server after a reload with a typing error", async () => {
    const misspelt = (text: string): string =>
      text
        .replace(`\treal=${server(2)}`, `\treel=${server(2)}`)
        .replace(`real_server ${server(2)}`, `reel_server ${server(2)}`)
        .replace("real_servers", "reel_servers");
    await each((one) => one.reload([WEB], misspelt));
    await sleep(4000);
    for (const one of race.contenders) {
      note("misspelt reload: weights after", one.kind, one.list());
      if (one.kind === "haagent") expect(one.list()).toBe("1,1,1");
    }
    const from = now();
    race.backend(1).answers("503");
    expect(await out("misspelt reload: then a server fails, out", 1, from)).toBeLessThan(OUT_WITHIN + STALL);
    race.backend(1).answers("200");
    await each((one) => one.reload([WEB]));
    const mended = now();
    const whole = await each((one) =>
      one.becomes((weights) => SERVERS.every((name) => weights[name] === 1), mended, PATIENCE),
    );
    for (const [kind, span] of whole) note("misspelt reload: mended, all serve", kind, seconds(span));
    expect(whole.get("haagent")).not.toBe(null);
  });
});

describe("services that have a server in common", () => {
  const pair = [server(0), server(1)];
  const hasty: Wanted = { name: "hasty", port: 80, servers: pair, check: CHECK };
  const patient: Wanted = {
    ...{ name: "patient", port: 80, servers: pair, fallback: server(2) },
    check: { ...CHECK, timeout: 4 },
  };
  const secure = { name: "secure", port: 443, servers: SERVERS };
  let names: Named;

  beforeAll(async () => {
    for (const backend of race.backends) backend.answers("200");
    names = await Named.create(race.backends.map(({ box }) => box));
    await race.start([
      ...[patient, hasty, { ...hasty, name: "twin" }],
      { ...secure, check: { ...CHECK, type: "https", host: names.host } },
    ]);
  });
  afterAll(async () => {
    await race.stop();
    await names[Symbol.asyncDispose]();
  });

  test("share its probes only where all settings are equal", async () => {
    for (const which of [0, 1, 2]) await race.settle("1,1,-", which);
    const [before, began] = [await each((one) => one.probes()), now()];
    await sleep(4000);
    for (const [kind, count] of await each((one) => one.probes())) {
      const rate = ((count - (before.get(kind) ?? 0)) / (now() - began)) * 1000;
      note(
        "probes a second: 2 servers in 3 services, 2 of them equal, and 3 by https",
        kind,
        rate.toFixed(1),
      );
      // Four that differ and three, at 1 s; nine were none shared.
      if (kind === "haagent") expect(rate).toBeLessThan(8);
    }
    const slow = now();
    race.backend(0).answers("slow 3000");
    await each((one) => one.becomes((weights) => weights[server(0)] === 0, slow, PATIENCE, 1));
    await sleep(2000);
    for (const one of race.contenders) {
      const found = [0, 1].map((which) => one.weights(which)[server(0)] ?? "-");
      note("answers after 3 s: weights where 4 s and where 2 s are allowed", one.kind, found.join(" and "));
      if (one.kind === "haagent") expect(found).toEqual([1, 0]);
    }
    race.backend(0).answers("200");
    for (const which of [0, 1]) await race.settle("1,1,-", which);
  });

  test("call servers behind TLS by their name", async () => {
    await race.settle("1,1,1", 3);
    for (const one of race.contenders) {
      note("https by name (SNI): weights", one.kind, one.list(3));
      if (one.kind === "haagent") expect(one.list(3)).toBe("1,1,1");
    }
  });

  test("fall back without a moment in which nobody serves", async () => {
    const from = now();
    for (const at of [0, 1]) race.backend(at).answers("503");
    const fell = await each((one) => one.becomes((weights) => (weights[server(2)] ?? 0) > 0, from, PATIENCE));
    await sleep(500);
    for (const one of race.contenders) {
      note("all down: the fallback serves after", one.kind, seconds(fell.get(one.kind) ?? null));
      const span = one.emptyFor(from);
      note("all down: nobody in the pool for", one.kind, fell.get(one.kind) === null ? "-" : seconds(span));
      if (one.kind === "haagent") expect(span).toBe(0);
    }
    expect(fell.get("haagent")).not.toBe(null);
  });
});
