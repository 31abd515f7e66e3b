/** A process that was stopped and goes on: what waited comes before what is due, or is thrown away. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sleep, until } from "../lab/process.ts";
import { PATIENCE } from "./edge.ts";
import { Exchange, marks } from "./exchange.ts";

let pair: Exchange;

beforeAll(async () => {
  pair = await Exchange.create();
});

afterAll(() => pair.close());

describe("a process that was stopped", () => {
  test("gets the frames that waited before its deadline", async () => {
    const since = await pair.listening();
    pair.b.order([], 300);
    await sleep(100);
    pair.b.signal("SIGSTOP");
    pair.a.order([pair.frame4(1), pair.frame4(2), pair.frame6(3)]);
    await sleep(600);
    pair.b.signal("SIGCONT");
    await pair.b.event("deadline", () => true, since);
    const kinds = pair.b.told.slice(since).map(({ event }) => event.kind);
    expect(kinds).toEqual(["frame", "frame", "frame", "deadline"]);
  });

  test("can throw away what still waits, in the turn of the first frame", async () => {
    const since = await pair.listening();
    pair.b.orderOn("frame", [{ kind: "drop-queued" }]);
    await sleep(100);
    pair.b.signal("SIGSTOP");
    pair.a.order(Array.from({ length: 50 }, (_, mark) => pair.frame4(mark)));
    await sleep(200);
    pair.b.signal("SIGCONT");
    await until("the first frame", PATIENCE, () => marks(pair.b, since).length > 0);
    // The frame is told before its turn has thrown the others away; a deadline comes in a turn after it.
    pair.b.order([], 0);
    await pair.b.event("deadline", () => true, since);
    pair.a.order([pair.frame4(255)]);
    await until("the frame after", PATIENCE, () => marks(pair.b, since).includes(255));
    expect(marks(pair.b, since)).toEqual([0, 255]);
  });

  test("can throw it away before its deadline too", async () => {
    const since = await pair.listening();
    pair.b.order([], 300);
    pair.b.orderOn("frame", [{ kind: "drop-queued" }], 0);
    await sleep(100);
    pair.b.signal("SIGSTOP");
    pair.a.order(Array.from({ length: 50 }, (_, mark) => pair.frame4(mark)));
    await sleep(500);
    pair.b.signal("SIGCONT");
    await pair.b.event("deadline", () => true, since);
    expect(marks(pair.b, since)).toEqual([0]);
  });
});
