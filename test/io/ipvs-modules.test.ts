/** Which modules of IPVS a kernel has, from the directory of its modules. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ipvsFact } from "../../src/io/ipvs-modules.ts";
import { temporaryDirectory } from "./edge.ts";

/** What is said of a directory with these files. */
function found(files: Readonly<Record<string, string>>): string[] | null {
  using directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const { modules } = ipvsFact(directory.path);
  return modules === null ? null : [...modules].toSorted();
}

const IPVS = "kernel/net/netfilter/ipvs";

describe("the modules of a kernel", () => {
  test("are those of its lists", () => {
    expect(
      found({
        "modules.dep": `${IPVS}/ip_vs_rr.ko.xz: ${IPVS}/ip_vs.ko.xz\n${IPVS}/ip_vs.ko.xz: kernel/lib/libcrc32c.ko.xz\n`,
        "modules.builtin": `${IPVS}/ip_vs_wlc.ko\n`,
      }),
    ).toEqual(["ip_vs", "ip_vs_rr", "ip_vs_wlc"]);
    expect(found({ "modules.dep": "kernel/drivers/net/tun.ko:\n" })).toEqual([]);
    // A list counts, whatever lies beside it.
    expect(found({ "modules.dep": "", "ip_vs.ko": "" })).toEqual([]);
  });

  test("are the files that lie side by side where there is no list, as on OpenWrt", () => {
    const names = ["ip_vs.ko", "ip_vs_rr.ko.xz", "ip_vs_wlc.ko.gz", "ip_vs_mh.ko.zst", "nf-conntrack.ko"];
    const files = Object.fromEntries(names.map((name) => [name, ""]));
    expect(found(files)).toEqual(["ip_vs", "ip_vs_mh", "ip_vs_rr", "ip_vs_wlc"]);
    expect(found({ "tun.ko": "" })).toEqual([]);
    expect(found({ "tun.ko": "", "modules.builtin": `${IPVS}/ip_vs.ko\n` })).toEqual(["ip_vs"]);
    // Left over by whoever was there.
    expect(found({ "tun.ko": "", "ip_vs.ko.old": "", "extra/ip_vs.ko": "" })).toEqual([]);
  });

  test("are not known where nothing tells", () => {
    expect(found({})).toBeNull();
    expect(found({ "modules.alias": "", "kernel/ip_vs.ko": "" })).toBeNull();
    expect(ipvsFact("/nonexistent").modules).toBeNull();
  });
});
