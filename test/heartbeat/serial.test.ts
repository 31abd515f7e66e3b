/** Messages on a line that is not kind to them. */
import { describe, expect, test } from "bun:test";
import { open, sealSerial } from "../../src/heartbeat/packet.ts";
import { SERIAL_BYTES_MAX, SerialFramer } from "../../src/heartbeat/serial.ts";
import { octets, valueOf } from "../../src/wire/heartbeat-message.ts";
import { Random } from "../fuzz/mutate.ts";
import { bytes, message, ring } from "./ring.ts";

const KEYS = ring([2, "sha1", "HI!"]);
const sealed = (number: number): string =>
  octets(sealSerial(message(`t=status st=active src=a seq=${number} ld=0.00`), KEYS, 2));

/** What a line gave: the numbers of its authentic messages, and the rest. */
function read(...chunks: readonly string[]) {
  const framer = new SerialFramer();
  const seen = { numbers: [] as number[], damaged: 0, skipped: 0, halves: 0, oversized: 0 };
  for (const chunk of chunks) {
    const { frames, skipped, halves, oversized } = framer.take(bytes(chunk));
    for (const frame of frames) {
      const opened = open(frame, KEYS);
      if (opened.ok) seen.numbers.push(Number(valueOf(opened.value.message, "seq")));
      else seen.damaged++;
    }
    seen.skipped += skipped;
    seen.halves += halves;
    seen.oversized += oversized;
  }
  return seen;
}

const CLEAN = { numbers: [1, 2, 3], damaged: 0, skipped: 0, halves: 0, oversized: 0 };
const THREE = [sealed(1), sealed(2), sealed(3)];

describe("messages on a serial line", () => {
  test("are found however they are cut", () => {
    const line = THREE.join("");
    expect(read(line)).toEqual(CLEAN);
    expect(read(...line)).toEqual(CLEAN);
    for (const length of [2, 3, 7, 64]) {
      expect(read(...(line.match(new RegExp(`[\\s\\S]{1,${length}}`, "g")) ?? []))).toEqual(CLEAN);
    }
  });

  test("are found with CR at their line ends, and with the zero bytes of breaks anywhere", () => {
    expect(read(THREE.join("").replaceAll("\n", "\r\n"))).toEqual(CLEAN);
    expect(read([...THREE.join("")].map((each) => `${each}\0`).join(""))).toEqual(CLEAN);
  });

  test("are found behind noise, on lines of its own or in front of them", () => {
    expect(read("\xff\x81garbage", ...THREE)).toEqual({ ...CLEAN, skipped: 9 });
    expect(read("st=up\nld=0\n<<<\n", ...THREE)).toEqual({ ...CLEAN, skipped: 15 });
    expect(read(">>", ...THREE)).toEqual({ ...CLEAN, skipped: 2 });
    expect(read(">>>x\n", ...THREE)).toEqual({ ...CLEAN, skipped: 5 });
    expect(read(THREE[0] ?? "", "~~~", THREE[1] ?? "", "\n\n", THREE[2] ?? "")).toEqual({
      ...CLEAN,
      skipped: 5,
    });
  });

  test("are found behind the first half of another one, wherever that was cut", () => {
    const whole = sealed(9);
    for (let cut = 0; cut < whole.length; cut++) {
      const seen = read(whole.slice(0, cut), ...THREE);
      expect({ cut, ...seen, skipped: 0, halves: 0 }).toEqual({ cut, ...CLEAN });
    }
  });

  test("are found behind the second half of another one, wherever that was cut", () => {
    const whole = sealed(9);
    for (let cut = 1; cut <= whole.length; cut++) {
      expect({ cut, ...read(whole.slice(cut), ...THREE), skipped: 0 }).toEqual({ cut, ...CLEAN });
    }
  });

  test("cost one when a byte of one is lost, changed or added; the next is found", () => {
    const [, second = ""] = THREE;
    for (let at = 0; at < second.length; at++) {
      const changed = [
        second.slice(0, at) + second.slice(at + 1),
        `${second.slice(0, at)}~${second.slice(at + 1)}`,
        `${second.slice(0, at)}>${second.slice(at)}`,
      ];
      for (const each of changed) {
        const { numbers } = read(sealed(1), each, sealed(3), sealed(4));
        expect(numbers.filter((number) => number !== 2 && number !== 3)).toEqual([1, 4]);
        // Only where its end is damaged does it take its neighbour along.
        if (at < second.length - 4) expect(numbers).toContain(3);
      }
    }
  });

  test("are found again after a peer at another speed, which goes on for ever", () => {
    const random = new Random(3);
    const noise = Array.from({ length: 200_000 }, () => String.fromCharCode(random.below(256))).join("");
    const seen = read(noise, ...THREE);
    expect(seen.numbers).toEqual([1, 2, 3]);
    expect(seen.skipped + seen.oversized * SERIAL_BYTES_MAX).toBeGreaterThan(100_000);
  });

  test("that never end are dropped in pieces of bounded size", () => {
    const endless = `>>>\n${"a=b\n".repeat(5000)}`;
    expect(read(endless, ...THREE)).toMatchObject({ numbers: [1, 2, 3], oversized: 1 });
    expect(read(`>>>\n${"x".repeat(SERIAL_BYTES_MAX)}`, ...THREE)).toMatchObject({ numbers: [1, 2, 3] });
  });
});
