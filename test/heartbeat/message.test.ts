/** What every message must say, and what each type must. test/golden has the daemon's own. */
import { describe, expect, test } from "bun:test";
import { Bug } from "../../src/base/assert.ts";
import type { Ip } from "../../src/base/address.ts";
import { ms, priority } from "../../src/base/units.ts";
import type { Claim } from "../../src/heartbeat/claim.ts";
import type { Content } from "../../src/heartbeat/content.ts";
import { decodeContent, encodeContent } from "../../src/heartbeat/content.ts";
import { compose, parseHex, readHeader } from "../../src/heartbeat/header.ts";
import type { Message } from "../../src/wire/heartbeat-message.ts";
import { BYTES } from "../../src/wire/heartbeat-message.ts";
import { message } from "./ring.ts";

const UUID = "0123456789abcdef";
const STAMP = { generation: 10, sequence: 255, time: 1, load: "0.00", ttl: 3, destinationUuid: null };
const US = { name: "a", uuid: UUID };

describe("a header", () => {
  test("says who, which of his messages, and to whom", () => {
    const content = message("t=reqnodes dest=B");
    const composed = compose(content, US, { ...STAMP, destinationUuid: UUID });
    expect(composed.map(({ name }) => name).join(" ")).toBe("t dest destuuid src srcuuid seq hg ts ld ttl");
    expect(readHeader(composed)).toEqual({
      type: "reqnodes",
      source: "a",
      uuid: UUID,
      destination: "b",
      destinationUuid: UUID,
      sequence: 255,
      generation: 10,
      time: 1,
    });
  });

  test("has no number and no load in a message that is not numbered", () => {
    const composed = compose(message("t=NS_ackmsg dest=b ackseq=5"), US, STAMP);
    expect(composed.map(({ name }) => name).join(" ")).toBe("t dest ackseq src srcuuid hg ts ttl");
    expect(readHeader(composed)).toMatchObject({ sequence: null, generation: 10 });
  });

  test("leaves a field that is there where it is", () => {
    const composed = compose(message("t=num_ping_nodes src=A num_ping=1"), US, STAMP);
    expect(composed.map(({ name }) => name).join(" ")).toBe("t src num_ping srcuuid seq hg ts ld ttl");
    expect(readHeader(composed)?.source).toBe("a");
  });

  test("has a UUID only where there is one", () => {
    const withUuid = (value: string): Message => [
      ...message("t=x src=a seq=1 hg=1 ts=1"),
      { name: "srcuuid", type: BYTES, value },
    ];
    expect(readHeader(withUuid(UUID))?.uuid).toBe(UUID);
    for (const value of ["", "short", `${UUID}x`, "\0".repeat(16)])
      expect(readHeader(withUuid(value))?.uuid).toBe(null);
  });

  test.each([
    ...["src=a seq=1 hg=1 ts=1", "t=x seq=1 hg=1 ts=1", "t=x src=a hg=1 ts=1", "t=x src=a seq=1 ts=1"],
    ...[
      "t=x src=a seq=1 hg=1",
      "t=x src=a seq=1 hg=1 ts=0",
      "t=x src=a seq=0 hg=1 ts=1",
      "t=x src= seq=1 hg=1 ts=1",
    ],
    ...["t=x src=a seq=-1 hg=1 ts=1", "t=x src=a seq=1 hg=x ts=1", "t=x src=a seq=1 hg=1 ts=1 dest="],
    ...[
      "t=x src=a\x07 seq=1 hg=1 ts=1",
      `t=x src=${"a".repeat(101)} seq=1 hg=1 ts=1`,
      "t=x src=a seq=1111111111111 hg=1 ts=1",
    ],
  ])("is none in %j", (text) => expect(readHeader(message(text))).toBe(null));

  test("reads hexadecimal as the daemon writes it", () => {
    expect(["1b58", "0", "6B00", "", "0x1", " 1", "1.5", null].map(parseHex)).toEqual([
      ...[7000, 0, 0x6b00, null, null, null, null, null],
    ]);
  });

  test.each([
    ["no type", message("st=up"), US, STAMP],
    ["no UUID", message("t=x"), { name: "a", uuid: "" }, STAMP],
    ["the time 0", message("t=x"), US, { ...STAMP, time: 0 }],
  ] as const)("with %s is a bug of ours", (_, content, identity, stamp) => {
    expect(() => compose(content, identity, stamp)).toThrow(Bug);
  });
});

const CLAIM: Claim = {
  ...{ name: "VI_1", vrid: 51, family: 4, only: true, state: "master", healthy: true, adverts: 2035 },
  ...{ priority: priority(150), address: "10.0.0.1" as Ip },
};

describe("a content", () => {
  type Known = Exclude<Content, { readonly kind: "other" }>;
  // One of each kind: a new kind without one does not compile.
  const samples: { [Kind in Known["kind"]]: Extract<Known, { readonly kind: Kind }> } = {
    status: { kind: "status", status: "active", deadtime: ms(7000) },
    ack: { kind: "ack", to: "b", sequence: 26 },
    rexmit: { kind: "rexmit", to: "b", first: 36, last: 40 },
    nak: { kind: "nak", to: "b", sequence: 26, why: "seqno too low" },
    reqnodes: { kind: "reqnodes", to: "b" },
    repnodes: { kind: "repnodes", to: "b", nodes: ["a", "b"], removed: [] },
    starting: { kind: "starting" },
    resource: { kind: "resource", hold: "foreign", full: false, stable: null, info: "mach_down", pings: 2 },
    "ping-count": { kind: "ping-count", to: "b", count: 12 },
    "give-up": { kind: "give-up", to: "b", really: true },
    standby: { kind: "standby", hold: "all", step: "me" },
    takeover: { kind: "takeover", hold: "local" },
    "ip-request": { kind: "ip-request", group: "IPaddr::10.9.0.100/24/eth0" },
    "ip-response": { kind: "ip-response", to: "b", group: "10.9.0.100", owned: false },
    shutdone: { kind: "shutdone" },
    "ask-claims": { kind: "ask-claims", id: 47, about: [{ vrid: 51, family: 4 }] },
    "ipfail-joined": { kind: "ipfail-joined" },
    life: { kind: "life", to: "b", generation: 0x6b00c2ce },
    arrangement: {
      kind: "arrangement",
      arrangement: { failback: "legacy", pings: 2, count: 0, sum: 7, groups: [] },
    },
    claims: { kind: "claims", to: "b", answers: 47, claims: [CLAIM, { ...CLAIM, address: null }] },
  };
  test.each(Object.values(samples))("comes back: $kind", (content) => {
    expect(decodeContent(encodeContent(content))).toEqual(content);
  });

  test("writes numbers as the daemon reads them: decimal in a request, hexadecimal elsewhere", () => {
    const values = (content: Known): string =>
      encodeContent(content)
        .map(({ value }) => value)
        .join(" ");
    expect(values(samples.rexmit)).toBe("NS_rexmit b 36 40");
    expect(values(samples.nak)).toBe("NS_nak_rexmit 1a b seqno too low");
    expect(values(samples.ack)).toBe("NS_ackmsg b 1a");
    expect(values(samples.status)).toBe("status active 1b58 1");
    expect(values(samples.repnodes)).toBe("b repnodes a b   ");
  });

  test("of a type that we do not know is let pass", () => {
    expect(decodeContent(message("t=bigmsg x=1"))).toEqual({ kind: "other" });
    expect(decodeContent(message("x=1"))).toEqual({ kind: "other" });
  });

  test.each([
    ...[
      "t=status",
      "t=status st=up",
      "t=status st=join dt=1",
      "t=status st=up dt=0",
      "t=status st=up dt=ffffffff",
    ],
    ...[
      "t=NS_ackmsg dest=b",
      "t=NS_ackmsg ackseq=1",
      "t=NS_rexmit dest=b firstseq=1",
      "t=NS_rexmit dest=b firstseq=a lastseq=b",
    ],
    ...[
      "t=NS_rexmit dest=b firstseq=2 lastseq=1",
      "t=NS_nak_rexmit dest=b",
      "t=reqnodes",
      "t=repnodes dest=b",
    ],
    ...[
      "t=resource",
      "t=resource rsc_hold=mine",
      "t=ask_resources rsc_hold=all",
      "t=hb_takeover",
      "t=ip-request",
    ],
    ...["t=num_ping_nodes dest=b", "t=num_ping_nodes num_ping=1", "t=you_are_dead", "t=abort_giveup"],
    ...["t=ip-request-resp ipaddr=x", "t=repnodes nodelist=a"],
    ...["t=haagent-ask ask=1", "t=haagent-ask ask=0 vrrp=51.4", "t=haagent-ask vrrp=51.4"],
    ...["t=haagent-claim dest=b", "t=haagent-claim ask=1 vrrp=", "t=haagent-ask ask=1 vrrp=51.5"],
  ])("is none in %j", (text) => expect(decodeContent(message(text))).toBe(null));
});
