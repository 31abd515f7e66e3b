/** The addresses of /proc/net/ip_vs, as a kernel printed it. */
import { expect, test } from "bun:test";
import { directedAddresses, printedServices } from "../../src/wire/ipvs-proc.ts";

const PRINTED = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0A800C8:0050 wlc persistent 300 FFFFFF00
  -> C0A80001:0050      Route   1      0          0
UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr
  -> [2001:0db8:0000:0000:0000:0000:0000:0002]:0035      Route   1      0          0
FWM  00000007 sh
  -> C0A80002:0000      Masq    1      0          0
`;

test("services of each protocol and family give their address, marks and servers none", () => {
  expect([...directedAddresses(PRINTED.split("\n"))].map(String)).toEqual(["192.168.0.200", "2001:db8::1"]);
});

test("services have the names by which they are known", () => {
  expect(printedServices(PRINTED.split("\n")).map(({ name }) => name)).toEqual([
    "tcp 192.168.0.200 80",
    "udp 2001:db8::1 53",
    "fwmark 7",
  ]);
});

test("nothing is read into what is no service", () => {
  for (const text of [
    "",
    "TCP  C0A800C8",
    "TCP  [::zz]:0050 rr ",
    "\0".repeat(100),
    "XYZ  C0A800C8:0050 rr ",
  ])
    expect(directedAddresses(text.split("\n")).size).toBe(0);
});
