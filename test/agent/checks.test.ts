/** Checks of files: the number that one may hold, and hints that it has changed. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { master } from "./scenes.ts";
import type { Table } from "./text.ts";
import { router, table } from "./text.ts";

const probe = (box: Box, healthy: boolean): unknown =>
  box.event({ kind: "probe", check: "web", healthy, detail: healthy ? "is there" : "ENOENT" });

/** The probes started. */
const probes = (box: Box): string[] =>
  box.actions.flatMap((action) => (action.kind === "probe" ? [action.check] : []));

describe("a tracked file with a number", () => {
  const file = (values: Table = {}): string =>
    table("check.web", { type: "file", file: "/f", content: "integer", interval: "10s", ...values });
  const text = (values: Table = {}): string => router({ track_checks: ["web"] }) + file(values);
  const reads = (box: Box, value: number): unknown =>
    box.event({ kind: "probe", check: "web", healthy: true, detail: `holds ${value}`, value });

  test("adds the number, and says each new one", () => {
    const { box } = master(text());
    for (const value of [5, 5, -7, 0, 0]) reads(box, value);
    expect(box.router().effective_priority).toBe(100);
    expect(box.logs("track.changed").map(({ fields }) => fields["value"])).toEqual([5, -7, 0]);
    expect(box.router().tracks).toMatchObject([
      { name: "web", up: true, weight: 0, effect: 0, detail: "holds 0" },
    ]);
  });

  test("keeps the last number while failures are still counted, and loses it with the last of them", () => {
    const { box } = master(text({ fall: 2, weight: -30 }));
    reads(box, 20);
    probe(box, false);
    expect(box.router().effective_priority).toBe(120);
    probe(box, false);
    expect(box.router().effective_priority).toBe(70);
    reads(box, 20);
    expect(box.router().effective_priority).toBe(120);
  });

  test("that comes back with another number counts with that one", () => {
    const { box } = master(text({ fall: 1, rise: 2, weight: -30 }));
    reads(box, 20);
    probe(box, false);
    reads(box, 40);
    expect(box.router().effective_priority).toBe(70);
    reads(box, 40);
    expect(box.router().effective_priority).toBe(140);
  });

  test("of -254 is a fault, whatever its weight", () => {
    const { box } = master(text({ weight: 50 }));
    reads(box, -254);
    expect(box.router()).toMatchObject({ state: "fault", reason: "web says -254" });
  });

  test("forgets the number with another file", () => {
    const { box } = master(text());
    reads(box, 20);
    box.reload(text({ file: "/g" }));
    expect(box.router()).toMatchObject({ effective_priority: 100, tracks: [{ up: null, effect: 0 }] });
  });
});

describe("a hint that a check is worth a look", () => {
  const text = (values: Table = {}): string =>
    router({ track_checks: ["web"] }) +
    table("check.web", { type: "file", file: "/f", interval: "1h", fall: 3, ...values });
  const hint = (box: Box): unknown => box.event({ kind: "probe-hint", check: "web" });

  test("brings the next probe to the next moment, and no nearer to the last one", () => {
    const { lab, box } = master(text());
    probe(box, true);
    lab.run(1000);
    hint(box);
    lab.run(15);
    expect(probes(box)).toHaveLength(1);
    lab.run(10);
    expect(probes(box)).toHaveLength(2);
    probe(box, true);
    hint(box);
    lab.run(40);
    expect(probes(box)).toHaveLength(2);
    lab.run(15);
    expect(probes(box)).toHaveLength(3);
  });

  test("that comes while a probe is under way brings another one after it", () => {
    const { lab, box } = master(text());
    hint(box);
    lab.run(1000);
    expect(probes(box)).toHaveLength(1);
    probe(box, true);
    lab.run(30);
    expect(probes(box)).toHaveLength(2);
    probe(box, true);
    lab.run(10_000);
    expect(probes(box)).toHaveLength(2);
  });

  test("changes nothing while failures are counted: those are counted in intervals", () => {
    const { lab, box } = master(text());
    probe(box, true);
    lab.run(1000);
    hint(box);
    lab.run(30);
    probe(box, false);
    for (let times = 0; times < 10; times++) {
      hint(box);
      lab.run(100);
    }
    expect(probes(box)).toHaveLength(2);
    expect(box.state()).toBe("master");
  });

  test("of a check that is no more is nothing", () => {
    const { box } = master(router());
    expect(() => hint(box)).not.toThrow();
  });
});
