/** What `npm run package` leaves. */
import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import manifest from "../../package.json";
import { run } from "../lab/process.ts";
import { PACKAGE_MS, packages, shelf } from "./built.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const NAME = `haagent-${manifest.version}-linux-x64-musl`;
const directory = shelf();
const first = shelf();
const second = shelf();

beforeAll(() => packages(directory, ["linux-x64-musl"]), PACKAGE_MS);

describe("npm run package", () => {
  test("makes a tarball, and checksums that sha256sum believes", () => {
    expect(readdirSync(directory).sort()).toEqual(["SHA256SUMS", `${NAME}.tar.gz`]);
    const child = Bun.spawnSync(["sha256sum", "--check", "--strict", "SHA256SUMS"], { cwd: directory });
    expect(child.exitCode).toBe(0);
  });

  test("puts the program, its documents and everything to run it into the tarball", async () => {
    await run(["tar", "-xzf", `${directory}/${NAME}.tar.gz`, "-C", directory]);
    const root = `${directory}/${NAME}`;
    await run(["cmp", `${root}/haagent`, `${ROOT}/dist/haagent-linux-x64-musl`]);
    for (const name of ["README.md", "CHANGELOG.md", "LICENSE"])
      await run(["cmp", `${root}/${name}`, `${ROOT}/${name}`]);
    // What only the Debian package has use for is left out.
    const differences = Bun.spawnSync(["diff", "--recursive", "--brief", `${root}/conf`, `${ROOT}/conf`], {
      env: { ...process.env, LC_ALL: "C" },
    });
    expect(differences.stdout.toString()).toBe(
      `Only in ${ROOT}/conf: debian\nOnly in ${ROOT}/conf: package.ts\n`,
    );
    expect(
      (await run(["find", root, "-type", "f", "-perm", "755", "-printf", "%P\n"])).trim().split("\n").sort(),
    ).toEqual([
      "conf/haagent.openrc",
      "conf/haagent.procd",
      "conf/haagent.sysv",
      "conf/runit/finish",
      "conf/runit/run",
      "haagent",
    ]);
  });

  test(
    "gives the same bytes again, whatever the umask is",
    async () => {
      await packages(first, ["linux-x64"]);
      const umask = process.umask(0o077);
      try {
        await packages(second, ["linux-x64"]);
      } finally {
        process.umask(umask);
      }
      const [sums, again] = [first, second].map((each) => Bun.file(`${each}/SHA256SUMS`).text());
      expect(await sums).toBe(`${await again}`);
      expect(await sums).toContain("_amd64.deb\n");
    },
    PACKAGE_MS,
  );

  test(
    "needs no git",
    async () => {
      const bare = `${second}/bin`;
      mkdirSync(bare);
      for (const name of ["tar", "gzip", "dpkg-deb"]) symlinkSync(`${Bun.which(name)}`, `${bare}/${name}`);
      await packages(second, ["linux-arm64-musl"], bare);
      expect(readdirSync(second)).toContain(`haagent-${manifest.version}-linux-arm64-musl.tar.gz`);
    },
    PACKAGE_MS,
  );

  test("says which program it lacks", async () => {
    const failed = await packages(first, ["linux-x64"], "/nowhere").catch(String);
    expect(failed).toContain("tar, gzip, dpkg-deb not found");
  });
});
