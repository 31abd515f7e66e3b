/** What a signature is worth, and how keys are replaced. */
import { describe, expect, test } from "bun:test";
import { deflateSync } from "node:zlib";
import { sign, signingIndex } from "../../src/heartbeat/keys.ts";
import type { PacketError } from "../../src/heartbeat/packet.ts";
import { open, PACKET_ERRORS, sealDatagram, sealSerial } from "../../src/heartbeat/packet.ts";
import { BYTES, octets, TEXT } from "../../src/wire/heartbeat-message.ts";
import { encodeNetstrings } from "../../src/wire/heartbeat-netstring.ts";
import { METHODS } from "../../src/wire/heartbeat-token.ts";
import { bytes, message, ring } from "./ring.ts";

const STATUS = message("t=status st=up src=a seq=1");
const KEYS = ring([2, "sha1", "HI!"], [3, "md5", "Hello!"], [1, "crc", ""]);

const outcome = (packet: Uint8Array, keys = KEYS): number | PacketError => {
  const opened = open(packet, keys);
  return opened.ok ? opened.value.index : opened.error;
};

describe("a message that we send", () => {
  test.each(METHODS)("is authentic to who has the key, signed with %s, in either form", (method) => {
    const keys = ring([7, method, method === "crc" ? "" : "secret"]);
    for (const seal of [sealDatagram, sealSerial]) {
      const opened = open(seal(STATUS, keys, 7), keys);
      if (!opened.ok) throw new Error(opened.error);
      expect(opened.value.index).toBe(7);
      expect(opened.value.message.slice(0, -1)).toEqual([...STATUS]);
      expect(opened.value.message.at(-1)?.name).toBe("auth");
    }
  });

  test("is no more when one bit of it is another", () => {
    for (const seal of [sealDatagram, sealSerial]) {
      const good = seal(STATUS, KEYS, 2);
      for (let bit = 0; bit < good.length * 8; bit++) {
        const bad = Uint8Array.from(good);
        bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
        expect(typeof outcome(bad)).toBe("string");
      }
    }
  });

  test("is accepted with any key of ours, and signed with one", () => {
    expect(octets(sealDatagram(STATUS, KEYS, KEYS.signing))).toMatch(/%%%\n42:2 [0-9a-f]{40},$/);
    expect([1, 2, 3].map((index) => outcome(sealDatagram(STATUS, KEYS, index)))).toEqual([1, 2, 3]);
  });
});

describe("a datagram", () => {
  test("is judged by its trailer only, and text by its field: as heartbeat does", () => {
    const wrong = [...STATUS, { name: "auth", type: TEXT, value: "2 00" }];
    const body = encodeNetstrings(wrong);
    const trailer = octets(sealDatagram(STATUS, KEYS, 2)).split("%%%\n")[1] ?? "";
    // The trailer of other bytes.
    expect(outcome(bytes(octets(body) + trailer))).toBe("forged");
    expect(outcome(sealSerial(STATUS, KEYS, 2))).toBe(2);
  });

  test("is refused when its key has another secret or method, in both forms", () => {
    for (const seal of [sealDatagram, sealSerial]) {
      expect(outcome(seal(STATUS, KEYS, 2), ring([2, "sha1", "HI?"]))).toBe("forged");
      expect(outcome(seal(STATUS, KEYS, 2), ring([2, "md5", "HI!"]))).toBe("forged");
    }
  });

  const text = (packet: Uint8Array): string => octets(packet);

  test("is forged with more or less than the right token", () => {
    for (const method of METHODS) {
      const keys = ring([2, method, method === "crc" ? "" : "HI"]);
      const body = encodeNetstrings(STATUS);
      const signature = sign(keys, 2, body);
      const signed = (each: string): Uint8Array => bytes(`${text(body)}${each.length}:${each},`);
      expect(outcome(signed(signature), keys)).toBe(2);
      expect(outcome(signed(signature.slice(0, -1)), keys)).toBe("forged");
      // 64 digits are as many as any method has.
      if (method !== "sha256") expect(outcome(signed(`${signature}0`), keys)).toBe("forged");
    }
  });
  const packed = (payload: Uint8Array, algorithm: string): Uint8Array =>
    sealDatagram(
      [
        { name: "_compressed_payload", type: BYTES, value: octets(payload) },
        { name: "_compression_algorithm", type: TEXT, value: algorithm },
      ],
      KEYS,
      2,
    );
  const samples: Record<PacketError, Uint8Array> = {
    start: bytes("GET / HTTP/1.1"),
    oversized: bytes(`###\n${"5:(0)a=,".repeat(300)}%%%\n`),
    truncated: bytes("###\n"),
    field: bytes("###\n1:x,%%%\n"),
    trailer: bytes("###\n%%%\nx"),
    unsigned: encodeNetstrings(STATUS),
    key: sealDatagram(STATUS, ring([9, "crc", ""]), 9),
    forged: bytes(text(sealDatagram(STATUS, KEYS, 2)).replace("st=up", "st=no")),
    algorithm: packed(deflateSync(encodeNetstrings(STATUS)), "lzma"),
    stream: packed(bytes("x"), "zlib"),
  };
  test.each(Object.entries(samples))("is refused: %s", (kind, packet) => {
    expect<unknown>(outcome(packet)).toBe(kind);
  });

  test("has a counter for each way to be refused", () => {
    expect([...PACKET_ERRORS].sort()).toEqual(Object.keys(samples).sort() as PacketError[]);
  });

  test.each([
    "",
    "2",
    "2 ",
    " 2 ab",
    "02 ab",
    "2 AB",
    "-1 ab",
    "2  ab",
    "2 ab\n",
    "2 xyz",
    "2\0ab",
    `2 ${"a".repeat(65)}`,
  ])("is unsigned with the signature %j", (signature) => {
    const body = text(encodeNetstrings(STATUS));
    expect(outcome(bytes(`${body}${signature.length}:${signature},`))).toBe("unsigned");
  });
});

describe("a compressed datagram", () => {
  test("is unpacked only when it is authentic", () => {
    const good = sealDatagram(
      [
        { name: "_compressed_payload", type: BYTES, value: octets(deflateSync(encodeNetstrings(STATUS))) },
        { name: "_compression_algorithm", type: TEXT, value: "zlib" },
      ],
      KEYS,
      2,
    );
    expect(open(good, KEYS)).toEqual({ ok: true, value: { message: STATUS, index: 2 } });
    expect(outcome(good, ring([2, "sha1", "other"]))).toBe("forged");
  });
});

describe("while keys are replaced", () => {
  const keys = ring([2, "sha1", "new"], [1, "sha1", "old"]);
  test("a node signs with its own choice", () => {
    expect(signingIndex(keys, null, false)).toBe(2);
    expect(signingIndex(keys, 1, false)).toBe(2);
  });

  test("beside a heartbeat 3.0.6 it signs with what that was heard to sign with", () => {
    expect(signingIndex(keys, null, true)).toBe(2);
    expect(signingIndex(keys, 1, true)).toBe(1);
    expect(signingIndex(keys, 9, true)).toBe(2);
  });
});
