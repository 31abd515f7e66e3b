/** The word that a master released, beside what else may happen then: its before_release, and the other node that goes as well. */
import { describe, expect, test } from "bun:test";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import { cluster, type Member, member, PATIENCE_MS, secondWire, wires } from "./cluster-scene.ts";
import { ADDRESS, CALM_MS, KEY, pair, SECOND_WIRE } from "./notice-scene.ts";

/** Of a line of the log, milliseconds since 1970. */
function timeOf({ log, name }: Member, from: number, words: readonly string[]): number {
  const line = log.slice(from).find((each) => words.every((word) => each.includes(word)));
  if (line === undefined) throw new Error(`${name} has not said ${words.join(" ")}`);
  return Date.parse(line.split(" ")[0] ?? "");
}

describe("a master with a before_release whose cable is pulled", () => {
  test.concurrent("is followed at its word, which it says when that has ended", async () => {
    await using lab = await wires();
    await secondWire(lab);
    const hooks = 'hooks = { before_release = ["/bin/sleep", "1"] }';
    const [a, b] = await pair(lab, [[SECOND_WIRE], [SECOND_WIRE]], [hooks, ""]);
    const [ofA, ofB] = [a.log.length, b.log.length];
    await lab.bridge.ip(`link set ${lab.node(0).port} down`);
    await b.says(["vrrp.state", "to=master", "10.77.0.1 released it"], ofB);
    await a.says(["hook.ended", "hook=before_release"], ofA);
    const ended = timeOf(a, ofA, ["hook.ended"]);
    expect(timeOf(b, ofB, ["to=master"])).toBeGreaterThanOrEqual(ended);
    expect(await addressesOf(lab.node(0))).not.toContain(ADDRESS);
    expect(await addressesOf(lab.node(1))).toContain(ADDRESS);
  });
});

/** One virtual router of this number. */
const vrrp = (number: number, level: number): string => `
[vrrp.lan${number}]
interface = "eth0"
vrid = ${number}
priority = ${level}
advert_interval = "1s"
addresses = ["10.77.0.${200 + number}/24"]
`;

describe("two masters, each followed by the other", () => {
  test.concurrent("go at once: nobody takes what neither can have, and who is back takes both", async () => {
    await using lab = await wires();
    await secondWire(lab);
    const [a, b] = [member(lab, 0, "a"), member(lab, 1, "b")];
    const base = cluster([SECOND_WIRE], KEY);
    await a.write(base + vrrp(1, 150) + vrrp(2, 100));
    await b.write(base + vrrp(1, 100) + vrrp(2, 150));
    await Promise.all([a.start(), b.start()]);
    await a.says(["vrrp.state", "name=lan1", "to=master"]);
    await b.says(["vrrp.state", "name=lan2", "to=master"]);
    await Promise.all([a.sees("b", "active"), b.sees("a", "active")]);
    await Bun.sleep(CALM_MS);
    const from = [a.log.length, b.log.length] as const;
    await lab.bridge.ip(`link set ${lab.node(0).port} down`, `link set ${lab.node(1).port} down`);
    for (const [at, node] of [a, b].entries()) {
      for (const name of ["lan1", "lan2"]) {
        await node.says(["vrrp.state", `name=${name}`, "to=fault"], from[at]);
      }
    }
    const held = async (): Promise<string[]> =>
      (await Promise.all([lab.node(0), lab.node(1)].map(addressesOf)))
        .flat()
        .filter((address) => address.startsWith("10.77.0.20"))
        .sort();
    await until("both have let go", PATIENCE_MS, async () => (await held()).length === 0);
    await Bun.sleep(CALM_MS);
    expect(await held()).toEqual([]);
    await lab.bridge.ip(`link set ${lab.node(0).port} up`);
    await until(
      () => `a has both; it said: ${a.log.slice(-10).join("\n")}`,
      PATIENCE_MS,
      async () => (await held()).length === 2,
    );
    expect(await addressesOf(lab.node(0))).toEqual(expect.arrayContaining(["10.77.0.201", "10.77.0.202"]));
  });
});
