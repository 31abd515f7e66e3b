/** What waits for a serial line: paced, bounded, and the newest status only. */
import { describe, expect, test } from "bun:test";
import { LineQueue } from "../../src/io/line-queue.ts";

/** At 9,600 baud a byte takes 1.04 ms, and a second has 960. */
const BAUD = 9600;
const message = (length: number, mark: number): Uint8Array => new Uint8Array(length).fill(mark);

/** Writes all that may be written in a span, in steps of a millisecond; gives the marks of the bytes and when the last one went. */
function drain(queue: LineQueue, from: number, span: number): { marks: number[]; last: number } {
  const marks: number[] = [];
  let last = from;
  for (let now = from; now < from + span; now++) {
    for (let next = queue.next(now); next !== null; next = queue.next(now)) {
      marks.push(...next);
      queue.wrote(next.length, now);
      last = now;
    }
  }
  return { marks, last };
}

describe("the queue of a line", () => {
  test("hands over what the line carries, and no more than a moment ahead", () => {
    const queue = new LineQueue(BAUD);
    expect(queue.offer(message(480, 1), "other")).toBe(0);
    const { marks, last } = drain(queue, 0, 2000);
    expect(marks).toHaveLength(480);
    expect(last).toBeGreaterThan(380);
    expect(last).toBeLessThan(500);
    expect(queue.length).toBe(0);
    expect(queue.wait(2000)).toBe(0);
  });

  test("keeps the newest status of those that wait, but ends one that has begun", () => {
    const queue = new LineQueue(BAUD);
    for (const mark of [1, 2, 3]) queue.offer(message(100, mark), "status");
    const begun = queue.next(0) ?? new Uint8Array();
    queue.wrote(begun.length, 0);
    for (const mark of [4, 5]) queue.offer(message(100, mark), "status");
    const { marks } = drain(queue, 0, 2000);
    const all = [...begun, ...marks];
    expect([...new Set(all)]).toEqual([3, 5]);
    expect(all).toHaveLength(200);
  });

  test("never holds more than a second, and says what it left out", () => {
    const queue = new LineQueue(BAUD);
    let left = 0;
    for (let mark = 0; mark < 50; mark++) left += queue.offer(message(200, mark), "other");
    expect(queue.length).toBeLessThanOrEqual(960);
    expect(left).toBe(46);
    expect([...new Set(drain(queue, 0, 3000).marks)]).toEqual([46, 47, 48, 49]);
  });

  test("lets a status go before all else, and leaves none out", () => {
    const queue = new LineQueue(BAUD);
    for (let mark = 0; mark < 10; mark++) queue.offer(message(200, mark), "other");
    queue.offer(message(100, 99), "status");
    for (let mark = 10; mark < 20; mark++) queue.offer(message(200, mark), "other");
    expect([...new Set(drain(queue, 0, 3000).marks)]).toEqual([99, 16, 17, 18, 19]);
  });

  test("lets what is urgent go before a status, in its order, and leaves out what is more than a second of it", () => {
    const queue = new LineQueue(BAUD);
    queue.offer(message(200, 1), "other");
    queue.offer(message(100, 2), "status");
    for (const mark of [3, 4]) expect(queue.offer(message(200, mark), "urgent")).toBe(0);
    expect(queue.offer(message(300, 5), "urgent")).toBe(1);
    expect(queue.offer(message(300, 6), "urgent")).toBe(1);
    expect([...new Set(drain(queue, 0, 3000).marks)]).toEqual([3, 4, 5, 2]);
  });

  test("lets what was said before go last, and take no room from what is new", () => {
    const queue = new LineQueue(BAUD);
    for (const mark of [1, 2]) queue.offer(message(200, mark), "again");
    for (const mark of [3, 4]) queue.offer(message(200, mark), "other");
    // There is room for four: the newest of what was said before gives it up first, and a newer one finds none.
    expect(queue.offer(message(200, 5), "other")).toBe(1);
    expect(queue.offer(message(200, 6), "again")).toBe(1);
    expect([...new Set(drain(queue, 0, 3000).marks)]).toEqual([3, 4, 5, 1]);
  });

  test("sends one at a time on a line on which each takes seconds", () => {
    const queue = new LineQueue(600);
    queue.offer(message(100, 1), "status");
    queue.wrote(queue.next(0)?.length ?? 0, 0);
    expect(queue.offer(message(100, 2), "other")).toBe(0);
    expect(queue.offer(message(100, 3), "other")).toBe(1);
    expect([...new Set(drain(queue, 0, 6000).marks)]).toEqual([1, 3]);
  });

  test("waits for the line, not longer", () => {
    const queue = new LineQueue(BAUD);
    queue.offer(message(200, 1), "other");
    const first = queue.next(0);
    queue.wrote(first?.length ?? 0, 0);
    expect(queue.wait(0)).toBeGreaterThan(0);
    expect(queue.wait(0)).toBeLessThanOrEqual(50);
  });
});
