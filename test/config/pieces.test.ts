/** Long texts parsed table by table: the same as in one, whatever stands in them, and no more than once what stays. */
import { describe, expect, test } from "bun:test";
import { parse } from "toml";
import { parsePieces } from "../../src/config/pieces.ts";
import { Random } from "../fuzz/mutate.ts";

/** Enough to be parsed in pieces. */
const MANY = 30;
const ROUNDS = 1500;

/** What may stand between two lines, `N` a number of few. */
const FRAGMENTS = [
  "[aN]\nx = 1\n",
  "[aN]\r\nx = 1\r\n",
  "[aN.bN]\ny = [1, { z = 2 }]\n",
  "[aN.bN.cN]\ny = 'N'\n",
  "[aN.x]\n",
  "[aN] # [other]\nx.y = 1\n",
  "[aN.b1]\nc1.d = N\n",
  "[aN]\nx = [\n1,\n]\n",
  "[aN]\nx = 2 # \u2028[a1]\n",
  "[__proto__.aN]\nx = 1\n",
];
/** What is rarer, or wrong. */
const ODD = [
  "[aN]\n  [bN]\n  y = 1\n",
  "[aN]\n  [aN.b2]\n  y = 1\n",
  '["aN"]\nx = N\n',
  '[aN."b.1"]\nx = N\n',
  "[ aN ]\nx = 1\n",
  "[constructor]\nx = 1\n",
  "[[lN]]\nx = 1\n",
  "[[aN]]\nx = 1\n",
  '[aN]\nx = """\n[a1]\n"""\n',
  "[aN]\nx = '''\n[a1]\ny = 2\n'''\n",
  "[aN]\nx = [\n[1],\n[2],\n]\n",
  "[aN]\nx = [\n[1]\n]\n[a5]\n",
  "[aN]\nx = 1\nx = 2\n",
  "[aN]\nx = 1",
  "[aN\nx = 1\n",
  "[aN]]\nx = 1\n",
  "[aN] y = 1\n",
  "[]\n",
  "x = \n",
];

/** Names differ mostly, as a table that is written twice is no file of anybody's. */
function fragment(random: Random, place: number, odd: boolean): string {
  const list = odd ? ODD : FRAGMENTS;
  const text = list[random.below(list.length)] ?? "";
  const name = random.below(40) === 0 ? random.below(place + 1) : place;
  return text.replaceAll("N", String(name));
}

function document(random: Random): string {
  const odd = random.below(3) === 0 ? random.below(MANY) : -1;
  const root = random.below(2) === 0 ? "" : "r = 1\nq.s = 2\n";
  return root + Array.from({ length: MANY }, (_, place) => fragment(random, place, place === odd)).join("");
}

const services = (count: number, weight: number): string =>
  Array.from(
    { length: count },
    (_, at) =>
      `[virtual_server.s${at}]\nreal_servers = [{ address = "10.0.0.${at}", weight = ${at === 3 ? weight : 1} }]\n[virtual_server.s${at}.check]\ntype = "tcp"\n`,
  ).join("");

/** The text that was handed to the parser, of two texts one after the other. */
function parsedOf(first: string, second: string): string[] {
  parsePieces(first, (text) => parse(text));
  const seen: string[] = [];
  const value = parsePieces(second, (text) => {
    seen.push(text);
    return parse(text);
  });
  expect(value).toEqual(parse(second));
  return seen;
}

describe("a text in pieces", () => {
  test("has the values that it has in one, or is said to need to be read in one", () => {
    const random = new Random(1);
    let pieced = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const text = document(random);
      const value = parsePieces(text, (piece) => parse(piece));
      if (value === null) continue;
      pieced++;
      // Throws where it is not TOML.
      if (!Bun.deepEquals(value, parse(text), true)) throw new Error(`parsed as another: ${text}`);
    }
    expect(pieced).toBeGreaterThan(ROUNDS / 20);
  });

  test("is parsed where it is another than before, and nowhere else", () => {
    expect(parsedOf(services(40, 1), services(40, 7))).toEqual([
      '[virtual_server.s3]\nreal_servers = [{ address = "10.0.0.3", weight = 7 }]\n',
    ]);
    expect(parsedOf(services(40, 7), services(41, 7))).toHaveLength(2);
    expect(parsedOf(services(41, 7), services(40, 7))).toEqual([]);
  });

  test("is read in one when it is short", () => {
    expect(parsePieces(services(3, 1), parse)).toBe(null);
  });
});
