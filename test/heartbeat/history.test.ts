/** What we can send again. */
import { describe, expect, test } from "bun:test";
import { instant, ms } from "../../src/base/units.ts";
import { History, HISTORY_MAX } from "../../src/heartbeat/history.ts";
import { valueOf } from "../../src/wire/heartbeat-message.ts";
import { message } from "./ring.ts";

const NOW = instant(10_000);

function sent(count: number): History {
  const history = new History(ms(250));
  for (let number = 1; number <= count; number++) history.add(message(`seq=${number}`));
  return history;
}

function asked(history: History, first: number, last = first, now = NOW, node = "b"): string[] {
  const { again, naks } = history.answer(node, first, last, now);
  return [
    ...again.map((each) => valueOf(each, "seq") ?? ""),
    ...naks.map(({ sequence, why }) => `${sequence}: ${why}`),
  ];
}

describe("a request for a message", () => {
  test("gets it as it was", () => {
    expect(asked(sent(5), 2, 4)).toEqual(["2", "3", "4"]);
  });

  test("of the future gets nothing", () => {
    expect(asked(sent(5), 6, 9)).toEqual([]);
    expect(asked(sent(5), 5, 1_000_000)).toEqual(["5"]);
    expect(asked(sent(0), 1)).toEqual([]);
  });

  test("gets it once an interval", () => {
    const history = sent(5);
    expect(asked(history, 2)).toEqual(["2"]);
    expect(asked(history, 2, 2, instant(NOW + 200))).toEqual([]);
    expect(asked(history, 2, 2, instant(NOW + 240))).toEqual(["2"]);
  });

  test("is refused for what we no longer have; there is no number 0", () => {
    const history = sent(HISTORY_MAX + 2);
    expect(asked(history, 0, 3)).toEqual(["3", "1: seqno too low", "2: seqno too low"]);
  });

  test("is answered in bounded number", () => {
    expect(asked(sent(400), 1, 400).length).toBe(50);
  });

  test("is passed over when the asker has acknowledged it: they crossed", () => {
    const history = sent(9);
    history.acknowledge("b", 4, ["b", "c"]);
    expect(asked(history, 3, 5)).toEqual(["5"]);
    expect(asked(history, 3, 5, instant(NOW + 1000), "c")).toEqual(["3", "4", "5"]);
  });
});

describe("the history", () => {
  test("keeps 500 messages and what number comes next", () => {
    expect(sent(3).next).toBe(4);
    const long = sent(2 * HISTORY_MAX);
    expect([long.length, long.next]).toEqual([HISTORY_MAX, 2 * HISTORY_MAX + 1]);
  });

  test("lets go what every living node has", () => {
    const history = sent(20);
    history.acknowledge("b", 13, ["b", "c"]);
    expect(history.length).toBe(20);
    history.acknowledge("c", 7, ["b", "c"]);
    expect(history.length).toBe(13);
    history.acknowledge("b", 20, ["b"]);
    expect(history.length).toBe(0);
    expect(history.next).toBe(21);
    history.add(message("seq=21"));
    expect(asked(history, 21)).toEqual(["21"]);
  });

  test("believes no acknowledgement of what was never sent, nor an older one", () => {
    const history = sent(5);
    history.acknowledge("b", 6, ["b"]);
    expect(history.length).toBe(5);
    history.acknowledge("b", 3, ["b"]);
    history.acknowledge("b", 2, ["b"]);
    expect(asked(history, 3)).toEqual([]);
  });

  test("asks a node that began anew what it has", () => {
    const history = sent(9);
    history.acknowledge("b", 4, ["b", "c"]);
    history.forget("b");
    expect(asked(history, 4)).toEqual(["4"]);
  });
});
