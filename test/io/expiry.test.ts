/** Time limits that share a timer. */
import { expect, test } from "bun:test";
import { lift, limit, Limited } from "../../src/io/probe/expiry.ts";
import { PATIENCE } from "./edge.ts";
import { until } from "../lab/process.ts";

class One extends Limited {
  readonly #name: string;
  readonly #over: string[];

  constructor(name: string, over: string[]) {
    super();
    this.#name = name;
    this.#over = over;
  }

  expire(): void {
    this.#over.push(this.#name);
  }
}

test("what is limited expires in order, each span by itself, unless it ended before", async () => {
  const over: string[] = [];
  const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map((name) => new One(name, over));
  if (!a || !b || !c || !d || !e) throw new Error("five");
  for (const one of [a, b, c]) limit(one, 60);
  limit(d, 20);
  limit(e, 300);
  // The first, one in the middle, and twice.
  lift(a);
  lift(b);
  lift(b);
  await until("the last", PATIENCE, () => over.includes("e"));
  expect(over).toEqual(["d", "c", "e"]);
  // A span of which none was left.
  limit(b, 60);
  limit(a, 60);
  await until("both", PATIENCE, () => over.length === 5);
  expect(over.slice(3)).toEqual(["b", "a"]);
});
