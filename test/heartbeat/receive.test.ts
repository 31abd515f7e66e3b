/** From bytes to what counts, and a sample of everything that does not. */
import { describe, expect, test } from "bun:test";
import { instant } from "../../src/base/units.ts";
import type { Tracking } from "../../src/heartbeat/admission.ts";
import { forsaken, UNHEARD } from "../../src/heartbeat/admission.ts";
import { compose } from "../../src/heartbeat/header.ts";
import { sealDatagram, sealSerial } from "../../src/heartbeat/packet.ts";
import type { DropReason, Receipt } from "../../src/heartbeat/receive.ts";
import { DROP_REASONS, read, receive } from "../../src/heartbeat/receive.ts";
import { encodeNetstrings } from "../../src/wire/heartbeat-netstring.ts";
import { octets } from "../../src/wire/heartbeat-message.ts";
import { bytes, message, ring } from "./ring.ts";

const KEYS = ring([2, "sha1", "HI!"]);
const OURS = { name: "a", uuid: "a".repeat(16) };
const PEER = { name: "b", uuid: "b".repeat(16) };

interface Sent {
  readonly sequence?: number;
  readonly generation?: number;
  readonly from?: typeof PEER;
  readonly toUuid?: string;
}

/** A message of the peer with these fields. */
function sent(fields: string, { sequence = 1, generation = 7, from = PEER, toUuid }: Sent = {}): Uint8Array {
  const stamp = { generation, sequence, time: 1, load: "0.00", ttl: 3, destinationUuid: toUuid ?? null };
  return sealDatagram(compose(message(fields), from, stamp), KEYS, 2);
}
const STATUS = "t=status st=up dt=1388 protocol=1";

class Node {
  tracking: Tracking = UNHEARD;
  dead = false;

  take(packet: Uint8Array): Receipt {
    const sender = (name: string) => (name === "b" ? this : null);
    const receipt = receive({ own: OURS, sender }, read(packet, KEYS), instant(0));
    if (receipt.kind === "accepted") this.tracking = receipt.tracking;
    return receipt;
  }

  word(packet: Uint8Array): string {
    const receipt = this.take(packet);
    return receipt.kind === "accepted" ? receipt.content.kind : `${receipt.reason} of ${receipt.source}`;
  }
}

describe("what a peer sends", () => {
  test("counts, in a datagram or off a line", () => {
    const stamp = { generation: 7, sequence: 2, time: 1, load: "", ttl: 3, destinationUuid: null };
    const line = sealSerial(compose(message("t=starting"), PEER, stamp), KEYS, 2);
    const node = new Node();
    expect([node.word(sent(STATUS)), node.word(line), node.word(sent(STATUS, { sequence: 3 }))]).toEqual([
      "status",
      "starting",
      "status",
    ]);
    expect(node.tracking.highest).toBe(3);
  });

  test("is for us when it is for all, or says our UUID, or none and our name", () => {
    const forUs = (packet: Uint8Array): boolean => {
      const node = new Node();
      node.take(sent(STATUS));
      const receipt = node.take(packet);
      return receipt.kind === "accepted" && receipt.forUs;
    };
    const at = { sequence: 2 };
    expect(forUs(sent("t=starting", at))).toBe(true);
    expect(forUs(sent("t=reqnodes dest=A", at))).toBe(true);
    expect(forUs(sent("t=reqnodes dest=c", at))).toBe(false);
    expect(forUs(sent("t=reqnodes dest=c", { ...at, toUuid: OURS.uuid }))).toBe(true);
    expect(forUs(sent("t=reqnodes dest=a", { ...at, toUuid: PEER.uuid }))).toBe(false);
    // Without a number the name alone counts.
    expect(forUs(sent("t=NS_ackmsg dest=a ackseq=1", { toUuid: PEER.uuid }))).toBe(true);
    expect(forUs(sent("t=NS_ackmsg dest=c ackseq=1", { toUuid: OURS.uuid }))).toBe(false);
  });

  test("and is for another still counts its number", () => {
    const node = new Node();
    node.take(sent(STATUS));
    node.take(sent("t=reqnodes dest=c", { sequence: 2 }));
    expect(node.tracking.highest).toBe(2);
  });

  test("before its first status is answered when it is a question, and counts for nothing", () => {
    const node = new Node();
    expect(node.word(sent("t=reqnodes dest=a", { sequence: 9 }))).toBe("reqnodes");
    expect(node.tracking).toEqual(UNHEARD);
  });
});

describe("what comes in is dropped", () => {
  const heard = (): Node => {
    const node = new Node();
    node.take(sent(STATUS, { sequence: 5 }));
    return node;
  };
  const dead = (): Node => {
    const node = heard();
    node.tracking = forsaken(node.tracking);
    node.dead = true;
    return node;
  };
  const packed = (algorithm: string): Uint8Array =>
    sealDatagram(
      message(`_compression_algorithm=${algorithm}`).concat({
        name: "_compressed_payload",
        type: 1,
        value: "x",
      }),
      KEYS,
      2,
    );
  const NOBODY = null;
  // A sample a reason: a new one without does not compile.
  const samples: Record<DropReason, [Node, Uint8Array, string | null]> = {
    start: [heard(), bytes("x"), NOBODY],
    oversized: [
      heard(),
      encodeNetstrings(message(Array.from({ length: 257 }, () => "a=").join(" "))),
      NOBODY,
    ],
    truncated: [heard(), bytes(">>>\n"), NOBODY],
    field: [heard(), bytes("###\nx"), NOBODY],
    trailer: [heard(), bytes("###\n%%%\nx"), NOBODY],
    unsigned: [heard(), bytes("###\n%%%\n"), NOBODY],
    key: [heard(), bytes("###\n%%%\n4:9 ab,"), NOBODY],
    forged: [heard(), bytes("###\n%%%\n4:2 ab,"), NOBODY],
    algorithm: [heard(), packed("rar"), NOBODY],
    stream: [heard(), packed("zlib"), NOBODY],
    header: [heard(), sealDatagram(message("t=status"), KEYS, 2), NOBODY],
    own: [heard(), sent(STATUS, { from: OURS }), "a"],
    node: [heard(), sent(STATUS, { from: { ...PEER, name: "c" } }), "c"],
    content: [heard(), sent("t=status"), "b"],
    duplicate: [heard(), sent(STATUS, { sequence: 5 }), "b"],
    old: [heard(), sent(STATUS, { sequence: 4 }), "b"],
    replay: [heard(), sent(STATUS, { sequence: 6, generation: 6 }), "b"],
    future: [heard(), sent(STATUS, { sequence: 6, generation: 0xffff_ffff }), "b"],
    stale: [dead(), sent(STATUS, { sequence: 5 }), "b"],
    early: [heard(), sent("t=starting", { sequence: 1, generation: 8 }), "b"],
  };
  test.each(Object.entries(samples))("and counted: %s", (reason, [node, packet, source]) => {
    const before = node.tracking;
    expect(node.word(packet)).toBe(`${reason} of ${source}`);
    expect(node.tracking).toBe(before);
  });

  test("with a counter for each reason", () => {
    expect([...DROP_REASONS].sort()).toEqual(Object.keys(samples).sort() as DropReason[]);
  });

  test("when it is good but for one bit", () => {
    const good = sent(STATUS, { sequence: 6 });
    expect(octets(good)).toContain("seq=6");
    const node = heard();
    for (let bit = 0; bit < good.length * 8; bit++) {
      const bad = Uint8Array.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(node.take(bad).kind).toBe("dropped");
    }
    expect(node.word(good)).toBe("status");
  });
});
