/** A master whose adverts do not leave, for want of a way: it serves while nobody else does, and claims nothing that holds another one back. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { type Cables, together } from "./cables.ts";
import { Lab } from "./harness.ts";
import { hear, told } from "./sight.ts";
import { router, type Table } from "./text.ts";

/** Of priority 100: three intervals and the skew; and what the links of the cluster take. */
const TIMER = 3000 + (156 * 1000) / 256 + 5;
/** Two masters that adverts do not part: told, asked about once a second, and given two and a half intervals. */
const CONTEST = 2000 + 2500 + 1000;

const peers = (other: number, more: Table = {}): Table => ({
  ...{ unicast_peers: [`192.0.2.${other}`], guard: ["heartbeat"] },
  ...more,
});
const noRoute = (box: Box, errno = "ENETUNREACH"): void =>
  void (box.refuseSend = ({ router: name }) => (name === null ? null : errno));
const route = (box: Box): void => void (box.refuseSend = () => null);

/** A master and its backup, unicast to each other, and a line between them. */
function pair(more: Table = {}): { lab: Lab; high: Box; low: Box; cables: Cables } {
  const lab = new Lab();
  const { boxes, cables } = together(lab, [
    router(peers(11, { priority: 150, ...more })),
    router(peers(10, { priority: 100, ...more })),
  ]);
  const [high, low] = boxes as [Box, Box];
  expect(states(high, low)).toEqual(["master", "backup"]);
  return { lab, high, low, cables };
}

const states = (...boxes: readonly Box[]): string[] => boxes.map((box) => box.state());
const changes = (...boxes: readonly Box[]): number =>
  boxes.reduce((sum, box) => sum + box.logs("vrrp.state").length, 0);

describe("a master that has no way to its peers, and a line to say so", () => {
  test.each(["ENETUNREACH", "EHOSTUNREACH"])(
    "is followed as soon as a dead one, and lets go: %s",
    (errno) => {
      const { lab, high, low } = pair({ garp: { count: 1, repeat_after: "0s" } });
      noRoute(high, errno);
      lab.run(TIMER);
      expect(low.state()).toBe("master");
      expect(low.logs("vrrp.guard_blocked")).toEqual([]);
      lab.run(5);
      expect(states(high, low)).toEqual(["backup", "master"]);
      expect(high.kernel.added()).toEqual([]);
      // It may have told its neighbours otherwise with its last word.
      expect(told(low).at(-1)?.at).toBeGreaterThan(told(high).at(-1)?.at ?? 0);
      expect(high.router().reason).toBe(
        `adverts cannot be sent: ${errno} (no route to its peers), and 192.0.2.11 is master`,
      );
    },
  );

  test("does not come back before it has one, but for a try each ten seconds and the wait of a backup", () => {
    const { lab, high, low } = pair();
    noRoute(high);
    lab.run(TIMER + 10);
    const before = high.router().counters.became_master;
    for (let at = 0; at < 60_000; at += 100) {
      lab.run(100);
      expect(high.kernel.added()).toEqual([]);
    }
    expect(low.state()).toBe("master");
    expect(high.router().counters.became_master - before).toBeWithin(3, 7);
    route(high);
    lab.run(15_000);
    expect(states(high, low)).toEqual(["master", "backup"]);
  });

  test("serves again when the other one dies, way or not", () => {
    const { lab, high, low } = pair();
    noRoute(high);
    lab.run(TIMER + 10);
    low.kill();
    lab.run(10_000 + TIMER);
    expect(high.state()).toBe("master");
    expect(high.kernel.added()).not.toEqual([]);
  });

  test("is believed as long as one advert an interval leaves", () => {
    const { lab, high, low } = pair();
    high.cut = true;
    let at = 0;
    high.refuseSend = ({ router: name }) => (name !== null && at++ % 2 === 0 ? "ENETUNREACH" : null);
    lab.run(60_000);
    expect(states(high, low)).toEqual(["master", "backup"]);
    expect(low.router().guard?.state).toBe("blocked");
  });
});

describe("two masters that hear no adverts of each other", () => {
  /** The lower one took over as the other one's adverts did not leave; nothing of its own reaches that one either. */
  function apart(): ReturnType<typeof pair> {
    const scene = pair();
    scene.low.cut = true;
    noRoute(scene.high);
    scene.lab.run(TIMER);
    expect(states(scene.high, scene.low)).toEqual(["master", "master"]);
    return scene;
  }

  test("become the one whose adverts leave, and stay it", () => {
    const { lab, high, low } = apart();
    lab.run(CONTEST);
    expect(states(high, low)).toEqual(["backup", "master"]);
    const before = changes(high, low);
    lab.run(60_000);
    expect(states(high, low)).toEqual(["backup", "master"]);
    expect(changes(high, low)).toBe(before);
  });

  test("become the better one when the adverts of neither leave, and stay it", () => {
    const { lab, high, low } = pair();
    for (const box of [high, low]) noRoute(box);
    lab.run(TIMER + CONTEST);
    expect(states(high, low)).toEqual(["master", "backup"]);
    const before = changes(high, low);
    lab.run(60_000);
    expect(states(high, low)).toEqual(["master", "backup"]);
    expect(changes(high, low)).toBe(before);
  });

  test("become the better one when its adverts leave again before it gave way", () => {
    const { lab, high, low } = apart();
    lab.run(500);
    route(high);
    lab.run(CONTEST);
    expect(states(high, low)).toEqual(["master", "backup"]);
    expect(high.router().counters.became_master).toBe(1);
  });

  test("are one again, the better one, when all have their ways again", () => {
    const { lab, high, low } = apart();
    lab.run(CONTEST);
    route(high);
    low.cut = false;
    lab.run(10_000);
    expect(states(high, low)).toEqual(["master", "backup"]);
  });
});

describe("a master that has no way to its peers, and nothing else", () => {
  const alone = { guard: [] };

  test("lets go of what another one has, whose adverts it hears", () => {
    const { lab, high, low } = pair(alone);
    noRoute(high);
    lab.run(TIMER + 5);
    expect(states(high, low)).toEqual(["backup", "master"]);
  });

  test("keeps what it has for one advert that is lost while another master is heard", () => {
    const { lab, high } = pair(alone);
    hear(high, { source: "192.0.2.11", priority: 100 });
    noRoute(high);
    lab.run(1000);
    route(high);
    hear(high, { source: "192.0.2.11", priority: 100 });
    lab.run(5000);
    expect(high.router().counters.became_master).toBe(1);
    expect(high.state()).toBe("master");
  });

  test("takes what another one has just released", () => {
    const { lab, high, low } = pair(alone);
    noRoute(low);
    high.ask({ command: "standby", name: null });
    lab.run(1000);
    expect(states(high, low)).toEqual(["standby", "master"]);
  });

  test("keeps what nobody else has", () => {
    const { lab, high, low } = pair(alone);
    low.kill();
    lab.run(3000);
    noRoute(high);
    lab.run(30_000);
    expect(high.state()).toBe("master");
    expect(high.router().counters.became_master).toBe(1);
  });
});
