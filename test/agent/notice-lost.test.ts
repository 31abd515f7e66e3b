/** A master's word that it released, when it comes late. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import type { Cables } from "./cables.ts";
import { MOMENT, pair, unplug } from "./notice-scene.ts";
import { adverts } from "./sight.ts";

describe("a word that was lost", () => {
  /** The next words of a box are lost until the function that this gives is called. */
  function lose(from: Box, cables: Cables): () => void {
    cables.passes = (each) => each !== from;
    return () => (cables.passes = () => true);
  }

  test("and is said again while its master is silent is heeded", () => {
    const { lab, high, low, cables } = pair();
    high.cut = true;
    const found = lose(high, cables);
    unplug(high);
    lab.run(MOMENT);
    found();
    lab.run(1900);
    expect(low.state()).toBe("master");
    expect(low.logs("vrrp.released")).toHaveLength(1);
  });

  test("and is said again when its master is master again is not heeded", () => {
    const { lab, high, low, cables } = pair();
    const found = lose(high, cables);
    // Nothing of the release is heard, as far as the backup knows it goes on.
    high.cut = true;
    high.ask({ command: "standby", name: null });
    lab.run(MOMENT);
    high.ask({ command: "takeover", name: null, force: false });
    high.cut = false;
    lab.run(100);
    found();
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(adverts(low, lab.now - 5000)).toEqual([]);
  });
});
