/** The simulator's checkers: each finds what it is there for, and is silent about what must be. */
import { describe, expect, test } from "bun:test";
import { Checkers } from "./sim/checkers.ts";
import type { NodeView, Terms, View } from "./sim/view.ts";

const TERMS: Terms = {
  calm: false,
  fenced: false,
  failback: true,
  bound: 10_000,
  takeover: 40_000,
  peace: 0,
};

const node = (count: number, more: Partial<NodeView> = {}): NodeView => ({
  ...{ powered: true, running: true, leaving: false, left: false, alone: false, excused: new Set<string>() },
  resources: new Map([["g", count]]),
  ...more,
});

const view = (now: number, a: NodeView, b: NodeView, more: Partial<View> = {}): View => ({
  now,
  nodes: [a, b],
  connected: true,
  groups: [{ key: "g", preferred: 0, shared: false }],
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

  test("leave alone what only an operator may start again", () => {
    const shared = { groups: [{ key: "g", preferred: 0, shared: true }], connected: false };
    expect(
      ended({}, view(1, node(0), node(0), shared), view(0, node(2, { alone: true }), node(2), shared)),
    ).toBe(null);
    expect(ended({}, view(1, node(0), node(0), shared))).toContain("on no node");
  });
});
