/** heartbeat's two forms of a message, what signs them, and what they are compressed to. test/golden has real ones. */
import { describe, expect, test } from "bun:test";
import { deflateSync } from "node:zlib";
import { bunzip2 } from "../../src/wire/bzip2.ts";
import { classicSigned, decodeClassic, encodeClassic } from "../../src/wire/heartbeat-classic.ts";
import { decompressed } from "../../src/wire/heartbeat-compressed.ts";
import type { CompressedError } from "../../src/wire/heartbeat-compressed.ts";
import type { Message, MessageError } from "../../src/wire/heartbeat-message.ts";
import {
  BYTES,
  FIELDS_MAX,
  MESSAGE_BYTES_MAX,
  octets,
  TEXT,
  valueOf,
} from "../../src/wire/heartbeat-message.ts";
import { decodeNetstrings, encodeNetstrings } from "../../src/wire/heartbeat-netstring.ts";
import { token } from "../../src/wire/heartbeat-token.ts";
import { bytes, message } from "../heartbeat/ring.ts";

const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join("");
const many = (count: number): Message =>
  Array.from({ length: count }, () => ({ name: "a", type: TEXT, value: "" }));

/** A sample as the title of its test. */
const named = (sample: string | Uint8Array): string =>
  typeof sample === "string" ? JSON.stringify(sample) : `${sample.length} bytes`;

describe("a message of netstrings", () => {
  test("carries any byte in any value, and lengths say where it ends", () => {
    const fields: Message = [
      { name: "t", type: TEXT, value: "status" },
      { name: "odd", type: TEXT, value: "=,\n%%%\n3:x," },
      { name: "srcuuid", type: BYTES, value: all },
      { name: "nested", type: 2, value: "###\n7:(0)a=bc,%%%\n" },
      { name: "empty", type: 3, value: "" },
    ];
    const encoded = encodeNetstrings(fields);
    expect(octets(encoded.subarray(0, 27))).toBe("###\n11:(0)t=status,18:(0)od");
    expect(decodeNetstrings(encoded)).toEqual({
      ok: true,
      value: { message: fields, signed: encoded.length, signature: null },
    });
  });

  test("has what stands behind its end as its signature", () => {
    expect(decodeNetstrings(bytes("###\n5:(0)a=,%%%\n10:1 5d0d36ea,"))).toMatchObject({
      ok: true,
      value: { signed: 16, signature: "1 5d0d36ea" },
    });
  });

  test("means the first of two fields of one name", () => {
    expect(valueOf(message("a=1 a=2"), "a")).toBe("1");
    expect(valueOf(message("a=1"), "b")).toBe(null);
  });

  // A sample a kind at least: a new kind without one does not compile.
  const samples: Record<MessageError["kind"], readonly (string | Uint8Array)[]> = {
    start: ["", "###", "##\n", ">>>\n<<<\n", "\n###\n%%%\n"],
    oversized: [new Uint8Array(MESSAGE_BYTES_MAX + 1), encodeNetstrings(many(FIELDS_MAX + 1))],
    truncated: ["###\n", "###\n5:(0)a=,", "###\n5:(0)a=,%%%", "###\n%"],
    field: [
      ...["###\n5:(0)a=", "###\n5:(0)a=b,%%%\n", "###\n05:(0)a=,%%%\n", "###\n-5:(0)a=,%%%\n"],
      ...["###\n99999999999:(0)a=,%%%\n", "###\n2:a=,%%%\n", "###\n4:(0)a,%%%\n", "###\n4:(0)=,%%%\n"],
      ...["###\n5:(5)a=,%%%\n", "###\n5:(x)a=,%%%\n", "###\n8:(0)(1)a=,%%%\n", "###\n6:(0)a\n=,%%%\n"],
      ...["###\n0:,%%%\n", "###\n5:(0)a=,%%\n"],
    ],
    trailer: ["###\n%%%\n\0", "###\n%%%\n3:1 a", "###\n%%%\n3:1 a,,", "###\n%%%\n###\n%%%\n"],
  };
  for (const [kind, each] of Object.entries(samples)) {
    test.each(each.map((sample) => [named(sample), sample]))(
      `is refused for its ${kind}: %s`,
      (_, sample) => {
        const decoded = decodeNetstrings(typeof sample === "string" ? bytes(sample) : sample);
        expect(decoded.ok ? "accepted" : decoded.error.kind).toBe(kind);
      },
    );
  }
});

describe("a message of lines", () => {
  test("has bytes in base64, and line feeds as the byte 13", () => {
    const fields: Message = [
      { name: "t", type: TEXT, value: "two\nlines" },
      { name: "srcuuid", type: BYTES, value: "\0\xff" },
      { name: "list", type: 3, value: "1:a,1:b," },
      { name: "packed", type: 4, value: "x" },
    ];
    const encoded = encodeClassic(fields);
    expect(octets(encoded)).toBe(
      ">>>\nt=two\x13lines\n(1)srcuuid=AP8=\n(3)list=1:a,1:b,\n(4)packed=eA==\n<<<\n",
    );
    expect(decodeClassic(encoded)).toEqual({ ok: true, value: fields });
  });

  test("may have empty lines and one zero byte behind it", () => {
    expect(decodeClassic(bytes(">>>\n\na=1\n\n\nb=2=3\n<<<\n\0"))).toEqual({
      ok: true,
      value: [
        { name: "a", type: TEXT, value: "1" },
        { name: "b", type: TEXT, value: "2=3" },
      ],
    });
  });

  test("is signed without its signature, wherever that stands", () => {
    expect(octets(classicSigned(message("a=1 auth=x b=2 auth=y")))).toBe("a=1\nb=2\n");
  });

  const samples: Record<MessageError["kind"], readonly (string | Uint8Array)[]> = {
    start: ["", ">>>", "x>>>\n<<<\n", "###\n%%%\n"],
    oversized: [new Uint8Array(MESSAGE_BYTES_MAX + 1), encodeClassic(many(FIELDS_MAX + 1))],
    truncated: [">>>\n", ">>>\na=1", ">>>\na=1\n<<<", ">>>\n<<"],
    field: [
      ...[
        ">>>\na\n<<<\n",
        ">>>\n=1\n<<<\n",
        ">>>\n(0)a=1\n<<<\n",
        ">>>\n(5)a=1\n<<<\n",
        ">>>\n(1)=AA==\n<<<\n",
      ],
      ...[">>>\n(1)a=AA=\n<<<\n", ">>>\n(1)a=AB==\n<<<\n", ">>>\n(1)a= AA=\n<<<\n", ">>>\n(1)a=A-==\n<<<\n"],
      ...[">>>\n(1a=AA==\n<<<\n", ">>>\n<<<x\n<<<\n"],
    ],
    trailer: [">>>\n<<<\n\0\0", ">>>\n<<<\n>>>\n<<<\n", ">>>\n<<<\n\n"],
  };
  for (const [kind, each] of Object.entries(samples)) {
    test.each(each.map((sample) => [named(sample), sample]))(
      `is refused for its ${kind}: %s`,
      (_, sample) => {
        const decoded = decodeClassic(typeof sample === "string" ? bytes(sample) : sample);
        expect(decoded.ok ? "accepted" : decoded.error.kind).toBe(kind);
      },
    );
  }
});

describe("a token", () => {
  const status = bytes("t=status\n");
  test.each([
    ["crc", "", "123456789", "765e7680"],
    ["crc", "", "", "ffffffff"],
    ["crc", "", "t=status\n", "ebc57560"],
    ["md5", "Hello!", "t=status\n", "f9dd44bb9c2da76bf4b5fd13c84d2e0f"],
    ["md5", "k".repeat(70), "t=status\n", "4c41a9cd2dba007962f7c8b3f9937a6e"],
    ["sha1", "HI!", "t=status\n", "4195362ecff614abf3909f1a069a37b43426cf68"],
    ["sha1", "k".repeat(70), "t=status\n", "321034210011642694e01f496a3fda0656d99ed5"],
  ] as const)("of %s with the key %j over %j is %s", (method, key, data, expected) => {
    expect(token(method, bytes(key), bytes(data))).toBe(expected);
  });

  test("of sha256 is that of RFC 4231, test case 2", () => {
    expect(token("sha256", bytes("Jefe"), bytes("what do ya want for nothing?"))).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });

  test("of crc has no leading zeros", () => {
    const short = Array.from({ length: 64 }, (_, at) => token("crc", bytes(""), bytes(`x${at}`)));
    expect(short.some((each) => each.length < 8)).toBe(true);
    expect(short.filter((each) => each.startsWith("0"))).toEqual([]);
    expect(token("crc", bytes("a key changes nothing"), status)).toBe("ebc57560");
  });
});

const packed = (algorithm: string, payload: Uint8Array, type: 0 | 1 = BYTES): Message => [
  { name: "_compressed_payload", type, value: octets(payload) },
  { name: "_compression_algorithm", type: TEXT, value: algorithm },
];
const zlib = (within: Message): Message => packed("zlib", deflateSync(encodeNetstrings(within)));
/** Of Python's bz2 module. */
const BZ2 = {
  hello: "QlpoOTFBWSZTWZ5iW/4AAAKRAEAAAkSgACEUYGaCke8jRwu5IpwoSE8xLf8A",
  empty: "QlpoORdyRThQkAAAAAA=",
  twoBlocks:
    "QlpoMTFBWSZTWfFLiycAYaMBADAAIAAwgCkZQlBaoSguYoKyTKazW4MiVAAnGQIAYABAAEFIEGShUaKFRxdyRThQkE9Wh2U=",
  tenMillionZeros: "QlpoOTFBWSZTWdOl3HwATJfAEMAAAAgACCAAMMwFKaaqRFGwFEUeLuSKcKEhp0u4+A==",
  message: "QlpoOTFBWSZTWZjl+6UAAAJZgAAQCmRgUigAHgAgADFDTTAANTajTTTQyE2JCuGEe0G20Hs+SXqlS/M/F3JFOFCQmOX7pQ==",
};
const bz2 = (name: keyof typeof BZ2): Uint8Array => Uint8Array.fromBase64(BZ2[name]);

describe("a compressed message", () => {
  const within = message("t=status src=a");
  test("is the one within, by zlib or bz2, in either form; any other is itself", () => {
    expect(decompressed(zlib(within))).toEqual({ ok: true, value: within });
    expect(decompressed(packed("bz2", bz2("message")))).toEqual({ ok: true, value: within });
    expect(decompressed(packed("zlib", deflateSync(encodeClassic(within))))).toEqual({
      ok: true,
      value: within,
    });
    expect(decompressed(within)).toEqual({ ok: true, value: within });
  });

  const bomb = deflateSync(new Uint8Array(64 * 1024 * 1024));
  const samples: Record<CompressedError["kind"], readonly Message[]> = {
    algorithm: [packed("gzip", bytes("")), zlib(within).slice(0, 1)],
    stream: [
      packed("zlib", bomb),
      packed("bz2", bz2("tenMillionZeros")),
      packed("zlib", bytes("")),
      packed("zlib", deflateSync(encodeNetstrings(within)).subarray(0, 20)),
      packed("bz2", bz2("message").subarray(0, 60)),
      zlib(zlib(within)),
    ],
    start: [packed("zlib", deflateSync(bytes("x")))],
    oversized: [zlib(many(FIELDS_MAX + 1))],
    truncated: [packed("zlib", deflateSync(bytes("###\n")))],
    field: [packed("zlib", deflateSync(bytes("###\n1:x,%%%\n")))],
    trailer: [packed("zlib", deflateSync(bytes("###\n5:(0)a=,%%%\n10:1 5d0d36ea,")))],
  };
  test.each(Object.entries(samples))("is refused for its %s", (kind, each) => {
    for (const sample of each) {
      const inner = decompressed(sample);
      expect(inner.ok ? "accepted" : inner.error.kind).toBe(kind as CompressedError["kind"]);
    }
  });
});

describe("a bzip2 stream", () => {
  const text = (name: keyof typeof BZ2, most: number): string | null => {
    const content = bunzip2(bz2(name), most);
    return content === null ? null : octets(content);
  };
  test("is unpacked, of any number of blocks", () => {
    expect(text("hello", 17)).toBe("hello hello hello");
    expect(text("empty", 0)).toBe("");
    expect(text("twoBlocks", 120_000)).toBe("ab".repeat(60_000));
  });

  test("is refused when it holds a byte more than there is room for", () => {
    expect(text("hello", 16)).toBe(null);
    expect(text("twoBlocks", 119_999)).toBe(null);
    expect(text("tenMillionZeros", MESSAGE_BYTES_MAX)).toBe(null);
  });

  test("is refused when a bit is wrong or its end is missing", () => {
    const good = bz2("hello");
    for (let at = 0; at < good.length; at++) expect(bunzip2(good.subarray(0, at), 64)).toBe(null);
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Uint8Array.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const content = bunzip2(bad, 64);
      // The block size is not covered, nor are the bits that fill the last byte.
      if (content !== null) expect(octets(content)).toBe("hello hello hello");
    }
  });
});
