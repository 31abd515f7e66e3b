/** rtnetlink messages by hand: what real kernels say is in test/io and test/golden, what they seldom say is here. */
import { describe, expect, test } from "bun:test";
import type { AddressChange, AddressKey } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import { parseIp } from "../../src/base/address.ts";
import { seconds } from "../../src/base/units.ts";
import {
  decodeMessages,
  encodeAddressChange,
  encodeAddressDump,
  encodeLinkDump,
} from "../../src/wire/rtnetlink.ts";
import { hex } from "./hex.ts";

function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** Little-endian hexadecimal of a number of so many bytes. */
const le = (value: number, bytes: number): string =>
  Array.from({ length: bytes }, (_, at) =>
    (Math.floor(value / 256 ** at) % 256).toString(16).padStart(2, "0"),
  ).join("");

/** A message of that type; `body` in hexadecimal. */
function message(type: number, body: string, flags = 0, sequence = 0): Uint8Array {
  const length = 16 + body.replaceAll(/\s/g, "").length / 2;
  return hex(`${le(length, 4)} ${le(type, 2)} ${le(flags, 2)} ${le(sequence, 4)} 00000000 ${body}`);
}

const NEWLINK = 16;
const DELLINK = 17;
const NEWADDR = 20;
const DELADDR = 21;

/** ifinfomsg of an Ethernet interface 3 that is up and running. */
const link = (family = "00", flags = 0x11043): string => `${family}00 0100 03000000 ${le(flags, 4)} 00000000`;
const NAME = "0900 0300 6574683100 000000";
const MTU = "0800 0400 dc050000";
const MAC = "0a00 0100 020000006601 0000";

describe("a link message", () => {
  const told = (body: string): unknown => decodeMessages(message(NEWLINK, body));

  test("tells name, address, size and state", () => {
    expect(told(`${link()} ${NAME} ${MTU} ${MAC}`)).toEqual([
      {
        kind: "link",
        link: {
          index: 3,
          name: "eth1",
          ethernet: true,
          mac: "02:00:00:00:66:01",
          mtu: 1500,
          up: true,
          carrier: true,
          forwarding6: false,
        },
      },
    ]);
  });

  test("has no carrier when neither flag nor operational state says so", () => {
    const lowerLayerDown = "0500 1000 03 000000";
    expect(told(`${link("00", 0x1003)} ${NAME} ${MTU} ${MAC} ${lowerLayerDown}`)).toMatchObject([
      { link: { up: true, carrier: false } },
    ]);
    const unknown = "0500 1000 00 000000";
    expect(told(`${link("00", 0x1003)} ${NAME} ${MTU} ${MAC} ${unknown}`)).toMatchObject([
      { link: { up: true, carrier: true } },
    ]);
  });

  test("is of no Ethernet where the address has another length", () => {
    const infiniband = `1800 0100 ${"00".repeat(20)}`;
    expect(told(`${link()} ${NAME} ${MTU} ${infiniband}`)).toMatchObject([
      { link: { ethernet: false, mac: null } },
    ]);
  });

  test("finds IPv6 forwarding three attributes deep", () => {
    const settings = "0c00 0200 01000000 40000000";
    const inet6 = `1000 0a00 ${settings}`;
    expect(told(`${link()} ${NAME} ${MTU} ${MAC} 1400 1a80 ${inet6}`)).toMatchObject([
      { link: { forwarding6: true } },
    ]);
  });

  test("of a bridge about its port is left out, even when the port leaves", () => {
    expect(told(`${link("07")} ${NAME} ${MTU} ${MAC}`)).toEqual([]);
    expect(decodeMessages(message(DELLINK, `${link("07")} ${NAME}`))).toEqual([]);
    expect(decodeMessages(message(DELLINK, link()))).toEqual([{ kind: "link-gone", index: 3 }]);
  });

  test("of a wireless event is left out", () => {
    expect(told(`${link()} ${NAME} ${MTU} 0800 0b00 00000000`)).toEqual([]);
    expect(told(`${link()} ${NAME} 0800 0b00 00000000`)).toEqual([]);
  });
});

describe("an address message", () => {
  const told = (body: string, type = NEWADDR): unknown => decodeMessages(message(type, body));

  test("of a point-to-point link tells our end, not the peer's", () => {
    const peer = "0800 0100 0a000002";
    const local = "0800 0200 0a000001";
    expect(told(`02 20 80 00 03000000 ${peer} ${local}`)).toMatchObject([
      { address: { address: "10.0.0.1", prefix: 32 } },
    ]);
  });

  test("tells label, flags and lifetime", () => {
    const address = "0800 0100 0a000001 0800 0200 0a000001";
    const alias = "0b00 0300 657468313a3100 00";
    const flags = "0800 0800 01000000";
    const life = "1400 0600 1e000000 3c000000 00000000 00000000";
    expect(told(`02 18 00 00 03000000 ${address} ${alias} ${flags} ${life}`)).toEqual([
      {
        kind: "address",
        address: {
          index: 3,
          address: ip("10.0.0.1"),
          prefix: 24,
          label: "eth1:1",
          secondary: true,
          tentative: false,
          validLifetime: seconds(60),
        },
      },
    ]);
  });

  test("of IPv6 is tentative while it is being looked for, or was found elsewhere", () => {
    const address = `1400 0100 fe80${"00".repeat(13)}01`;
    const with32 = (flags: number): unknown =>
      told(`0a 40 00 fd 03000000 ${address} 0800 0800 ${le(flags, 4)}`);
    expect(with32(0x40)).toMatchObject([{ address: { address: "fe80::1", tentative: true } }]);
    expect(with32(0x08)).toMatchObject([{ address: { tentative: true } }]);
    expect(with32(0x80)).toMatchObject([{ address: { tentative: false } }]);
    // Bit 0 of an IPv6 address means "temporary".
    expect(with32(0x01)).toMatchObject([{ address: { secondary: false } }]);
  });

  test("of removal tells what names the address", () => {
    expect(told("02 18 00 00 03000000 0800 0200 0a000001", DELADDR)).toEqual([
      { kind: "address-gone", key: { index: 3, address: ip("10.0.0.1"), prefix: 24 } },
    ]);
  });

  test("without an address, or of another family, is left out", () => {
    expect(told("02 18 00 00 03000000")).toEqual([]);
    expect(told("02 18 00 00 03000000 0600 0200 0a00 0000")).toEqual([]);
    expect(told("07 18 00 00 03000000 0800 0200 0a000001")).toEqual([]);
  });
});

describe("a datagram", () => {
  test("may hold several messages, and answers among them", () => {
    const all = [
      message(DELLINK, link()),
      message(2, le(2 ** 32 - 17, 4), 0, 7),
      message(3, "00000000", 2, 8),
    ];
    expect(decodeMessages(Buffer.concat(all))).toEqual([
      { kind: "link-gone", index: 3 },
      { kind: "answer", sequence: 7, errno: 17 },
      { kind: "done", sequence: 8, errno: 0 },
    ]);
  });

  test("that ends too early or lies about its length is incomplete", () => {
    const whole = message(DELLINK, link());
    expect(decodeMessages(whole.subarray(0, 20))).toEqual([{ kind: "incomplete" }]);
    expect(decodeMessages(whole.subarray(0, 3))).toEqual([{ kind: "incomplete" }]);
    expect(decodeMessages(new Uint8Array(32))).toEqual([{ kind: "incomplete" }]);
    const huge = whole.slice();
    huge.fill(0xff, 0, 4);
    expect(decodeMessages(huge)).toEqual([{ kind: "incomplete" }]);
  });

  test("of a dump that changed under way, or of an overrun, says that something is missing", () => {
    expect(decodeMessages(message(DELLINK, link(), 0x10))).toEqual([
      { kind: "incomplete" },
      { kind: "link-gone", index: 3 },
    ]);
    expect(decodeMessages(message(4, ""))).toEqual([{ kind: "incomplete" }]);
  });

  test("of attributes that lie about their length gives those before them", () => {
    expect(decodeMessages(message(NEWLINK, `${link()} ${NAME} ${MTU} ffff 0100 02000000`))).toMatchObject([
      { link: { name: "eth1", mac: null } },
    ]);
    expect(decodeMessages(message(NEWLINK, `${link()} ${NAME} ${MTU} 0000 0100`))).toMatchObject([
      { link: { name: "eth1" } },
    ]);
  });
});

describe("a request", () => {
  const key4: AddressKey = { index: 3, address: ip("10.0.0.1"), prefix: 24 };
  const key6: AddressKey = { index: 3, address: ip("fd00::1"), prefix: 128 };
  const add = (key: AddressKey, label: string | null, lifetime: number | null): AddressChange => ({
    op: "add",
    key,
    label,
    lifetime: lifetime === null ? null : seconds(lifetime),
    method: "netlink",
    metric: null,
  });
  const LOCAL4 = "0800 0200 0a000001 0800 0100 0a000001";
  const LOCAL6 = `1400 0200 fd00${"00".repeat(13)}01 1400 0100 fd00${"00".repeat(13)}01`;

  test("to add says so exclusively, with lifetimes and label", () => {
    // REQUEST | ACK | EXCL | CREATE
    expect(encodeAddressChange(add(key4, "eth1:1", 2), 9)).toEqual(
      message(
        NEWADDR,
        `02 18 00 00 03000000 ${LOCAL4} 1400 0600 02000000 02000000 00000000 00000000 0b00 0300 657468313a3100 00 0800 0400 0a0000ff`,
        0x605,
        9,
      ),
    );
  });

  test("to add with a label names the broadcast address of the subnet, where it has one", () => {
    const ending = (prefix: number): string =>
      encodeAddressChange(add({ ...key4, address: ip("172.16.5.1"), prefix }, "eth1:1", 2), 9)
        .slice(-8)
        .toHex();
    expect(ending(12)).toBe("08000400ac1fffff");
    expect(ending(22)).toBe("08000400ac1007ff");
    expect(ending(30)).toBe("08000400ac100503");
    expect(ending(31)).not.toStartWith("08000400");
    expect(ending(32)).not.toStartWith("08000400");
  });

  test("to add for ever says infinity", () => {
    expect(encodeAddressChange(add(key4, null, null), 9)).toEqual(
      message(
        NEWADDR,
        `02 18 00 00 03000000 ${LOCAL4} 1400 0600 ffffffff ffffffff 00000000 00000000`,
        0x605,
        9,
      ),
    );
  });

  test("to add an IPv6 host address asks for no detection and is never preferred", () => {
    expect(encodeAddressChange(add(key6, null, 2), 9)).toEqual(
      message(
        NEWADDR,
        `0a 80 00 00 03000000 ${LOCAL6} 1400 0600 00000000 02000000 00000000 00000000 0800 0800 02000000`,
        0x605,
        9,
      ),
    );
  });

  test("to refresh replaces and creates nothing new by its flags", () => {
    const refresh: AddressChange = {
      op: "refresh",
      key: key4,
      label: null,
      lifetime: seconds(2),
      method: "netlink",
      metric: null,
    };
    expect(encodeAddressChange(refresh, 9)).toEqual(
      message(
        NEWADDR,
        `02 18 00 00 03000000 ${LOCAL4} 1400 0600 02000000 02000000 00000000 00000000`,
        0x105,
        9,
      ),
    );
  });

  test("to delete names the address with its prefix", () => {
    expect(encodeAddressChange({ op: "delete", key: key4 }, 9)).toEqual(
      message(DELADDR, `02 18 00 00 03000000 ${LOCAL4}`, 0x05, 9),
    );
  });

  test("for a dump asks for everything", () => {
    expect(encodeLinkDump(1)).toEqual(message(18, `${"00".repeat(16)} 0800 1d00 08000000`, 0x301, 1));
    expect(encodeAddressDump(2)).toEqual(message(22, "00".repeat(8), 0x301, 2));
  });

  test("for a prefix longer than the address is a bug", () => {
    const wrong: AddressChange = { op: "delete", key: { ...key4, prefix: 33 } };
    expect(() => encodeAddressChange(wrong, 1)).toThrow("prefix length");
  });
});
