/** The limit on probes at once. */
import { expect, test } from "bun:test";
import { Turnstile } from "../../src/io/turnstile.ts";

test("a turnstile lets in as many as there are places, and the others in order as these leave", () => {
  const inside: string[] = [];
  const gate = new Turnstile(2);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => gate.enter(() => void inside.push(name)));
  expect(inside).toEqual(["a", "b"]);
  a?.();
  a?.();
  expect(inside).toEqual(["a", "b", "c"]);
  d?.();
  b?.();
  c?.();
  expect(inside).toEqual(["a", "b", "c"]);
  gate.enter(() => void inside.push("e"));
  gate.enter(() => void inside.push("f"));
  gate.enter(() => void inside.push("g"));
  expect(inside).toEqual(["a", "b", "c", "e", "f"]);
});
