/** heartbeat under fuzz: both forms of a message, what opens them, the framing of a line, bzip2, and the file of keys. */
import { deflateSync } from "node:zlib";
import type { Claim, Subject } from "../../src/heartbeat/claim.ts";
import {
  bundles,
  decodeClaims,
  decodeSubjects,
  encodeClaims,
  encodeSubjects,
} from "../../src/heartbeat/claim.ts";
import { readAuthkeys } from "../../src/heartbeat/authkeys.ts";
import { decodeContent, encodeContent } from "../../src/heartbeat/content.ts";
import { readHeader } from "../../src/heartbeat/header.ts";
import { sign } from "../../src/heartbeat/keys.ts";
import type { Opened, PacketError } from "../../src/heartbeat/packet.ts";
import { open, sealDatagram, sealSerial } from "../../src/heartbeat/packet.ts";
import { SERIAL_BYTES_MAX, SerialFramer } from "../../src/heartbeat/serial.ts";
import type { Taken } from "../../src/heartbeat/serial.ts";
import type { Result } from "../../src/base/result.ts";
import { bunzip2 } from "../../src/wire/bzip2.ts";
import { classicSigned, decodeClassic, encodeClassic } from "../../src/wire/heartbeat-classic.ts";
import type { Message, MessageError } from "../../src/wire/heartbeat-message.ts";
import { BYTES, octets, TEXT } from "../../src/wire/heartbeat-message.ts";
import type { Netstrings } from "../../src/wire/heartbeat-netstring.ts";
import { decodeNetstrings, encodeNetstrings, encodeTrailer } from "../../src/wire/heartbeat-netstring.ts";
import { serial, VECTORS } from "../golden/heartbeat.ts";
import { bytes, message, ring } from "../heartbeat/ring.ts";
import { codec, difference, target } from "./target.ts";

const text = (value: Uint8Array): string => octets(value);
const vectors = (form: "netstring" | "classic"): Uint8Array[] =>
  VECTORS.filter((vector) => vector.form === form).map((vector) => vector.bytes);
/** As many fields as there may be. */
const FULL = message(Array.from({ length: 256 }, () => "a=").join(" "));

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

const REACHED = {
  start: "reached",
  oversized: "reached",
  truncated: "reached",
  field: "reached",
  trailer: "reached",
} as const;

const netstrings = codec<Netstrings, MessageError>({
  name: "heartbeat-netstring",
  golden: [...vectors("netstring"), encodeNetstrings(FULL)],
  lengthFields: [],
  watch: false,
  errors: REACHED,
  decode: decodeNetstrings,
  check: ({ message: fields, signature, signed }, from) => {
    const body = encodeNetstrings(fields);
    if (body.length !== signed) return `signed is ${signed}, not ${body.length}`;
    return difference(signature === null ? body : joined(body, encodeTrailer(signature)), from);
  },
  repair: () => {},
});

const classic = codec<Message, MessageError>({
  name: "heartbeat-classic",
  golden: [...vectors("classic"), encodeClassic(FULL)],
  lengthFields: [],
  watch: false,
  errors: REACHED,
  decode: decodeClassic,
  check: (fields, from) => {
    // Empty lines and the zero byte at the end are passed over.
    const plain = text(from).replace(/\n+/g, "\n").replace(/\0$/, "");
    return difference(encodeClassic(fields), bytes(plain));
  },
  repair: () => {},
});

const KEYS = ring([3, "md5", "Hello!"]);
const STATUS = message("t=status st=active dt=1388 protocol=1 src=a seq=10 hg=6b00c2d2 ts=6b00c3ea");
const packed = (algorithm: string, payload: Uint8Array): Message => [
  { name: "_compressed_payload", type: BYTES, value: octets(payload) },
  { name: "_compression_algorithm", type: TEXT, value: algorithm },
];
const BZ2 =
  "QlpoOTFBWSZTWZjl+6UAAAJZgAAQCmRgUigAHgAgADFDTTAANTajTTTQyE2JCuGEe0G20Hs+SXqlS/M/F3JFOFCQmOX7pQ==";

/** Writes the right token over a wrong one. */
function signAgain(packet: Uint8Array): void {
  const found = text(packet);
  const trailer = found.lastIndexOf("%%%\n34:3 ");
  const field = found.lastIndexOf("\nauth=3 ");
  if (packet[0] === 0x23 && trailer >= 0) {
    const token = sign(KEYS, 3, packet.subarray(0, trailer + 4)).slice(2);
    if (trailer + 9 + token.length <= packet.length) packet.set(bytes(token), trailer + 9);
  } else if (packet[0] === 0x3e && field >= 0) {
    const decoded = decodeClassic(packet);
    const token = decoded.ok ? sign(KEYS, 3, classicSigned(decoded.value)).slice(2) : "";
    if (field + 8 + token.length <= packet.length) packet.set(bytes(token), field + 8);
  }
}

const packets = target<Result<Opened, PacketError>>({
  name: "heartbeat-packet",
  golden: [
    ...VECTORS.filter(({ index }) => index === 3).map((vector) => vector.bytes),
    sealDatagram(packed("zlib", deflateSync(encodeNetstrings(STATUS))), KEYS, 3),
    sealDatagram(packed("zlib", deflateSync(encodeClassic(STATUS))), KEYS, 3),
    sealDatagram(packed("bz2", Uint8Array.fromBase64(BZ2)), KEYS, 3),
    sealDatagram(STATUS, KEYS, 3),
    sealSerial(STATUS, KEYS, 3),
    encodeNetstrings(FULL),
  ],
  lengthFields: [],
  watch: false,
  outcomes: {
    ...REACHED,
    ...{ unsigned: "reached", key: "reached", forged: "reached", algorithm: "reached", stream: "reached" },
    accepted: "reached",
  },
  decode: (from) => open(from, KEYS),
  outcomeOf: (opened) => (opened.ok ? "accepted" : opened.error),
  check: (opened) => {
    if (!opened.ok) return null;
    const { message: fields, index } = opened.value;
    if (index !== 3) return `signed with key ${index}`;
    const header = readHeader(fields);
    if (header?.uuid?.length !== 16 && header?.uuid !== null && header !== null)
      return "a UUID of another size";
    const content = decodeContent(fields);
    if (content === null || content.kind === "other") return null;
    const again = decodeContent(encodeContent(content));
    return Bun.deepEquals(again, content)
      ? null
      : `${JSON.stringify(content)} comes back ${JSON.stringify(again)}`;
  },
  repair: (_, from) => signAgain(from),
});

const LINE = [serial("a2b"), serial("b2a")];

const framing = target<Taken>({
  name: "heartbeat-serial",
  golden: LINE.flatMap((line) => [
    line.subarray(0, 700),
    line.subarray(1500, 2500),
    line.subarray(4000, 4300),
  ]),
  lengthFields: [],
  watch: false,
  // No input is long enough for one that is too long.
  outcomes: { nothing: "reached", messages: "reached", halves: "reached", oversized: "never" },
  decode: (from) => new SerialFramer().take(from.subarray(0)),
  outcomeOf: ({ frames, halves, oversized }) =>
    oversized > 0 ? "oversized" : halves > 0 ? "halves" : frames.length > 0 ? "messages" : "nothing",
  check: (taken, from) => {
    for (const frame of taken.frames) {
      const found = text(frame);
      if (!/^>>>\n[^]*<<<\n$/.test(found) || found.length > SERIAL_BYTES_MAX) return `a message of ${found}`;
      if (/>>>\n/.test(found.slice(4)) || /(^|\n)<<<\n[^]/.test(found)) return `two messages in ${found}`;
    }
    const cut = from.length >> 1;
    const framer = new SerialFramer();
    const parts = [framer.take(from.subarray(0, cut)), framer.take(from.subarray(cut))];
    const frames = parts.flatMap((part) => part.frames);
    return Bun.deepEquals(frames, [...taken.frames]) ? null : "another cut gives other messages";
  },
  repair: () => {},
});

/** Less than any message, so that an input does not cost what its largest answer may. */
const MOST = 1024;

const bzip2 = target<Uint8Array | null>({
  name: "bzip2",
  golden: [
    ...[BZ2, "QlpoOTFBWSZTWZ5iW/4AAAKRAEAAAkSgACEUYGaCke8jRwu5IpwoSE8xLf8A", "QlpoORdyRThQkAAAAAA="],
    "QlpoOTFBWSZTWdOl3HwATJfAEMAAAAgACCAAMMwFKaaqRFGwFEUeLuSKcKEhp0u4+A==",
  ]
    .map((each) => Uint8Array.fromBase64(each))
    .map((each) => Uint8Array.from(each)),
  lengthFields: [],
  watch: false,
  outcomes: { content: "reached", none: "reached" },
  decode: (from) => bunzip2(from, MOST),
  outcomeOf: (content) => (content === null ? "none" : "content"),
  check: (content) => (content !== null && content.length > MOST ? `${content.length} bytes` : null),
  repair: () => {},
});

const authkeys = target<ReturnType<typeof readAuthkeys>>({
  name: "heartbeat-authkeys",
  golden: [
    bytes("auth 1\n1 crc\n"),
    bytes("# ours\nauth 2\n1 crc\n2 sha1 HI   # signs\n3 md5 Hello\n15 sha256 x\n"),
  ],
  lengthFields: [],
  watch: false,
  outcomes: { keys: "reached", wrong: "reached" },
  decode: (from) => readAuthkeys(from, 0o100600),
  outcomeOf: (read) => (read.ok ? "keys" : "wrong"),
  check: (read, from) => {
    if (read.ok) return read.value.keys.has(read.value.signing) ? null : "signs with a key that is not there";
    const lines = text(from).split("\n");
    const places = read.error.every(
      ({ line, column }) => column >= 1 && column <= Math.max(1, lines[line - 1]?.length ?? 0),
    );
    return read.error.length > 0 && places ? null : `wrong: ${JSON.stringify(read.error)}`;
  },
  repair: () => {},
});

const CLAIMS =
  "VI_1 51 4 1 master 1 150 7f3 10.0.0.1;VI_6 52 6 0 backup 1 100 0 fe80::1;x 1 4 1 released 0 0 1 - more";

const claims = target<readonly Claim[] | null>({
  name: "heartbeat-claims",
  golden: [bytes(CLAIMS), bytes(CLAIMS.split(";")[0] ?? "")],
  lengthFields: [],
  watch: false,
  outcomes: { claims: "reached", none: "reached" },
  decode: (from) => decodeClaims(text(from)),
  outcomeOf: (decoded) => (decoded === null ? "none" : "claims"),
  check: (decoded) => {
    if (decoded === null) return null;
    const again = encodeClaims(decoded);
    if (!Bun.deepEquals(decodeClaims(again), decoded)) return `comes back otherwise: ${again}`;
    return Bun.deepEquals(bundles(decoded).flat(), [...decoded]) ? null : "the bundles have others";
  },
  repair: () => {},
});

const subjects = target<readonly Subject[] | null>({
  name: "heartbeat-subjects",
  golden: [bytes("51.4 52.6"), bytes("1.4 255.6 7.4")],
  lengthFields: [],
  watch: false,
  outcomes: { subjects: "reached", none: "reached" },
  decode: (from) => decodeSubjects(text(from)),
  outcomeOf: (decoded) => (decoded === null ? "none" : "subjects"),
  check: (decoded, from) => (decoded === null ? null : difference(bytes(encodeSubjects(decoded)), from)),
  repair: () => {},
});

export const HEARTBEAT = [netstrings, classic, packets, framing, bzip2, authkeys, claims, subjects];
