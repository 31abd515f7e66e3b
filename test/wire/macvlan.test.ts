/** Requests for macvlans as Linux 6.18 took them, and what it answered. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Mac } from "../../src/base/address.ts";
import type { Device } from "../../src/wire/macvlan.ts";
import {
  decodeDevices,
  encodeCreation,
  encodeDeviceDump,
  encodeGroupRemoval,
  encodeLook,
  encodeRemoval,
  encodeUp,
} from "../../src/wire/macvlan.ts";
import { hex } from "./hex.ts";

const MACVLAN = {
  name: "vrrp.51.eth1",
  base: 3,
  mac: "00:00:5e:00:01:33" as Mac,
  group: 0x4001_0203,
};

/** A whole datagram with one RTM_NEWLINK for interface 2; `attributes` in hexadecimal. */
function told(attributes: string, flags = "02100000"): Uint8Array {
  const body = `00000100 02000000 ${flags} 00000000 ${attributes}`.replaceAll(/\s/g, "");
  const length = (16 + body.length / 2).toString(16).padStart(2, "0");
  return hex(`${length}000000 1000 0000 07000000 00000000 ${body}`);
}
const NAME = "1100 0300 767272702e35312e6574683100 000000";
const INFO =
  "3400 1200 0c00 0100 6d6163766c616e00 2400 0200 0800 0100 01000000 0600 0200 0000 0000 0800 0600 00000000 0800 0700 e8030000";

describe("a request", () => {
  test("to make one is what the kernel took", () => {
    expect(encodeCreation(MACVLAN, 1)).toEqual(
      hex(
        "6c000000 1000 0506 01000000 00000000 0000000000000000 0000000000000000" +
          "1100 0300 767272702e35312e6574683100 000000 0800 0500 03000000 0a00 0100 00005e000133 0000" +
          "0800 1b00 03020140 1c00 1200 0b00 0100 6d6163766c616e 00 0c00 0200 0800 0100 01000000",
      ),
    );
  });

  test("to look at one names it, and asks for no statistics", () => {
    expect(encodeLook("vrrp.51.eth1", 2)).toEqual(
      hex(
        "3c000000 1200 0100 02000000 00000000 0000000000000000 0000000000000000" +
          "1100 0300 767272702e35312e6574683100 000000 0800 1d00 08000000",
      ),
    );
  });

  test("to set one up or down changes IFF_UP alone", () => {
    expect(encodeUp(5, true, 9)).toEqual(
      hex("20000000 1000 0500 09000000 00000000 00000000 05000000 01000000 01000000"),
    );
    expect(encodeUp(5, false, 9)).toEqual(
      hex("20000000 1000 0500 09000000 00000000 00000000 05000000 00000000 01000000"),
    );
  });

  test("to remove one, or all of a group, or to list them", () => {
    expect(encodeRemoval(5, 9)).toEqual(
      hex("20000000 1100 0500 09000000 00000000 00000000 05000000 00000000 00000000"),
    );
    expect(encodeGroupRemoval(MACVLAN.group, 9)).toEqual(
      hex("28000000 1100 0500 09000000 00000000 00000000 00000000 00000000 00000000 0800 1b00 03020140"),
    );
    expect(encodeDeviceDump(9)).toEqual(
      hex("28000000 1200 0103 09000000 00000000 00000000 00000000 00000000 00000000 0800 1d00 08000000"),
    );
  });
});

describe("an answer", () => {
  test("tells a macvlan with its mode, address, group and base", () => {
    const device = `${NAME} 0800 0500 03000000 0800 1b00 03020140 0a00 0100 00005e000133 0000 ${INFO}`;
    const expected: Device = {
      index: 2,
      name: "vrrp.51.eth1",
      up: false,
      mac: MACVLAN.mac,
      base: 3,
      group: MACVLAN.group,
      kind: "macvlan",
      isPrivate: true,
    };
    expect(decodeDevices(told(device), 7)).toEqual({ devices: [expected], answer: null });
    expect(decodeDevices(told(device, "03100000"), 7).devices).toEqual([{ ...expected, up: true }]);
    expect(decodeDevices(told(device), 8)).toEqual({ devices: [], answer: null });
    const bridged = device.replace("0800 0100 01000000", "0800 0100 04000000");
    expect(decodeDevices(told(bridged), 7).devices).toEqual([{ ...expected, isPrivate: false }]);
  });

  test("tells what is no macvlan as well, and needs only a name", () => {
    expect(decodeDevices(told(NAME), 7).devices).toMatchObject([
      { mac: null, base: 0, group: 0, kind: "", isPrivate: false },
    ]);
    expect(decodeDevices(told(""), 7).devices).toEqual([]);
  });

  test("ends with an error number, or with the end of a dump", () => {
    const nodev = "24000000 0200 0001 04000000 186d0000 edffffff 34000000 1200 0100 04000000 00000000";
    expect(decodeDevices(hex(nodev), 4)).toEqual({ devices: [], answer: 19 });
    expect(decodeDevices(hex("14000000 0300 0200 04000000 00000000 00000000"), 4).answer).toBe(0);
  });

  test("that is cut short ends there", () => {
    const whole = told(NAME);
    for (let length = 0; length < whole.length; length++) {
      expect(decodeDevices(whole.subarray(0, length), 7).devices).toEqual([]);
    }
  });

  test("of a real host has its macvlan", () => {
    const lines = readFileSync(new URL("../golden/rtnetlink/links.hex", import.meta.url), "utf8");
    const all = lines
      .trim()
      .split("\n")
      .map(hex)
      .flatMap((bytes) => decodeDevices(bytes, new DataView(bytes.buffer).getUint32(8, true)).devices);
    expect(all.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["", "veth", "macvlan", "tun"]));
  });
});
