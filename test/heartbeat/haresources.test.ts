/** haresources: what a line says, and what is said of a bad one. */
import { describe, expect, test } from "bun:test";
import {
  GROUPS_MAX,
  isShared,
  parseAddressArgument,
  parseResource,
  preferredNode,
  readHaresources,
} from "../../src/heartbeat/haresources.ts";

const NODES = ["ha1", "ha2"];

/** Each group in one line, arguments in parentheses. */
function groups(...lines: readonly string[]): string[] {
  const read = readHaresources(lines, NODES);
  if (!read.ok) throw new Error(read.error.map(({ text }) => text).join("; "));
  return read.value.map(
    ({ node, resources }) =>
      `${node}: ${resources.map(({ script, args }) => `${script}(${args.join(",")})`).join(" ")}`,
  );
}

function findings(...lines: readonly string[]): string[] {
  const read = readHaresources(lines, NODES);
  return read.ok ? [] : read.error.map(({ line, column, text }) => `${line}:${column} ${text}`);
}

describe("a line of haresources", () => {
  test("names the preferred node, then the resources with their arguments", () => {
    expect(
      groups("HA1 IPaddr::10.0.0.9/24/eth0 drbddisk::r0 Filesystem::/dev/drbd0::/srv::ext4 mysqld"),
    ).toEqual(["ha1: IPaddr(10.0.0.9/24/eth0) drbddisk(r0) Filesystem(/dev/drbd0,/srv,ext4) mysqld()"]);
  });

  test("takes a bare address for one to be added", () => {
    expect(groups("ha1 10.0.0.9", "ha2 10.0.0.10/24/eth0 2001:db8::9/64/eth0")).toEqual([
      "ha1: IPaddr(10.0.0.9)",
      "ha2: IPaddr(10.0.0.10/24/eth0) IPv6addr(2001:db8::9/64/eth0)",
    ]);
  });

  test("goes on behind a backslash, ends at a hash, and may be empty", () => {
    expect(groups("# all", "", "ha1 a \\", "  b # and", "ha2   c\td")).toEqual([
      "ha1: a() b()",
      "ha2: c() d()",
    ]);
  });

  test("is the same with its line feeds in it, and keeps its places", () => {
    const one = "ha1 a # first\n\t b \\ \n c \\\r\n  d # and last";
    expect(groups(one)).toEqual(groups("ha1 a b c d"));
    expect(readHaresources([`${one}\n e:f`], NODES)).toMatchObject({
      ok: false,
      error: [{ line: 1, column: one.length + 3 }],
    });
  });

  test("has no empty arguments, as heartbeat has none", () => {
    expect(groups("ha1 script::::two")).toEqual(["ha1: script(two)"]);
  });

  test("is known by its first resource, as it is written", () => {
    const read = readHaresources(["ha1 10.0.0.9 b"], NODES);
    expect(read.ok && read.value[0]?.key).toBe("10.0.0.9");
  });

  test("shares data when two nodes could write to one disk", () => {
    const read = readHaresources(
      ["ha1 a Filesystem::/dev/sdb1::/srv::ext4", "ha1 b drbddisk::r0", "ha2 c"],
      NODES,
    );
    expect(read.ok && read.value.map(isShared)).toEqual([true, true, false]);
  });
});

describe("a bad line of haresources", () => {
  test("is told with its place and what helps", () => {
    expect(
      findings("ha1 a", "  ha3 b", "ha2", "ha2 a", "ha2 c ../d IPaddr::10.0.0.9/33 Filesystem::x"),
    ).toEqual([
      '2:3 "ha3" is none of the nodes: a group begins with ha1 or ha2',
      "3:1 the group has no resources: name them behind ha2",
      "4:5 a group with a as its first resource is there already: put another one first",
      '5:7 "../d" is no name of a script: write NAME::ARGUMENT, its directory is in resource_dirs',
      '5:12 IPaddr needs an address: "33" is no prefix of 10.0.0.9; write IPaddr::10.0.0.9/24/eth0',
      "5:32 Filesystem needs more arguments: Filesystem::DEVICE::DIRECTORY::TYPE::OPTIONS",
    ]);
  });

  test("of an address family that the script is not for says which one is", () => {
    expect(findings("ha1 IPaddr::2001:db8::9", "ha1 IPv6addr::10.0.0.9")).toEqual([
      "1:5 IPaddr is for IPv4: write IPv6addr::2001:db8::9",
      "2:5 IPv6addr is for IPv6: write IPaddr::10.0.0.9",
    ]);
  });

  test("looks like an address, and is not taken for a script", () => {
    expect(parseResource("10.0.0.256").ok).toBe(false);
    expect(parseResource("10.0.0.9x").ok).toBe(false);
  });

  test("is told of when there are too many, or it is too long", () => {
    expect(findings(...Array.from({ length: GROUPS_MAX + 1 }, (_, at) => `ha1 s${at}`))).toHaveLength(1);
    expect(findings(`ha1 ${Array.from({ length: 51 }, (_, at) => `s${at}`).join(" ")}`)).toHaveLength(1);
    expect(parseResource(`s::${"x".repeat(400)}`).ok).toBe(false);
  });
});

describe("an address of haresources", () => {
  const parsed = (text: string): unknown => {
    const result = parseAddressArgument(text);
    return result.ok ? Object.values(result.value) : result.error;
  };

  test("has prefix, interface and broadcast address, each of them if given", () => {
    expect(parsed("10.0.0.9")).toEqual(["10.0.0.9", null, null, null]);
    expect(parsed("10.0.0.9/24")).toEqual(["10.0.0.9", 24, null, null]);
    expect(parsed("10.0.0.9/255.255.255.0/eth0")).toEqual(["10.0.0.9", 24, "eth0", null]);
    expect(parsed("10.0.0.9/24/eth0/10.0.0.255")).toEqual(["10.0.0.9", 24, "eth0", "10.0.0.255"]);
    expect(parsed("10.0.0.9/24/10.0.0.255")).toEqual(["10.0.0.9", 24, null, "10.0.0.255"]);
    expect(parsed("2001:db8::9/64/eth0")).toEqual(["2001:db8::9", 64, "eth0", null]);
  });

  test("is none with anything else", () => {
    const bad = ["", "x", "10.0.0.9/33", "10.0.0.9/255.0.255.0", "10.0.0.9/24/", "10.0.0.9/24/eth0/x"];
    const worse = [
      "10.0.0.9/24/10.0.0.255/eth0",
      "10.0.0.9/24/eth0/10.0.0.255/x",
      "10.0.0.9/24/a234567890123456",
    ];
    for (const text of [...bad, ...worse])
      expect([text, parseAddressArgument(text).ok]).toEqual([text, false]);
  });
});

describe("the node that most groups prefer", () => {
  test.each([
    ["has more of them", ["ha1 one", "ha2 two", "ha2 three"], "ha2"],
    ["of as many has the first one", ["ha2 one", "ha1 two"], "ha2"],
    ["is nobody where there are none", [], null],
  ])("%s", (_, lines, expected) => {
    const read = readHaresources(lines, NODES);
    expect(read.ok ? preferredNode(read.value) : "").toBe(expected);
  });
});
