/** The rehearsal: a takeover, a contest and a yield of every kind of router are played through. */
import { describe, expect, test } from "bun:test";
import type { Action } from "../../src/agent/boundary.ts";
import { rehearse } from "../../src/agent/rehearsal.ts";

const told = (actions: readonly Action[], name: string): string[] =>
  actions.flatMap((action) =>
    action.kind === "log" && action.event === "vrrp.state" && action.fields["name"] === name
      ? [`${action.fields["from"]} ${action.fields["to"]}`]
      : [],
  );

/** All of it. */
const played = (): readonly Action[] => [...rehearse()].at(-1) ?? [];

describe("a rehearsal", () => {
  test.each(["v3", "v2", "v6", "ah", "mac"])("of %s takes over, yields and takes over again", (name) => {
    expect(told(played(), name)).toEqual([
      "init backup",
      "backup master",
      "master backup",
      "backup master",
      "master init",
    ]);
  });

  test("goes through adverts, addresses, announcements and the ledger, and complains of nothing", () => {
    const actions = played();
    const kinds = new Set(actions.map(({ kind }) => kind));
    for (const kind of [
      "frame",
      "addresses",
      "ledger",
      "listen",
      "promote-secondaries",
      "virtual-macs",
      "refuse",
    ] as const) {
      expect(kinds).toContain(kind);
    }
    const adverts = actions.filter((action) => action.kind === "frame" && action.router !== null);
    const announcements = actions.filter((action) => action.kind === "frame" && action.router === null);
    expect(adverts.length).toBeGreaterThan(10);
    expect(announcements.length).toBeGreaterThan(10);
    const complaints = actions.filter((action) => action.kind === "log" && action.level === "error");
    expect(complaints).toEqual([]);
    expect(actions).toContainEqual({ kind: "exit", code: 0 });
  });
});
