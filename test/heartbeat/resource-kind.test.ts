/** What resources of haresources are, and what is wrong with those that are built in. */
import { describe, expect, test } from "bun:test";
import { kindOf } from "../../src/heartbeat/resource-kind.ts";

function kind(text: string): unknown {
  const [script = "", ...args] = text.split("::");
  const found = kindOf({ script, args });
  return found.ok ? found.value : found.error;
}

describe("a resource", () => {
  test("of a name that is built in is that, and a script otherwise", () => {
    for (const text of ["IPaddr::10.0.0.9", "IPaddr2::10.0.0.9", "IPv6addr::fd00::9"])
      expect(kind(text)).toEqual({ kind: "address" });
    expect(kind("drbddisk::r0")).toEqual({ kind: "drbd", resource: "r0" });
    expect(kind("httpd")).toEqual({ kind: "script" });
    expect(kind("filesystem::a")).toEqual({ kind: "script" });
  });

  test("is a file system, by whatever mount takes", () => {
    const of = (device: string, directory: string, filesystem: string | null, options: string | null) => ({
      ...{ kind: "filesystem", device, directory, filesystem, options },
    });
    expect(kind("Filesystem::/dev/drbd0::/srv::ext4")).toEqual(of("/dev/drbd0", "/srv", "ext4", null));
    expect(kind("Filesystem::UUID=1-2::/srv//x/")).toEqual(of("UUID=1-2", "/srv/x", null, null));
    expect(kind("Filesystem::host:/export::/srv::nfs::ro,soft")).toEqual(
      of("host:/export", "/srv", "nfs", "ro,soft"),
    );
  });

  test("is a file system that mount would misunderstand", () => {
    const form = "Filesystem::DEVICE::DIRECTORY::TYPE::OPTIONS";
    expect(kind("Filesystem::/dev/sda1")).toBe(`Filesystem needs more arguments: ${form}`);
    expect(kind("Filesystem::a::/b::c::d::e")).toBe(`Filesystem takes four arguments at most: ${form}`);
    expect(kind("Filesystem::--all::/b")).toBe(`"--all" is no argument of Filesystem: ${form}`);
    expect(kind("Filesystem::a::/b::-x")).toBe(`"-x" is no argument of Filesystem: ${form}`);
    for (const directory of ["srv", "/srv/../etc", "/./srv"])
      expect(kind(`Filesystem::a::${directory}`)).toBe(
        `Filesystem: "${directory}" is no whole path of a directory`,
      );
    expect(kind("Filesystem::a:://")).toBe("Filesystem: the root directory is always mounted");
  });

  test("is a mail to one or several", () => {
    expect(kind("MailTo::root,ops@example.org::Web")).toEqual({
      ...{ kind: "mail", to: ["root", "ops@example.org"], subject: "Web" },
    });
    expect(kind("MailTo::root")).toEqual({ kind: "mail", to: ["root"], subject: null });
    expect(kind("MailTo::,")).toBe("MailTo needs an address: MailTo::ADDRESS,ADDRESS::SUBJECT");
    expect(kind("MailTo::-oQ/tmp")).toBe('MailTo: "-oQ/tmp" is no mail address');
    expect(kind("MailTo::root::Wäb")).toBe("MailTo: a subject is plain ASCII");
  });

  test("is a delay of so many seconds, the same for a stop unless written", () => {
    const of = (start: number, stop: number, status: number): unknown => ({
      ...{ kind: "delay", start, stop, status },
    });
    expect(kind("Delay")).toEqual(of(10_000, 10_000, 0));
    expect(kind("delay::0.5")).toEqual(of(500, 500, 0));
    expect(kind("Delay::1::0::2")).toEqual(of(1000, 0, 2000));
    const form = "Delay::START::STOP::STATUS, in seconds";
    expect(kind("Delay::1s")).toBe(`Delay: "1s" is no time up to 3600: ${form}`);
    expect(kind("Delay::1::3601")).toBe(`Delay: "3601" is no time up to 3600: ${form}`);
    expect(kind("Delay::1::2::3::4")).toBe(`Delay takes three arguments at most: ${form}`);
  });

  test("is one DRBD resource", () => {
    expect(kind("drbddisk::--force")).toBe("drbddisk takes one resource: drbddisk::RESOURCE");
    expect(kind("drbddisk::a::b")).toBe("drbddisk takes one resource: drbddisk::RESOURCE");
  });
});
