/** Requests for the virtual server table, byte for byte as ipvsadm 1.31 sends them, and what cannot be said. */
import { describe, expect, test } from "bun:test";
import { seconds } from "../../src/base/units.ts";
import { encodeFamilyLook } from "../../src/wire/genetlink.ts";
import type { Change, Destination, Service, ServiceId } from "../../src/wire/ipvs.ts";
import { maskOf, prefixOf } from "../../src/wire/ipvs.ts";
import * as netlink from "../../src/wire/ipvs-netlink.ts";
import * as sockopt from "../../src/wire/ipvs-sockopt.ts";
import { ip, server, service, WEB } from "../ipvs/values.ts";
import { hex } from "./hex.ts";

const FAMILY = 0x1c;
const MARK: ServiceId = { kind: "fwmark", mark: 7, family: 4 };
const WEB6: ServiceId = { kind: "address", protocol: "tcp", address: ip("2001:db8::1"), port: 80 };
const PERSISTENT: Service = service({ persistence: { timeout: seconds(300), prefix: 24 } });
const TIMEOUTS = { tcp: seconds(900), tcpFin: seconds(120), udp: seconds(300) };
const LIMITED: Destination = server(2, 5, { upper: 20, lower: 10 });

/** A change as hexadecimal by socket option: its number, and its bytes. */
const option = (change: Change): { name: number; bytes: string } | null => {
  const encoded = sockopt.encodeChange(change);
  return encoded === null ? null : { name: encoded.name, bytes: encoded.bytes.toHex() };
};
/** The same by netlink, with sequence and port 0. */
const message = (change: Change): Uint8Array => netlink.encodeChange(FAMILY, change, 0);
const recorded = (text: string): Uint8Array => hex(text.replace("s p", "00000000 00000000"));

describe("a socket option", () => {
  test("ipvsadm -A -t 10.0.0.1:80 -s wlc -p 300 -M 255.255.255.0", () => {
    expect(option({ kind: "add-service", service: PERSISTENT })).toEqual({
      name: 1154,
      bytes: "060000000a0000010050000000000000776c6300000000000000000000000000010000002c010000ffffff00",
    });
  });

  test("ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 5 -x 20 -y 10", () => {
    expect(option({ kind: "add-destination", id: WEB, destination: LIMITED })).toEqual({
      name: 1159,
      bytes:
        "060000000a0000010050000000000000000000000000000000000000000000000000000000000000ffffffff0a000002005000000300000005000000140000000a000000",
    });
  });

  test("ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.2:80 -i -w 0", () => {
    const destination = server(2, 0, { forward: "tun" });
    expect(option({ kind: "edit-destination", id: WEB, destination })).toEqual({
      name: 1161,
      bytes:
        "060000000a0000010050000000000000000000000000000000000000000000000000000000000000ffffffff0a0000020050000002000000000000000000000000000000",
    });
  });

  test("ipvsadm -d -f 7 -r 10.0.0.2", () => {
    const change: Change = { kind: "delete-destination", id: MARK, address: ip("10.0.0.2"), port: 0 };
    expect(option(change)).toEqual({
      name: 1160,
      bytes:
        "06000000000000000000000007000000000000000000000000000000000000000000000000000000ffffffff0a0000020000000003000000010000000000000000000000",
    });
  });

  test("ipvsadm --set 900 120 300, and reading it", () => {
    const bytes = sockopt.encodeTimeouts(TIMEOUTS);
    expect(bytes).toEqual(hex("84030000780000002c010000"));
    expect(sockopt.decodeTimeouts(bytes)).toEqual(TIMEOUTS);
  });

  test("says nothing of IPv6, of an engine, of a tunnel that is not IP in IP", () => {
    const gue = server(2, 1, { forward: "tun", tunnel: { type: "gue", port: 6080, flags: 0 } });
    const six = server(2, 1, { address: ip("2001:db8::2") });
    const changes: Change[] = [
      { kind: "add-service", service: service({ id: WEB6 }) },
      { kind: "edit-service", service: service({ engine: "sip" }) },
      { kind: "delete-service", id: WEB6 },
      { kind: "add-destination", id: WEB, destination: gue },
      { kind: "add-destination", id: WEB, destination: six },
      { kind: "delete-destination", id: WEB6, address: ip("2001:db8::2"), port: 80 },
    ];
    expect(changes.map(option)).toEqual(changes.map(() => null));
  });
});

describe("a netlink request", () => {
  test("for the number of the family", () => {
    expect(encodeFamilyLook("IPVS", 0)).toEqual(
      recorded("20000000 1000 0500 s p 03 01 0000 0900 0200 49505653 00 000000"),
    );
  });

  test("ipvsadm -A -t 10.0.0.1:80 -s wlc -p 300 -M 255.255.255.0", () => {
    expect(message({ kind: "add-service", service: PERSISTENT })).toEqual(
      recorded(
        "68000000 1c000500 s p 01010000 54000180 0600010002000000 0600020006000000 140003000a000001000000000000000000000000 0600040000500000 08000600776c6300 0c00070001000000ffffffff 080008002c010000 08000900ffffff00",
      ),
    );
  });

  test("ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 5 -x 20 -y 10", () => {
    expect(message({ kind: "add-destination", id: WEB, destination: LIMITED })).toEqual(
      recorded(
        "c8000000 1c000500 s p 05010000 54000180 0600010002000000 0600020006000000 140003000a000001000000000000000000000000 0600040000500000 0500060000000000 0c00070000000000ffffffff 0800080000000000 08000900ffffffff 60000280 06000b0002000000 140001000a000002000000000000000000000000 0600020000500000 0800030003000000 0800040005000000 05000d0000000000 06000e0000000000 06000f0000000000 0800050014000000 080006000a000000",
      ),
    );
  });

  test("ipvsadm -A -t [2001:db8::1]:80 -s rr", () => {
    expect(message({ kind: "add-service", service: service({ id: WEB6, scheduler: "rr" }) })).toEqual(
      recorded(
        "68000000 1c000500 s p 01010000 54000180 060001000a000000 0600020006000000 1400030020010db8000000000000000000000001 0600040000500000 0700060072720000 0c00070000000000ffffffff 0800080000000000 0800090080000000",
      ),
    );
  });

  test("ipvsadm -a … -r [2001:db8::2]:80 -i --tun-type gue --tun-port 6080 -w 3", () => {
    const destination = server(2, 3, {
      address: ip("2001:db8::2"),
      forward: "tun",
      tunnel: { type: "gue", port: 6080, flags: 0 },
    });
    const nest = hex(
      "60000280 06000b000a000000 1400010020010db8000000000000000000000002 0600020000500000 0800030002000000 0800040003000000 05000d0001000000 06000e0017c00000 06000f0000000000 0800050000000000 0800060000000000",
    );
    const bytes = message({ kind: "add-destination", id: WEB6, destination });
    expect(bytes.slice(-nest.length).toHex()).toBe(nest.toHex());
  });

  test("ipvsadm -A -f 7 -s rr -o", () => {
    const one = service({ id: MARK, scheduler: "rr", onePacket: true });
    expect(message({ kind: "add-service", service: one })).toEqual(
      recorded(
        "4c000000 1c000500 s p 01010000 38000180 0600010002000000 0800050007000000 0700060072720000 0c00070004000000ffffffff 0800080000000000 08000900ffffffff",
      ),
    );
  });

  test("ipvsadm --set 900 120 300", () => {
    expect(netlink.encodeTimeouts(FAMILY, TIMEOUTS, 0)).toEqual(
      recorded("2c000000 1c000500 s p 0c010000 0800040084030000 0800050078000000 080006002c010000"),
    );
  });

  test("ipvsadm -Ln, its services", () => {
    expect(netlink.encodeServiceDump(FAMILY, 0)).toEqual(recorded("14000000 1c00 0503 s p 04010000"));
  });
});

describe("an IPv4 mask", () => {
  test("is a prefix and back, or none", () => {
    for (let prefix = 0; prefix <= 32; prefix++) expect(prefixOf(maskOf(prefix))).toBe(prefix);
    expect(maskOf(24)).toBe(0xffff_ff00);
    expect([0xff00_ff00, 1, 0x7fff_ffff].map(prefixOf)).toEqual([null, null, null]);
  });

  test("of others that is no prefix is read as none", () => {
    const bytes = sockopt.servicesBuffer(1);
    const encoded = sockopt.encodeChange({ kind: "add-service", service: PERSISTENT });
    bytes.set(encoded?.bytes ?? [], 8);
    bytes.set([255, 0, 255, 0], 8 + 40);
    const [told] = sockopt.decodeServices(bytes);
    expect(told?.service).toEqual(service({ persistence: { timeout: seconds(300), prefix: null } }));
  });
});
