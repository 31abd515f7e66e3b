/** The rack of two guests itself: what its cables carry, and how they fail. Other tests rely on it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { until } from "../lab/process.ts";
import type { Guest, Task } from "../lab/vm/guest.ts";
import { GuestPair } from "../lab/vm/guest-pair.ts";

const BOOT_MS = 120_000;
const PATIENCE_MS = 20_000;
const TTY = "/dev/ttyS1";
/** Bytes a second at 19200 baud, 8N1. */
const SPEED = 1920;

let pair: GuestPair;
let one: Guest;
let two: Guest;
/** What comes out of the second guest's port. */
let heard: Task;

beforeAll(async () => {
  pair = await GuestPair.boot();
  [one, two] = pair.guests;
  for (const guest of pair.guests) await guest.run(["stty", "-F", TTY, "19200", "raw", "-echo"]);
  heard = await two.spawn(["cat", TTY]);
}, BOOT_MS);
afterAll(() => pair.close());

/** Sends a text by the first guest's port; it is on the line when this is done. */
async function send(name: string, text: string): Promise<void> {
  const file = await one.put(name, text);
  const before = pair.line.sent(0);
  await one.run(["dd", `if=${file}`, `of=${TTY}`, "status=none"]);
  await until("the line has it all", PATIENCE_MS, () => pair.line.sent(0) - before >= text.length);
}

const sofar = (): string => Buffer.from(heard.bytes).toString("latin1");
const arrives = (text: string): Promise<number> =>
  until(
    () => `${text.slice(0, 20)}… comes out; heard ${sofar().length} bytes`,
    PATIENCE_MS,
    () => sofar().includes(text),
  );

describe("the LAN of two guests", () => {
  const ping = async (): Promise<boolean> => (await one.ran(["ping", "-c1", "-W1", "10.78.0.2"])).code === 0;
  const carrier = async (): Promise<string> => await two.run(["cat", "/sys/class/net/eth0/operstate"]);

  test("carries packets until the cable is pulled, and again when it is back", async () => {
    await one.run(["ip", "addr", "add", "10.78.0.1/24", "dev", "eth0"]);
    await two.run(["ip", "addr", "add", "10.78.0.2/24", "dev", "eth0"]);
    await until("an answer", PATIENCE_MS, ping);
    await two.carrier(0, false);
    await until("the carrier is gone", PATIENCE_MS, async () => (await carrier()) === "down\n");
    expect(await ping()).toBe(false);
    await two.carrier(0, true);
    await until("an answer again", PATIENCE_MS, ping);
  });
});

describe("the null modem of two guests", () => {
  test("carries bytes as they are, no faster than its rate", async () => {
    const text = Array.from({ length: 240 }, (_, index) => `line ${index}\n`).join("");
    const start = performance.now();
    await send("slow", text);
    await arrives(text);
    const seconds = (performance.now() - start) / 1000;
    expect(seconds).toBeGreaterThan((0.95 * text.length) / SPEED);
  });

  test("loses what is sent while it is cut, and nothing after", async () => {
    pair.line.cut(0);
    await send("lost", "this is lost\n");
    pair.line.join();
    await send("joined", "this arrives\n");
    await arrives("this arrives\n");
    expect(sofar()).not.toContain("this is lost");
  });

  test("has noise on it when asked: some bytes are others, none are missing", async () => {
    const text = "x".repeat(1000);
    await send("before", "before the noise\n");
    pair.line.noise = 0.1;
    await send("noisy", text);
    pair.line.noise = 0;
    await send("after", "after the noise\n");
    await arrives("after the noise\n");
    const [, noisy = ""] = /before the noise\n(.*)after the noise\n/s.exec(sofar()) ?? [];
    expect(noisy).toHaveLength(text.length);
    expect(noisy).not.toBe(text);
  });
});
