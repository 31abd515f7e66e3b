/** Packages made as `npm run package` makes them, in a directory of the test's. */
import { afterAll } from "bun:test";
import { run } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
/** A busy machine copies slowly. */
export const PACKAGE_MS = 120_000;

/** A directory for packages, gone after the tests of the file; to be called at its top. */
export function shelf(): string {
  const directory = makeScratch();
  afterAll(() => removeScratch(directory));
  return directory;
}

/** Makes the packages of some builds in `directory`, hardly compressed. `path` is the PATH they are made with. */
export async function packages(
  directory: string,
  builds: readonly string[],
  path = process.env["PATH"],
): Promise<void> {
  const argv = [process.execPath, `${ROOT}/conf/package.ts`, "--quick", "--to", directory, ...builds];
  const child = Bun.spawn(argv, { stdout: "ignore", stderr: "pipe", env: { ...process.env, PATH: path } });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`conf/package.ts: ${said}`);
}

/** The same package with another version; fast, as nothing is compressed. */
export async function asVersion(file: string, version: string): Promise<string> {
  const root = `${file}.${version}`;
  await run(["dpkg-deb", "--raw-extract", file, root]);
  const control = Bun.file(`${root}/DEBIAN/control`);
  await Bun.write(control, (await control.text()).replace(/^Version: .*$/m, `Version: ${version}`));
  await run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, `${root}.deb`]);
  return `${root}.deb`;
}
