/** Everything that real heartbeat sent: read, verified, and written again to the byte. */
import { describe, expect, test } from "bun:test";
import { decodeContent, encodeContent } from "../../src/heartbeat/content.ts";
import { compose, readHeader } from "../../src/heartbeat/header.ts";
import { verify } from "../../src/heartbeat/keys.ts";
import { SerialFramer } from "../../src/heartbeat/serial.ts";
import { open, sealDatagram, sealSerial } from "../../src/heartbeat/packet.ts";
import { AUTH_FIELD, classicSigned, decodeClassic, encodeClassic } from "../../src/wire/heartbeat-classic.ts";
import type { Message } from "../../src/wire/heartbeat-message.ts";
import { valueOf } from "../../src/wire/heartbeat-message.ts";
import { decodeNetstrings, encodeNetstrings, encodeTrailer } from "../../src/wire/heartbeat-netstring.ts";
import { CAPTURES, datagrams, RING, serial, VECTORS } from "./heartbeat.ts";

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

const withoutAuth = (message: Message): Message => message.filter(({ name }) => name !== AUTH_FIELD);

describe.each([...VECTORS])("heartbeat's $name", (vector) => {
  test("has the fields that another program found in it", () => {
    const decoded = vector.form === "classic" ? decodeClassic(vector.bytes) : decodeNetstrings(vector.bytes);
    expect(decoded).toMatchObject({
      ok: true,
      value: vector.form === "classic" ? [...vector.message] : { message: [...vector.message] },
    });
  });

  test("is signed as another program found", () => {
    const { inner, outer, message } = vector;
    if (inner !== null) {
      expect(classicSigned(message)).toEqual(Uint8Array.from(inner.signed));
      expect(valueOf(message, AUTH_FIELD)).toBe(inner.signature);
      expect(verify(RING, inner.signature, inner.signed)).toBe(vector.index);
    }
    if (outer !== null) {
      expect(decodeNetstrings(vector.bytes)).toMatchObject({
        ok: true,
        value: { signed: outer.length, signature: outer.signature },
      });
      expect(verify(RING, outer.signature, vector.bytes.subarray(0, outer.length))).toBe(vector.index);
    }
    expect(inner !== null || outer !== null).toBe(true);
  });

  test("is written again to the byte", () => {
    const { message, outer, inner, index } = vector;
    const bytes =
      outer === null
        ? encodeClassic(message)
        : joined(encodeNetstrings(message), encodeTrailer(outer.signature));
    expect(bytes).toEqual(Uint8Array.from(vector.bytes));
    // With `msgfmt netstring` the daemon does not sign twice, as we always do.
    if (inner === null) return;
    const seal = outer === null ? sealSerial : sealDatagram;
    expect(Uint8Array.from(seal(withoutAuth(message), RING, index))).toEqual(Uint8Array.from(vector.bytes));
  });
});

/** Opens a message, which must be authentic, and says how we would have sent it: null for types of no concern to us. */
function repeated(bytes: Uint8Array): Uint8Array | null {
  const opened = open(bytes, RING);
  if (!opened.ok) throw new Error(`${opened.error}: ${new TextDecoder().decode(bytes)}`);
  const message = withoutAuth(opened.value.message);
  const [header, content] = [readHeader(message), decodeContent(message)];
  if (header === null || content === null) throw new Error(`not read: ${JSON.stringify(message)}`);
  // ipfail is a client of the daemon, and names its sender in another place.
  if (content.kind === "other" || ["ping-count", "give-up", "ipfail-joined"].includes(content.kind))
    return null;
  const again = compose(
    encodeContent(content),
    { name: header.source, uuid: header.uuid ?? "" },
    {
      generation: header.generation ?? 0,
      sequence: header.sequence ?? 0,
      time: header.time,
      load: valueOf(message, "ld") ?? "",
      ttl: Number(valueOf(message, "ttl")),
      destinationUuid: header.destinationUuid,
    },
  );
  const seal = bytes[0] === 0x3e ? sealSerial : sealDatagram;
  return seal(again, RING, opened.value.index);
}

/** How many messages are in each capture, and how many of them we could have sent. */
const CONTENTS = {
  "t1-bcast-crc-on": [777, 772],
  "t2-ucast-md5-off": [287, 275],
  "t4-rexmit": [153, 153],
  // `msgfmt netstring`: signed once.
  "t5-netstring": [78, 77],
} as const;

describe.each([...CAPTURES])("heartbeat's capture %s", (name) => {
  test("is authentic, and what we would send in its place is the same to the byte", () => {
    const all = datagrams(name);
    const [messages, ours] = CONTENTS[name];
    const again = all.map(repeated);
    expect(all.length).toBe(messages);
    expect(again.filter((bytes) => bytes !== null).length).toBe(ours);
    if (name === "t5-netstring") return;
    for (const [at, bytes] of again.entries())
      if (bytes !== null) expect(bytes).toEqual(Uint8Array.from(all[at] ?? []));
  });
});

describe("heartbeat's serial line", () => {
  test.each(["a2b", "b2a"] as const)(
    "%s has nothing but authentic messages, which we write to the byte",
    (name) => {
      const line = serial(name);
      const { frames, ...lost } = new SerialFramer().take(line);
      expect(lost).toEqual({ skipped: 0, halves: 0, oversized: 0 });
      expect(frames.length).toBeGreaterThan(40);
      expect(joined(...frames)).toEqual(Uint8Array.from(line));
      const again = frames.map((frame) => repeated(frame) ?? frame);
      expect(joined(...again)).toEqual(Uint8Array.from(line));
    },
  );
});
