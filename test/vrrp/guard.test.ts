/** The guard alone: what it asks when, and what it makes of the answers. Milliseconds since the last advert; the interval is 1000. */
import { describe, expect, test } from "bun:test";
import type { GuardSettings } from "../../src/vrrp/guard.ts";
import { claimant } from "../../src/vrrp/guard.ts";
import { Random } from "../fuzz/mutate.ts";
import { INTERVAL, PING, PLAIN, Play } from "./guard-play.ts";

describe("a guard", () => {
  test("asks when the first advert is overdue by a quarter of an interval, and once more", () => {
    expect(new Play(PLAIN, 3600).until(3599).asked).toEqual([1250, 2250]);
  });

  test("lets a router take over at its time when nobody claims to be master", () => {
    const play = new Play(PLAIN, 3600).until(4000);
    expect(play.took).toBe(3600);
    expect(play.guard.outcome).toBe("passed");
  });

  test("does so too when another node says that it is backup, or a master that is not well", () => {
    const play = new Play(PLAIN, 3600);
    expect(play.until(4000, (question) => play.claims(question, false)).took).toBe(3600);
  });

  test("holds it back as long as a master answers, and asks at the timer, then each interval", () => {
    const play = new Play(PLAIN, 3600);
    play.until(60_000, (question) => play.claims(question));
    expect(play.took).toBe(null);
    expect(play.guard.outcome).toBe("blocked");
    expect(play.asked.slice(0, 6)).toEqual([1250, 2250, 3600, 4100, 5100, 6100]);
  });

  test("ends that with the second question that nobody answers", () => {
    const play = new Play(PLAIN, 3600);
    // The last answer is to the question at 6100.
    play.until(60_000, (question) => void (question <= 6 && play.claims(question)));
    expect(play.asked.slice(5)).toEqual([6100, 7100, 8100]);
    expect(play.took).toBe(8600);
  });

  test.each([
    [1, 3004, 3504],
    [1, 3996, 4496],
    [2, 3004, 4004],
    [2, 3996, 4996],
  ])(
    "of a master that died after answer %i, with the timer at %i: takes over at %i, within an interval",
    (answers, timer, took) => {
      const play = new Play(PLAIN, timer);
      play.until(60_000, (question) => void (question <= answers && play.claims(question)));
      expect(play.took).toBe(took);
    },
  );

  test("ends it at once when the node says that it is master no more", () => {
    const play = new Play(PLAIN, 3600);
    play.until(3700, (question) => play.claims(question));
    play.claims(play.asked.length, false);
    expect(play.until(3700).took).toBe(3700);
  });

  test("goes on for the first of two masters when the second one, which said so last, is none any more", () => {
    const play = new Play(PLAIN, 3600);
    play.until(3700, (question) => {
      play.claims(question, true, "b");
      play.claims(question, true, "c");
    });
    // Its answer comes before that of the other one.
    play.until(play.timer);
    play.claims(play.asked.length, false, "c");
    play.until(play.now + 10);
    expect(play.took).toBe(null);
    play.claims(play.asked.length, false, "b");
    expect(play.until(play.now).took).toBe(play.now);
  });

  test("names the one of two masters that said so last", () => {
    const play = new Play(PLAIN, 3600);
    play.until(3700, (question) => play.claims(question, true, question === 2 ? "c" : "b"));
    expect(claimant(play.guard)).toBe("b");
    play.until(4200, () => play.claims(play.asked.length, true, "c"));
    expect(claimant(play.guard)).toBe("c");
  });

  test("goes on for another node that is master", () => {
    const play = new Play(PLAIN, 3600);
    play.until(3700, (question) => play.claims(question));
    play.claims(play.asked.length, false, "c");
    expect(play.until(3700).took).toBe(null);
  });

  test("does not count an answer to a question before the last advert, nor one before anything was asked", () => {
    const play = new Play(PLAIN, 3600);
    play.claims(1);
    // As if others had been asked five questions before.
    play.asked.push(-5, -4, -3, -2, -1);
    play.until(2000);
    play.claims(5);
    expect(play.until(4000).took).toBe(3600);
  });

  test("does not let an answer that comes late replace a newer one", () => {
    const play = new Play(PLAIN, 3600);
    play.until(2300);
    play.claims(2);
    play.claims(1);
    play.claims(1, false);
    expect(play.until(3700).took).toBe(null);
  });

  test("gives half an interval to who was asked just now, as by a router that ran late", () => {
    const late = new Play(PLAIN, 3600);
    late.now = 3600;
    late.until(4200);
    expect([late.asked[0], late.took]).toEqual([3600, 4100]);
    const cut = new Play(PING, 1500);
    expect(cut.until(1700, () => cut.give({ kind: "witness" })).took).toBe(null);
    expect(cut.until(3000).took).toBe(1750);
  });

  test("lets a router preempt a master that it has just heard", () => {
    expect(new Play(PING, 1000).until(1000).took).toBe(1000);
  });
});

describe("a guard with witnesses", () => {
  test("lets it take over at its time when one has answered", () => {
    const play = new Play(PING, 3600);
    expect(play.until(4000, () => play.give({ kind: "witness" })).took).toBe(3600);
  });

  test("forgives one lost answer", () => {
    const play = new Play(PING, 3600);
    play.until(4000, (question) => void (question === 1 && play.give({ kind: "witness" })));
    expect(play.took).toBe(3600);
  });

  test("counts an answer for the question that was asked last, and for one more", () => {
    const play = new Play(PING, 3600);
    play.until(20_000, (question) => {
      if (question === 1) play.claims(1);
      if (question === 2) play.give({ kind: "witness" });
    });
    // Held back by the claim, it asks a third time.
    expect(play.took).toBe(4100);
  });

  test("keeps a router from taking over that no witness answers, and asks each interval", () => {
    const play = new Play(PING, 3600).until(60_000);
    expect(play.took).toBe(null);
    expect(play.guard.outcome).toBe("isolated");
    expect(play.asked.slice(0, 5)).toEqual([1250, 2250, 3600, 4600, 5600]);
  });

  test("has it listen anew when a witness answers again: it was deaf until then", () => {
    const play = new Play(PING, 3600);
    play.until(
      10_000,
      (question) => void (play.now > 5000 && question > 0 && play.give({ kind: "witness" })),
    );
    expect(play.listened).toEqual([5600]);
    expect(play.took).toBe(9200);
  });

  test("believes a master's claim before any witness", () => {
    const play = new Play(PING, 3600);
    play.until(20_000, (question) => {
      play.give({ kind: "witness" });
      play.claims(question);
    });
    expect(play.took).toBe(null);
    expect(play.guard.outcome).toBe("blocked");
  });

  test("does not take the witness of a time long past for one of now", () => {
    const play = new Play(PING, 3600);
    play.until(20_000, (question) => {
      if (question < 4) play.give({ kind: "witness" });
      if (question < 8) play.claims(question);
    });
    expect(play.took).toBe(null);
    expect(play.guard.outcome).toBe("isolated");
  });
});

describe("the guard of a member of a sync group", () => {
  const GROUPED: GuardSettings = { witnesses: false, grouped: true, isolated: false };

  test("goes on asking while the others are waited for, and takes back what it allowed", () => {
    const play = new Play(GROUPED, 3600).until(6000);
    expect(play.took).toBe(3600);
    expect(play.asked).toEqual([1250, 2250, 3600, 4600, 5600]);
    play.claims();
    expect(play.timer).toBe(6000);
    play.took = null;
    expect(play.until(6200).took).toBe(null);
    expect(play.guard.outcome).toBe("blocked");
  });

  test("takes it back, too, when no witness answers any more", () => {
    const play = new Play({ ...GROUPED, witnesses: true }, 3600);
    play.until(7000, (question) => void (question <= 2 && play.give({ kind: "witness" })));
    expect(play.took).toBe(3600);
    expect(play.guard.outcome).toBe("isolated");
  });
});

describe("whatever answers, late or not at all", () => {
  const SEED = Number(process.env["GUARD_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

  test(`a guard keeps its promises (GUARD_SEED=${SEED})`, () => {
    const random = new Random(SEED);
    const below = (end: number): number => random.below(end);
    for (let round = 0; round < 1000; round++) {
      const settings = { witnesses: below(2) === 1, grouped: false, isolated: false };
      const timer = 3004 + below(992);
      const play = new Play(settings, timer);
      // Until then the master lives, and a witness answers; what answers does so late, or is lost.
      const [dies, falls] = [below(12_000), below(12_000)];
      const [loss, lag] = [below(4) * 0.1, below(400)];
      const waiting: { at: number; question: number; witness: boolean }[] = [];
      const claims: number[] = [];
      const seen: number[] = [];
      const lost = (): boolean => below(1000) / 1000 < loss;
      for (let now = 0; now <= 30_000 && play.took === null; now += 1) {
        play.until(now, (question) => {
          if (now < dies && !lost()) waiting.push({ at: now + below(lag + 1), question, witness: false });
          if (now < falls && !lost()) waiting.push({ at: now + below(lag + 1), question, witness: true });
        });
        for (const each of waiting.filter(({ at }) => at <= now)) {
          waiting.splice(waiting.indexOf(each), 1);
          if (each.witness) seen.push(now);
          else claims.push(each.question);
          if (each.witness) play.give({ kind: "witness" });
          else play.claims(each.question);
        }
      }
      const about = `round ${round} of GUARD_SEED=${SEED}: ${JSON.stringify({ settings, timer, dies, falls, loss, lag, asked: play.asked, claims, seen, took: play.took })}`;
      const recent = play.asked.slice(-2)[0] ?? 0;
      const answered = Math.max(0, ...claims);
      const fail = (what: string): never => {
        throw new Error(`${what}; ${about}`);
      };
      if (play.took !== null) {
        if (play.took < timer) fail("takes over before its time");
        if (answered > 0 && (play.asked[answered - 1] ?? 0) >= recent)
          fail("takes over from a master that answered");
        if (settings.witnesses && play.listened.length === 0 && (seen.at(-1) ?? -1) < recent) {
          fail("takes over cut off");
        }
      }
      if (settings.witnesses) continue;
      // Of a master that died before the timer nobody waits longer than an interval; of one that blocked, two and a half after its last answer.
      const latest = Math.max(timer + INTERVAL, (play.asked[answered - 1] ?? 0) + 2.5 * INTERVAL);
      if (play.took === null || play.took > latest) fail(`takes over later than ${latest}`);
      if (answered === 0 && play.took !== timer) fail("takes over later than without a guard");
    }
  });
});
