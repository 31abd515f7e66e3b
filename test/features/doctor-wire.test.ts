/** What the doctor hears. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { sleep } from "../lab/process.ts";
import type { Forgery } from "./forgery.ts";
import { forge, inject } from "./forgery.ts";
import type { Visit } from "./patient.ts";
import { heads, only, Patient, VIP } from "./patient.ts";

let patient: Patient;

beforeAll(async () => {
  patient = await Patient.create();
});
afterAll(() => patient.site.close());
afterEach(() => patient.restore());

describe("the wire", () => {
  /** Others say these again and again while the doctor listens. */
  async function hearing(...forged: readonly Forgery[]): Promise<Visit> {
    const frames = forged.map((forgery) => forge(forgery));
    let done = false;
    const speaking = (async () => {
      while (!done) {
        await inject(patient.site, patient.box, frames);
        await sleep(20);
      }
    })();
    try {
      return await patient.visit();
    } finally {
      done = true;
      await speaking;
    }
  }
  const PEER = { source: "10.77.1.9", addresses: [VIP], interval: 10 };

  test("with one good master on it is in order", async () => {
    expect((await hearing(PEER)).findings).toEqual([]);
  });

  test("with two masters is a fault", async () => {
    const visited = await hearing(PEER, { ...PEER, source: "10.77.1.8" });
    expect(only(visited)).toMatchObject({ id: "second_master", severity: "fault", subject: "lan" });
  });

  test("with one beside our own is a fault", async () => {
    await patient.agent.start();
    await patient.agent.is("lan", "master");
    expect(heads(await hearing({ ...PEER, priority: 10 }))).toContain("fault second_master lan");
  });

  test("with our VRID in other hands is a fault", async () => {
    const visited = await hearing({ ...PEER, addresses: ["10.77.1.60"] });
    expect(only(visited)).toMatchObject({ id: "duplicate_vrid", severity: "fault", subject: "lan" });
  });

  test("tells what a peer has set otherwise", async () => {
    const visited = await hearing({ ...PEER, addresses: [VIP, "10.77.1.51"], interval: 20 });
    expect(heads(visited)).toEqual(["degraded mismatch lan", "note mismatch lan"]);
    expect(visited.findings.map(({ text }) => text)).toEqual([
      "10.77.1.9 differs in addresses",
      "10.77.1.9 differs in interval",
    ]);
    expect(heads(await hearing({ ...PEER, version: 2, interval: 1 }))).toEqual([
      "degraded mismatch lan",
      "note mismatch lan",
    ]);
  });

  const refusals: readonly (readonly [string, Forgery, string])[] = [
    ["another password", { version: 2, interval: 1, password: "other" }, "fault rejected lan"],
    ["a wrong checksum", { spoil: 1 }, "fault rejected lan"],
    ["a TTL of 254", { ttl: 254 }, "degraded rejected lan"],
    ["our own address", { source: "10.77.1.1" }, "fault duplicate_address lan"],
  ];
  test.each(refusals)("tells of adverts with %s", async (_, forgery, head) => {
    expect(heads(await hearing({ ...PEER, ...forgery }))).toEqual([head]);
  });
});
