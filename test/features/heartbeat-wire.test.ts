/** Real heartbeat 3.0.6 and our codec on one wire: each message of its is read, and what we send makes it take us for an active node. */
import { describe, expect, test } from "bun:test";
import { valueOf } from "../../src/wire/heartbeat-message.ts";
import { until } from "../lab/process.ts";
import { ofType, Scene } from "./heartbeat-scene.ts";

/** For what takes a second on an idle machine. */
const PATIENCE_MS = 30_000;
const UP = "Status update for node ours: status up";
const ACTIVE = "Status update for node ours: status active";

const CASES = [
  { name: "crc, broadcast", link: "broadcast", keys: [[1, "crc", ""]], msgfmt: "classic" },
  { name: "md5, unicast", link: "unicast", keys: [[3, "md5", "Hello!"]], msgfmt: "classic" },
  {
    name: "sha1, multicast",
    link: "multicast",
    keys: [[2, "sha1", "a-long-key-".repeat(8)]],
    msgfmt: "classic",
  },
  { name: "signed once, broadcast", link: "broadcast", keys: [[15, "sha1", "HI!"]], msgfmt: "netstring" },
  { name: "sha1, serial line", link: "serial", keys: [[3, "sha1", "Hello!"]], msgfmt: "classic" },
] as const;

describe("real heartbeat", () => {
  test.concurrent.each(CASES)("takes us for an active node: $name", async ({ link, keys, msgfmt }) => {
    // A status may carry what no daemon knows.
    const ours = { extra: [["haagent", "VI_1 master 51"]] as const, claims: true };
    await using scene = await Scene.create({ link, keys, real: { config: [`msgfmt ${msgfmt}`] }, ours });
    const { real } = scene;
    const up = await real.says(UP, PATIENCE_MS);
    await real.says("Comm_now_up(): updating status to active", PATIENCE_MS);
    await real.says(ACTIVE, PATIENCE_MS, up);
    expect(real.log.join("\n")).toMatch(/^info: Link ours:(eth0|\/dev\/pts\/\d+) up\.$/m);
    // It acknowledges what we number, so it counts us as we count ourselves.
    await scene.tells("acked", 6, PATIENCE_MS);
    for (const type of ["status", "reqnodes", "repnodes", "starting", "resource", "NS_ackmsg"]) {
      await until(type, PATIENCE_MS, () => ofType(scene.opened(), type).length > 0);
    }
    const opened = scene.opened();
    expect(opened.length).toBeGreaterThan(10);
    for (const { index } of opened) expect(index).toBe(keys[0][0]);
    const signed = opened.filter(({ message }) => valueOf(message, "auth") !== null);
    expect(signed.length).toBe(msgfmt === "classic" ? opened.length : 0);
    expect(scene.told("dropped")).toEqual([]);
    // That nobody owns resources is true: none are configured.
    const complaints = real.log.filter((line) => /^(ERROR|CRIT)/.test(line) && !line.includes("No one owns"));
    expect(complaints).toEqual([]);
    // Of what haagent nodes tell each other of their routers it says nothing, asks nothing again, and sends nothing on.
    expect(real.log.filter((line) => /haagent|VI_1|lost packet/.test(line))).toEqual([]);
    expect(scene.told("again")).toEqual([]);

    scene.ours.signal("SIGTERM");
    await real.says("Received shutdown notice from 'ours'.", PATIENCE_MS);
  });

  test.concurrent("asks us for what it lost, and gets it", async () => {
    await using scene = await Scene.create({ keys: [[2, "sha1", "HI!"]], ours: { lose: 2 } });
    await scene.real.says(ACTIVE, PATIENCE_MS);
    await scene.real.says("lost packet(s) for [ours]", PATIENCE_MS);
    await scene.tells("again", 6, PATIENCE_MS);
    await scene.real.says("No pkts missing from ours!", PATIENCE_MS);
    expect(scene.told("nak")).toEqual([]);
  });

  test.concurrent("sends again what we lost, when we ask for it", async () => {
    const testing = ["xmitloss=0.25"];
    await using scene = await Scene.create({ keys: [[2, "sha1", "HI!"]], real: { testing } });
    await scene.real.says(ACTIVE, PATIENCE_MS);
    await scene.tells("asked", 5, PATIENCE_MS);
    const lost = (): number => scene.told("accepted").reduce((sum, line) => sum + line.lost, 0);
    const seen = (): number => scene.told("accepted").length;
    // Every number from the first one on came in the end, but perhaps the last ones.
    const numbers = (): number[] =>
      scene
        .opened()
        .map(({ message }) => Number.parseInt(valueOf(message, "seq") ?? "0", 16))
        .filter((number) => number > 0);
    await until("what we asked for comes", PATIENCE_MS, () => {
      const asked = new Set(scene.told("asked").map(({ sequence }) => sequence));
      const here = new Set(numbers());
      return asked.size >= 5 && [...asked].slice(0, 5).every((number) => here.has(number));
    });
    expect(lost()).toBeGreaterThanOrEqual(5);
    expect(seen()).toBeGreaterThan(lost());
    expect(scene.told("dropped").map(({ reason }) => reason)).not.toContain("replay");
  });

  test.concurrent.each(["zlib", "bz2"])("is understood when it compresses by %s", async (algorithm) => {
    const config = ["traditional_compression on", "compression_threshold 1", `compression ${algorithm}`];
    await using scene = await Scene.create({ keys: [[2, "sha1", "HI!"]], real: { config } });
    await scene.real.says(ACTIVE, PATIENCE_MS);
    const filling = Array.from({ length: 8 }, (_, at) => [`x${at}`, `${at}`.repeat(300)] as const);
    await scene.inject([["t", "bigmsg"], ...filling]);
    await until("the message", PATIENCE_MS, () => ofType(scene.opened(), "bigmsg").length > 0);
    const [big = []] = ofType(scene.opened(), "bigmsg");
    expect(filling.every(([name, value]) => valueOf(big, name) === value)).toBe(true);
    expect(
      scene
        .told("heard")
        .some(({ hex }) =>
          hex.includes(Buffer.from(`(0)_compression_algorithm=${algorithm}`).toString("hex")),
        ),
    ).toBe(true);
    expect(scene.told("dropped")).toEqual([]);
  });
});

describe("while keys are replaced", () => {
  const OLD = [1, "sha1", "old"] as const;
  const NEW = [2, "sha1", "new"] as const;
  const mismatch = "authtoken does not match";

  test.concurrent(
    "real heartbeat believes no key but its own, though it has ours: its rollover fault",
    async () => {
      await using scene = await Scene.create({ keys: [OLD, NEW], ours: { keys: [NEW, OLD] } });
      await scene.real.says(mismatch, PATIENCE_MS);
      await scene.tells("heard", 3, PATIENCE_MS);
      expect(scene.opened().map(({ index }) => index)).toEqual(scene.told("heard").map(() => OLD[0]));
      expect(scene.real.log.join("\n")).not.toContain(UP);
    },
  );

  test.concurrent("a node that follows is believed, before and after real heartbeat changes", async () => {
    await using scene = await Scene.create({ keys: [OLD, NEW], ours: { keys: [NEW, OLD], follow: true } });
    await scene.real.says(ACTIVE, PATIENCE_MS);
    const before = scene.opened().length;
    // It reads the file again when that has another time, in seconds.
    await Bun.sleep(1100);
    await scene.real.write("authkeys", ["auth 2", "1 sha1 old", "2 sha1 new"]);
    scene.real.reload();
    await until("a message with the new key", PATIENCE_MS, () => scene.opened().at(-1)?.index === 2);
    const acked = scene.told("acked").length;
    await scene.tells("acked", acked + 3, PATIENCE_MS);
    expect(
      scene
        .opened()
        .slice(0, before)
        .every(({ index }) => index === 1),
    ).toBe(true);
  });
});
