/** drbddisk with drbd-utils and the kernel's DRBD: a device without its other half, which is primary where its group runs. */
import { expect, test } from "bun:test";
import { hostname } from "node:os";
import { mkdirSync, writeFileSync } from "node:fs";
import { Solo } from "../features/resource-solo.ts";
import { wires } from "../features/cluster-scene.ts";
import { run } from "../lab/process.ts";

/** The kernel's DRBD is spoken to from the first network namespace only. */
const DRBDADM = 'exec nsenter --net=/proc/1/ns/net -- /usr/sbin/drbdadm "$@"';

/** A resource `r0` of 32 MB on a loop device, secondary, with a file system; the guest forgets it. */
async function disk(solo: Solo): Promise<void> {
  for (const module of ["loop", "drbd"]) await run(["modprobe", module]);
  mkdirSync(solo.directory, { recursive: true });
  const image = solo.at("disk.img");
  await run(["truncate", "--size=32M", image]);
  const device = (await run(["losetup", "--find", "--show", image])).trim();
  await run(["mount", "-t", "tmpfs", "drbd", "/etc/drbd.d"]);
  writeFileSync("/etc/drbd.d/global_common.conf", "global { usage-count no; }\n");
  const lines = [
    `device /dev/drbd0; disk ${device}; meta-disk internal;`,
    `on ${hostname()} { address 127.0.0.1:7789; }`,
    "on elsewhere { address 127.0.0.2:7789; }",
  ];
  writeFileSync("/etc/drbd.d/r0.res", `resource r0 {\n${lines.join("\n")}\n}\n`);
  await run(["drbdadm", "create-md", "--force", "r0"]);
  await run(["drbdadm", "up", "r0"]);
  await run(["drbdadm", "primary", "--force", "r0"]);
  await run(["mkfs.ext4", "-q", "/dev/drbd0"]);
  await run(["drbdadm", "secondary", "r0"]);
}

const role = async (): Promise<string> => (await run(["drbdadm", "role", "r0"])).split("/")[0] ?? "";

test("a DRBD resource is primary while its group runs, its file system mounted, and secondary after it", async () => {
  await using lab = await wires();
  const solo = new Solo(lab);
  await disk(solo);
  const mounted = solo.at("mounted");
  mkdirSync(mounted);
  solo.prepare(`mount -t tmpfs t /usr/local/sbin; cp ${solo.script("drbdadm", DRBDADM)} /usr/local/sbin/`);
  await solo.groups([`a drbddisk::r0 Filesystem::/dev/drbd0::${mounted}::ext4`]);
  expect(await role()).toBe("Secondary");
  await solo.start();
  await solo.says(["resource.state", "state=started"]);
  expect(await role()).toBe("Primary");
  expect((await solo.inside("findmnt", "-no", "SOURCE", mounted)).stdout).toBe("/dev/drbd0\n");
  await solo.stop();
  expect(await role()).toBe("Secondary");
});
