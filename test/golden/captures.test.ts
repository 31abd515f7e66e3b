/** keepalived's packets, read and written again to the byte. */
import { describe, expect, test } from "bun:test";
import { decodeArp, encodeArp, encodeGratuitousArp } from "../../src/wire/arp.ts";
import { decodeAh, encodeAh, isAuthentic, PROTOCOL_AH } from "../../src/wire/ah.ts";
import type { IpPacket } from "../../src/wire/ip.ts";
import { decodeIp, encodeIp } from "../../src/wire/ip.ts";
import { decodeNeighbourAdvertisement, encodeNeighbourAdvertisement } from "../../src/wire/ndp.ts";
import type { Advertisement } from "../../src/wire/vrrp.ts";
import { decodeAdvertisement, encodeAdvertisement, PROTOCOL_VRRP } from "../../src/wire/vrrp.ts";
import type { CaptureName } from "./captures.ts";
import { CAPTURES, packetsOf, readCapture } from "./captures.ts";
import { readPcap } from "./pcap.ts";

/** What README.md says is in each file: so no packet is passed over in silence. */
interface Contents {
  readonly adverts: number;
  /** From the first to the stop's. */
  readonly advert: {
    readonly version: 2 | 3;
    readonly priority: number;
    readonly interval: number;
    readonly addresses: readonly string[];
    readonly password: string;
    readonly destination: string;
  } | null;
  readonly gratuitousArp: number;
  readonly otherArp: number;
  readonly announcements: number;
}

const PLAIN = {
  version: 3,
  priority: 100,
  interval: 100,
  addresses: ["10.99.1.1"],
  password: "",
  destination: "224.0.0.18",
} as const;
const SIX = { ...PLAIN, addresses: ["fe80::99", "fd99::99"], destination: "ff02::12" } as const;
const ARP5 = { gratuitousArp: 5, otherArp: 0, announcements: 0 };

const contents: Record<CaptureName, Contents> = {
  "owner255-state-master": { adverts: 4, advert: { ...PLAIN, priority: 255 }, ...ARP5 },
  // Adverts in an Authentication Header (protocol 51, RFC 2402) are not decoded in this version.
  "v2-ah": { adverts: 0, advert: null, ...ARP5 },
  "v2-noauth-lifecycle": {
    adverts: 9,
    advert: { ...PLAIN, version: 2, interval: 1 },
    ...ARP5,
    gratuitousArp: 10,
  },
  "v2-pass": { adverts: 3, advert: { ...PLAIN, version: 2, interval: 1, password: "12345678" }, ...ARP5 },
  "v3-ipv4-3vips-0.1s": {
    adverts: 12,
    advert: { ...PLAIN, interval: 10, addresses: ["10.99.1.1", "10.99.1.2", "10.99.1.3"] },
    ...ARP5,
    gratuitousArp: 15,
  },
  "v3-ipv6": { adverts: 8, advert: SIX, gratuitousArp: 0, otherArp: 0, announcements: 20 },
  "v3-unicast": { adverts: 3, advert: { ...PLAIN, destination: "10.99.0.3" }, ...ARP5, otherArp: 3 },
  "v3-vmac4": { adverts: 4, advert: PLAIN, ...ARP5 },
  "v3-vmac6": { adverts: 4, advert: SIX, gratuitousArp: 0, otherArp: 0, announcements: 10 },
};

interface Captured {
  readonly bytes: Uint8Array;
  readonly packet: IpPacket;
}

/** Every IP packet of a capture; one that does not decode fails the test. */
function ipPackets(name: CaptureName): Captured[] {
  const { ip4, ip6 } = packetsOf(name);
  const decode = (family: 4 | 6, bytes: Uint8Array): Captured => {
    const decoded = decodeIp(family, bytes);
    if (!decoded.ok) throw new Error(`${bytes.toHex()}: ${JSON.stringify(decoded.error)}`);
    return { bytes, packet: decoded.value };
  };
  return [...ip4.map((bytes) => decode(4, bytes)), ...ip6.map((bytes) => decode(6, bytes))];
}

const adverts = (name: CaptureName): Captured[] =>
  ipPackets(name).filter(({ packet }) => packet.protocol === PROTOCOL_VRRP);

function decodeAdvert({ packet }: Captured): { advertisement: Advertisement; dialect: string | null } {
  const decoded = decodeAdvertisement(packet.payload, packet);
  if (!decoded.ok) throw new Error(`${packet.payload.toHex()}: ${JSON.stringify(decoded.error)}`);
  return decoded.value;
}

/** The IPv6 flow label is the kernel's choice and not ours to repeat. */
function withoutFlowLabel(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  if ((copy[0] ?? 0) >> 4 === 6) copy.set([(copy[1] ?? 0) & 0xf0, 0, 0], 1);
  return copy;
}

describe.each([...CAPTURES])("keepalived's capture %s", (name) => {
  const { advert, ...counts } = contents[name];

  test("has the adverts its configuration asks for, the last of priority 0", () => {
    const found = adverts(name);
    expect(found.length).toBe(counts.adverts);
    for (const [index, captured] of found.entries()) {
      const { advertisement, dialect } = decodeAdvert(captured);
      expect(captured.packet.hopLimit).toBe(255);
      expect<string>(captured.packet.destination).toBe(advert?.destination ?? "");
      expect(advertisement.version).toBe(advert?.version ?? 2);
      expect(advertisement.vrid).toBe(51);
      expect<number>(advertisement.priority).toBe(index === found.length - 1 ? 0 : (advert?.priority ?? 0));
      expect<number>(advertisement.interval).toBe(advert?.interval ?? 0);
      expect<readonly string[]>(advertisement.addresses).toEqual(advert?.addresses ?? []);
      expect(dialect).toBe(advertisement.version === 3 && captured.packet.family === 4 ? "rfc5798" : null);
      if (advertisement.version === 2) {
        const password = new TextDecoder().decode(advertisement.auth.data).replaceAll("\0", "");
        expect(password).toBe(advert?.password ?? "");
        expect(advertisement.auth.type).toBe(password === "" ? 0 : 1);
      }
    }
  });

  test("has adverts that we write to the byte, IP header and all", () => {
    for (const captured of adverts(name)) {
      const { packet } = captured;
      const payload = encodeAdvertisement(decodeAdvert(captured).advertisement, packet, "rfc5798");
      expect(payload).toEqual(packet.payload);
      const identification =
        packet.family === 4 ? ((captured.bytes[4] ?? 0) << 8) | (captured.bytes[5] ?? 0) : 0;
      expect(encodeIp({ ...packet, payload }, identification)).toEqual(withoutFlowLabel(captured.bytes));
    }
  });

  test("has no advert that survives the loss of a bit", () => {
    for (const { packet } of adverts(name)) {
      for (let bit = 0; bit < packet.payload.length * 8; bit++) {
        const payload = packet.payload.slice();
        payload[bit >> 3] = (payload[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
        const decoded = decodeAdvertisement(payload, packet);
        // Version and type, and the count of addresses, are looked at before the checksum.
        const early = bit >> 3 === 0 || bit >> 3 === 3;
        expect(decoded.ok ? "accepted" : decoded.error.kind).toMatch(
          early ? /^(version|type|length)$/ : /^checksum$/,
        );
      }
    }
  });

  test("has ARP messages that we write to the byte", () => {
    const found = { gratuitousArp: 0, otherArp: 0 };
    for (const bytes of packetsOf(name).arp) {
      const decoded = decodeArp(bytes);
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
      const { senderMac, senderIp, targetIp } = decoded.value;
      expect(encodeArp(decoded.value)).toEqual(bytes);
      if (senderIp === targetIp) {
        found.gratuitousArp++;
        expect(encodeGratuitousArp(senderMac, senderIp)).toEqual(bytes);
      } else {
        found.otherArp++;
      }
    }
    expect(found).toEqual({ gratuitousArp: counts.gratuitousArp, otherArp: counts.otherArp });
  });

  test("has neighbour advertisements that we write to the byte", () => {
    let found = 0;
    for (const { bytes, packet } of ipPackets(name)) {
      const decoded = decodeNeighbourAdvertisement(bytes);
      if (!decoded.ok) {
        // Multicast listener reports stand behind a hop-by-hop header; router solicitations are too short.
        expect(decoded.error.kind).toMatch(packet.family === 4 ? /^ip$/ : /^(protocol|truncated)$/);
        continue;
      }
      found++;
      const { mac, target, router } = decoded.value;
      if (mac === null) throw new Error("an announcement without a link-layer address");
      expect(packet.hopLimit).toBe(255);
      expect(encodeNeighbourAdvertisement(mac, target, router)).toEqual(bytes);
    }
    expect(found).toBe(counts.announcements);
  });
});

describe("adverts behind an authentication header", () => {
  const key = new TextEncoder().encode("1234\0\0\0\0");
  const sealed = ipPackets("v2-ah").filter(({ packet }) => packet.protocol === PROTOCOL_AH);

  test("are read and written to the byte, with the key they were made with", () => {
    const priorities = sealed.map(({ bytes, packet }, at) => {
      const header = decodeAh(packet);
      if (!header.ok) throw new Error(header.error.kind);
      expect(header.value).toMatchObject({ spi: "10.99.0.1", sequence: at + 1 });
      expect(isAuthentic(bytes, header.value, key)).toBe(true);
      expect(encodeAh(header.value.packet, header.value.sequence, key)).toEqual(bytes);
      const advert = decodeAdvertisement(header.value.packet.payload, packet);
      if (!advert.ok || advert.value.advertisement.version !== 2) throw new Error("no advert of version 2");
      const { advertisement } = advert.value;
      expect(advertisement).toMatchObject({ vrid: 51, interval: 1, addresses: ["10.99.1.1"] });
      expect(advertisement.auth).toEqual({ type: 2, data: new Uint8Array(8) });
      const again = encodeAdvertisement(advertisement, packet, "rfc5798");
      expect(again).toEqual(new Uint8Array(header.value.packet.payload));
      return advertisement.priority as number;
    });
    expect(priorities).toEqual([100, 100, 0]);
  });

  test("are protocol 51, which nobody else reads", () => {
    expect(ipPackets("v2-ah").map(({ packet }) => packet.protocol)).not.toContain(PROTOCOL_VRRP);
  });
});

describe("the reader of captures", () => {
  const file = (magic: string, record: string): Uint8Array =>
    Uint8Array.fromHex(`${magic}0002000400000000000000000000ffff00000001${record}`);
  const RECORD = "00000001000000020000000300000003abcdef";

  test("gives each frame's time and bytes", () => {
    const frames = readCapture("v2-noauth-lifecycle");
    expect(frames.length).toBe(29);
    const sent = frames.filter(
      ({ bytes }) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === PROTOCOL_VRRP,
    );
    expect(sent.length).toBe(9);
    expect((sent[1]?.at ?? 0) - (sent[0]?.at ?? 0)).toBeCloseTo(1.0018, 3);
  });

  test("reads microseconds in the other byte order too", () => {
    expect(readPcap(file("a1b2c3d4", RECORD))).toEqual([
      { at: 1 + 2e-6, bytes: Uint8Array.fromHex("abcdef") },
    ]);
  });

  test.each([
    ["another format", file("0a0d0d0a", RECORD)],
    ["a file cut within a frame", file("a1b2c3d4", RECORD.slice(2))],
    ["a file cut within a record's header", file("a1b2c3d4", "00000001")],
    ["a frame cut by the capture", file("a1b2c3d4", RECORD.replace("03abcdef", "04abcdef"))],
  ])("throws on %s", (_, bytes) => expect(() => readPcap(bytes)).toThrow());
});
