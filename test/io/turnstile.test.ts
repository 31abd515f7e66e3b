/** The limit on probes at once. */
import { expect, test } from "bun:test";
import type { Entrant } from "../../src/io/turnstile.ts";
import { Turnstile } from "../../src/io/turnstile.ts";

test("a turnstile lets in as many as there are places, and the others in order as these leave", () => {
  const inside: string[] = [];
  const gate = new Turnstile(2);
  const enter = (name: string): Entrant => {
    const entrant = { begin: () => void inside.push(name) };
    gate.enter(entrant);
    return entrant;
  };
  const [a, b, c, d] = [enter("a"), enter("b"), enter("c"), enter("d")];
  expect(inside).toEqual(["a", "b"]);
  gate.leave(a);
  expect(inside).toEqual(["a", "b", "c"]);
  gate.leave(d);
  gate.leave(b);
  gate.leave(c);
  expect(inside).toEqual(["a", "b", "c"]);
  for (const name of ["e", "f", "g"]) enter(name);
  expect(inside).toEqual(["a", "b", "c", "e", "f"]);
});
