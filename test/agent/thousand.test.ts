/** More addresses than the kernel adds in a moment. */
import { describe, expect, test } from "bun:test";
import { Lab } from "./harness.ts";
import { addressChanges, addressOps } from "./scenes.ts";
import { adverts, told } from "./sight.ts";
import { router } from "./text.ts";

const COUNT = 1000;
/** What one addition takes the kernel of a small box, milliseconds. */
const ADDITION = 0.1;
/** What one frame takes it. */
const FRAME = 0.05;
const cidrs = Array.from({ length: COUNT }, (_, at) => `10.9.${at >> 8}.${at & 255}/16`);
const text = (interval: string, more: Record<string, unknown> = {}): string =>
  router({
    advert_interval: interval,
    addresses: cidrs.slice(0, 1),
    excluded_addresses: cidrs.slice(1),
    ...more,
  });

describe("a thousand addresses", () => {
  test("do not hold up adverts of 10 ms, on a box that takes a tenth of a second for them", () => {
    const lab = new Lab();
    const box = lab.box(text("10ms"));
    box.kernel.refuse = ({ op }) => {
      if (op === "add") lab.now += ADDITION;
      return null;
    };
    box.start();
    const since = lab.now;
    lab.run(2000);
    expect(box.kernel.added()).toHaveLength(COUNT);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
    const adverts = lab.traces.filter(({ action, at }) => action.router !== null && at > since);
    const gaps = adverts.slice(1).map(({ at }, index) => at - (adverts[index]?.at ?? at));
    expect(Math.max(...gaps)).toBeLessThan(20);
  });

  test("are told when the last one is there, each once before any is told again", () => {
    const lab = new Lab();
    const box = lab.box(text("1s"));
    box.start();
    lab.run(10_000);
    const all = told(box);
    expect(new Set(all.slice(0, COUNT)).size).toBe(COUNT);
  });

  test("are told as fast as the kernel takes the frames, adverts of 10 ms going on meanwhile", () => {
    const lab = new Lab();
    const box = lab.box(text("10ms"));
    box.refuseSend = ({ router: by }) => {
      if (by === null) lab.now += FRAME;
      return null;
    };
    box.start();
    lab.run(2000);
    const times = told(box).map(({ at }) => at);
    // Nothing waits but for the kernel, and for the adverts.
    expect((times[COUNT - 1] ?? 0) - (times[0] ?? 0)).toBeLessThan(1.2 * COUNT * FRAME);
    const sent = adverts(box);
    const gaps = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? at));
    expect(Math.max(...gaps)).toBeLessThan(14);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });

  test("go in one turn, the last one first", () => {
    const lab = new Lab();
    const box = lab.box(text("1s"));
    box.start();
    lab.run(10_000);
    const done = box.event({ kind: "signal", signal: "SIGTERM" });
    expect(done.filter(({ kind }) => kind === "addresses")).toHaveLength(1);
    expect(addressOps(done)).toEqual(cidrs.map((cidr) => `delete ${cidr}`).reverse());
  });

  test("of which half are asked for when mastership goes are taken no further", () => {
    const lab = new Lab();
    const box = lab.box(text("1s", { excluded_addresses: cidrs.slice(1, 300) }));
    box.start();
    let asked = 0;
    box.kernel.refuse = ({ op }) => {
      if (op === "add" && ++asked === 100) {
        box.kernel.set("eth1", { carrier: false });
        box.beforeAnswers = [{ kind: "link", link: box.kernel.link("eth1") }];
      }
      return null;
    };
    lab.run(5000);
    expect(box.state()).toBe("fault");
    expect(addressChanges(box.actions).filter(({ op }) => op === "add")).toHaveLength(128);
    expect(box.kernel.added()).toEqual([]);
  });

  test("come before the routes that need them", () => {
    const lab = new Lab();
    const last = cidrs.at(-1)?.replace("/16", "");
    const box = lab.box(text("1s", { routes: [`default via 10.9.0.0 dev eth1 src ${last}`] }));
    box.start();
    lab.run(10_000);
    expect(box.router()).toMatchObject({ state: "master", routes: [{ held: true }] });
    const order = box.actions.flatMap(({ kind }) =>
      kind === "addresses" || kind === "forwarding" ? [kind] : [],
    );
    expect(order).toEqual([...new Array(16).fill("addresses"), "forwarding"]);
  });
});
