/** Where the address of a resource goes. */
import { describe, expect, test } from "bun:test";
import { Kernel } from "../../src/agent/kernel.ts";
import { placeOf } from "../../src/agent/resource/address.ts";
import type { Ip } from "../../src/base/address.ts";
import { parseAddressArgument } from "../../src/heartbeat/haresources.ts";

function kernel(): Kernel {
  const made = new Kernel();
  const about = { ethernet: true, mac: null, mtu: 1500, carrier: true, forwarding6: false };
  const of = { label: null, secondary: false, tentative: false, validLifetime: null };
  const put = (index: number, address: string, prefix: number): void =>
    made.putAddress({ ...of, index, address: address as Ip, prefix }); // canonical as written
  made.putLink({ ...about, index: 1, name: "lo", up: true });
  made.putLink({ ...about, index: 2, name: "eth0", up: true });
  made.putLink({ ...about, index: 3, name: "eth1", up: true });
  made.putLink({ ...about, index: 4, name: "eth2", up: false });
  put(1, "127.0.0.1", 8);
  put(2, "10.0.0.1", 8);
  put(2, "2001:db8::1", 64);
  put(2, "fe80::1", 64);
  put(3, "10.9.0.1", 16);
  put(3, "10.9.1.7", 32);
  put(3, "fe80::2", 64);
  return made;
}

function place(text: string, moved: readonly string[] = []): string {
  const argument = parseAddressArgument(text);
  if (!argument.ok) throw new Error(argument.error);
  const known = new Set(moved.map((each) => each as Ip)); // canonical as written
  const found = placeOf(kernel(), known, argument.value);
  if (!found.ok) return found.error;
  const { address, prefix, interface: name, broadcast } = found.value;
  return [`${address}/${prefix}`, name, broadcast ?? []].flat().join(" ");
}

describe("the address of a resource", () => {
  test("goes where it is written", () => {
    expect(place("10.9.0.9/24/eth0/10.9.0.127")).toBe("10.9.0.9/24 eth0 10.9.0.127");
    expect(place("2001:db8:7::9/64/eth1")).toBe("2001:db8:7::9/64 eth1");
  });

  test("goes to the smallest network that has it, with that network's prefix", () => {
    expect(place("10.9.0.9")).toBe("10.9.0.9/16 eth1");
    expect(place("10.8.0.9")).toBe("10.8.0.9/8 eth0");
    expect(place("10.8.0.9/32")).toBe("10.8.0.9/32 eth0");
    expect(place("10.9.0.9/255.255.255.0/eth1")).toBe("10.9.0.9/24 eth1");
    expect(place("2001:db8::9")).toBe("2001:db8::9/64 eth0");
    expect(place("fe80::9/64/eth1")).toBe("fe80::9/64 eth1");
  });

  test("is not where an address is that moves itself", () => {
    expect(place("10.9.1.7")).toBe("10.9.1.7/32 eth1");
    expect(place("10.9.1.7", ["10.9.1.7"])).toBe("10.9.1.7/16 eth1");
    expect(place("10.9.0.9", ["10.9.0.1"])).toBe("10.9.0.9/8 eth0");
  });

  test("has no place where nobody knows one, and says what to write", () => {
    expect(place("192.0.2.9")).toBe("no interface is in the network of 192.0.2.9: write 192.0.2.9/24/eth0");
    expect(place("fe80::9")).toBe("no interface is in the network of fe80::9: write fe80::9/64/eth0");
    expect(place("10.9.0.9/24/eth7")).toBe("there is no interface eth7");
    expect(place("10.9.0.9/24/eth2")).toBe("the interface eth2 is down");
  });
});
