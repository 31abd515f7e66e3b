/** Filesystem on real block devices: by device, by UUID, by the file of a loop device, over a crash. */
import { describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { Solo } from "../features/resource-solo.ts";
import { PATIENCE_MS, wires } from "../features/cluster-scene.ts";
import { run, until } from "../lab/process.ts";

const UUID = "0a1b2c3d-1111-2222-3333-444455556666";

/** The first free loop device with a file system of 16 MB; the guest forgets it. */
async function disk(solo: Solo, name: string, ...options: readonly string[]): Promise<string> {
  const image = solo.at(name);
  await run(["truncate", "--size=16M", image]);
  await run(["mkfs.ext4", "-q", ...options, image]);
  return (await run(["losetup", "--find", "--show", image])).trim();
}

describe("a file system on a disk", () => {
  test("is mounted by device, UUID and image, and unmounted clean", async () => {
    await using lab = await wires();
    const solo = new Solo(lab);
    await run(["modprobe", "loop"]);
    const device = await disk(solo, "one.img");
    await disk(solo, "two.img", "-U", UUID);
    await run(["truncate", "--size=16M", solo.at("three.img")]);
    await run(["mkfs.ext4", "-q", solo.at("three.img")]);
    const places = ["one", "two", "three"].map((name) => solo.at(name));
    await run(["mkdir", ...places]);
    const [one = "", two = "", three = ""] = places;
    solo.script(
      "init.d/spared",
      "sleep 0.2; [ $1 = start ] && cat /proc/self/oom_score_adj > $D/oom; exit 0",
    );
    solo.wrapper = ["choom", "-n", "-900", "--", ...solo.wrapper];
    await solo.groups([
      [
        "a",
        `Filesystem::${device}::${one}::ext4::noatime`,
        `Filesystem::UUID=${UUID}::${two}`,
        `Filesystem::${solo.at("three.img")}::${three}::ext4::loop`,
        "spared",
      ].join(" "),
    ]);
    await solo.start();
    await solo.says(["resource.state", "state=started"]);
    for (const place of places) {
      const { stdout } = await solo.inside("findmnt", "-no", "FSTYPE", place);
      expect(stdout).toBe("ext4\n");
      await solo.inside("touch", `${place}/mark`);
    }
    // What the service file gives the agent is not for what its scripts start.
    expect(solo.lines("oom")).toEqual(["0"]);
    // Its mounts are still there for a look from outside of it.
    const { pid } = await solo.status();
    const holder = solo.station.namespace.spawn([
      "nsenter",
      `--target=${pid}`,
      "--mount",
      "--",
      "sleep",
      "300",
    ]);
    const space = (of: number): string => readlinkSync(`/proc/${of}/ns/mnt`);
    await until("the holder holds them", PATIENCE_MS, () => space(holder.pid) === space(pid));
    // Killed, and another one in the same mounts: it finds what was left, and stops it before it begins.
    await solo.kill();
    solo.wrapper = ["nsenter", `--target=${holder.pid}`, "--mount", "--"];
    const from = solo.log.length;
    await solo.start();
    await solo.says(["resource.ran", "task=stop", `Filesystem::${solo.at("three.img")}`], from);
    await solo.says(["resource.state", "state=started"], from);
    await solo.stop();
    const left = await run([
      "nsenter",
      `--target=${holder.pid}`,
      "--mount",
      "--",
      "findmnt",
      "-rno",
      "TARGET",
    ]);
    expect(left.split("\n").filter((target) => target.startsWith(solo.directory))).toEqual([]);
    expect(await run(["e2fsck", "-fn", device])).toContain(": 12/");
    holder.signal("SIGKILL");
  });
});
