/** The simulator's checkers: each finds what it is there for, and is silent about what must be. */
import { describe, expect, test } from "bun:test";
import { Checkers } from "./sim/checkers.ts";
import type { NodeView, Terms, View } from "./sim/view.ts";

const TERMS: Terms = {
  calm: false,
  fenced: false,
  sight: { fresh: 2000, later: 5000 },
  failback: true,
  sights: null,
  bound: 10_000,
  takeover: 40_000,
  peace: 0,
};

const node = (count: number, more: Partial<NodeView> = {}): NodeView => ({
  ...{
    powered: true,
    running: true,
    left: false,
    alone: false,
    sees: null,
    leaving: false,
    excused: new Set<string>(),
  },
  resources: new Map([["g", count]]),
  ...more,
});

const view = (now: number, a: NodeView, b: NodeView, more: Partial<View> = {}): View => ({
  now,
  nodes: [a, b],
  connected: true,
  groups: [{ key: "g", preferred: 0, shared: false }],
  orderedAt: Number.NEGATIVE_INFINITY,
  sizes: new Map([["g", 2]]),
  ...more,
});

/** What is said of views in turn; null: nothing. */
function said(terms: Partial<Terms>, ...views: readonly View[]): string | null {
  const checkers = new Checkers({ ...TERMS, ...terms });
  try {
    for (const each of views) checkers.look(each);
  } catch (error) {
    return String(error);
  }
  return null;
}

function ended(terms: Partial<Terms>, last: View, ...before: readonly View[]): string | null {
  const checkers = new Checkers({ ...TERMS, ...terms });
  for (const each of before) checkers.look(each);
  try {
    checkers.end(last);
  } catch (error) {
    return String(error);
  }
  return null;
}

describe("the checkers", () => {
  test("find a group on both nodes longer than the bound, counted from when they hear each other", () => {
    const apart = { connected: false };
    const both = [node(2), node(1)] as const;
    expect(said({}, view(0, ...both, apart), view(60_000, ...both, apart))).toBe(null);
    expect(said({}, view(0, ...both, apart), view(60_000, ...both), view(70_000, ...both))).toBe(null);
    expect(said({}, view(0, ...both, apart), view(60_000, ...both), view(70_001, ...both))).toContain(
      "10001 ms",
    );
    const frozen = [node(2), node(2, { running: false })] as const;
    expect(said({}, view(0, ...frozen), view(60_000, ...frozen))).toBe(null);
  });

  test("find it at once where a takeover is fenced, and where nothing but operators acts", () => {
    expect(said({ fenced: true }, view(0, node(2), node(1), { connected: false }))).toContain("fenced");
    expect(said({ calm: true }, view(0, node(2), node(1)))).toContain("in peace");
    expect(said({ fenced: true, calm: true }, view(0, node(2), node(1, { powered: false })))).toBe(null);
  });

  test("find a start before the stop of a node that nobody takes for dead", () => {
    expect(said({}, view(0, node(2), node(0)), view(20_000, node(2), node(1)))).toContain("before its stop");
    const alone = node(2, { alone: true });
    expect(said({}, view(0, alone, node(0)), view(20_000, alone, node(1)))).toBe(null);
  });

  test("find a blind node that fences one that sees, is well, and had the time to fence it first", () => {
    const aimed = (
      blind: NodeView,
      well: NodeView,
      before = well,
      terms: Partial<Terms> = {},
    ): string | null => {
      const checkers = new Checkers({ ...TERMS, ...terms });
      checkers.look(view(0, blind, before, { connected: false }));
      try {
        checkers.aims(view(50_000, blind, well, { connected: false }), 0);
      } catch (error) {
        return String(error);
      }
      return null;
    };
    const blind = node(1, { alone: true, sees: false });
    const well = node(1, { alone: true, sees: true });
    expect(aimed(blind, well)).toContain("node 0 sees no ping node and fences node 1");
    expect(aimed({ ...blind, sees: true }, well)).toBe(null);
    expect(aimed({ ...blind, sees: null }, well)).toBe(null);
    for (const not of [{ sees: false }, { alone: false }, { running: false }, { leaving: true }]) {
      expect(aimed(blind, well, { ...well, ...not })).toBe(null);
    }
    expect(aimed(blind, well, well, { sight: null })).toBe(null);
  });

  test("find a group that is nowhere though its peer has no power", () => {
    const off = node(0, { powered: false, running: false });
    expect(said({}, view(0, node(1), off), view(40_000, node(1), off))).toBe(null);
    expect(said({}, view(0, node(1), off), view(40_001, node(1), off))).toContain("nowhere");
    expect(said({}, view(0, node(2), off), view(40_001, node(2), off))).toBe(null);
    const leaving = node(1, { leaving: true });
    expect(said({}, view(0, leaving, off), view(40_001, leaving, off))).toBe(null);
  });

  test("find after peace what is on both, nowhere, not whole, or not where it belongs", () => {
    expect(ended({}, view(0, node(2), node(2)))).toContain("on both");
    expect(ended({}, view(0, node(0), node(0)))).toContain("on no node");
    expect(ended({}, view(0, node(1), node(0)))).toContain("as a whole");
    expect(ended({}, view(0, node(0), node(2)))).toContain("prefers");
    expect(ended({ failback: false }, view(0, node(0), node(2)))).toBe(null);
    expect(ended({}, view(0, node(2), node(0)))).toBe(null);
  });

  test("find a node that keeps groups while it sees fewer ping nodes, and one that has them back at once", () => {
    const sights = { within: 10_000, stays: 5000 };
    const [sees, blind] = [{ sees: true }, { sees: false }];
    const from = [view(0, node(2, sees), node(0, sees)), view(1, node(2, blind), node(0, sees))] as const;
    expect(said({ sights }, ...from, view(10_001, node(1, blind), node(0, sees)))).toBe(null);
    expect(said({ sights }, ...from, view(10_002, node(1, blind), node(0, sees)))).toContain("sees no ping");
    expect(said({ sights }, ...from, view(10_002, node(1, blind), node(0, blind)))).toBe(null);
    const moved = [
      ...from,
      view(9000, node(0, blind), node(2, sees)),
      view(9001, node(0, sees), node(2, sees)),
    ];
    const back = (at: number, more: Partial<View> = {}): View => view(at, node(2, sees), node(0, sees), more);
    expect(said({ sights }, ...moved, back(14_000))).toContain("sees a ping node again");
    expect(said({ sights }, ...moved, back(14_001))).toBe(null);
    expect(said({ sights }, ...moved, back(14_000, { orderedAt: 9500 }))).toBe(null);
  });

  test("leave alone what only an operator may start again", () => {
    const shared = { groups: [{ key: "g", preferred: 0, shared: true }], connected: false };
    expect(
      ended({}, view(1, node(0), node(0), shared), view(0, node(2, { alone: true }), node(2), shared)),
    ).toBe(null);
    expect(ended({}, view(1, node(0), node(0), shared))).toContain("on no node");
  });
});
