/**
 * `npm run package`: builds all with build.ts and puts what people install into dist/: a tarball of each, Debian packages of the two for
 * glibc, and the checksums of all. `-- linux-x64` makes those of one build, `-- --to DIRECTORY` puts them elsewhere, `-- --quick` hardly
 * compresses them, for trying. The same commit gives the same bytes.
 */
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import manifest from "../package.json";

const ROOT = dirname(import.meta.dir);

const USAGE = "usage: npm run package -- [--to DIRECTORY] [--quick] [BUILD...]";
const { values, positionals: wanted } = parseArgs({
  options: {
    to: { type: "string", default: `${ROOT}/dist` },
    quick: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
/** Where everything goes. */
const TO = resolve(values.to);
const VERSION = manifest.version;

/** A build of build.ts, and Debian's word for its machine where Debian has one. */
interface Target {
  readonly name: string;
  readonly debian: string | null;
}
const TARGETS: readonly Target[] = [
  { name: "linux-x64", debian: "amd64" },
  { name: "linux-x64-musl", debian: null },
  { name: "linux-arm64", debian: "arm64" },
  { name: "linux-arm64-musl", debian: null },
];

/** Half as long to load as gzip takes, a tenth more to store than xz at its best, and in a fifth of its time. */
const DEBIAN_COMPRESSION = values.quick ? ["-Znone"] : ["-Zxz", "-z2", "--threads-max=1"];
const TARBALL_COMPRESSION = values.quick ? "-1" : "-6";
/** The oldest glibc that the runtime's symbols ask for. */
const DEBIAN_DEPENDS = "libc6 (>= 2.17)";

/** Where a file of a package comes from: a path of ours, or its text. */
interface Entry {
  readonly place: string;
  readonly source: { readonly path: string } | { readonly text: string };
  readonly mode?: number;
}

/**
 * The time that every file has: of the commit, so that the same commit gives the same archive. Seconds. Where there is no git, or the
 * source was not cloned, it is the time that the source's archive gave its files.
 */
function epoch(): string {
  const given = process.env["SOURCE_DATE_EPOCH"];
  if (given !== undefined) return given;
  if (existsSync(`${ROOT}/.git`) && Bun.which("git") !== null) {
    const log = Bun.spawnSync(["git", "log", "-1", "--format=%ct"], { cwd: ROOT, stderr: "ignore" });
    if (log.success) return log.stdout.toString().trim();
  }
  return String(Math.floor(statSync(`${ROOT}/package.json`).mtimeMs / 1000));
}
const EPOCH = epoch();

/** Runs a program, and gives its standard output; throws what it said when it fails. */
function run(...argv: readonly string[]): string {
  const child = Bun.spawnSync([...argv], {
    cwd: ROOT,
    env: { ...process.env, SOURCE_DATE_EPOCH: EPOCH, LC_ALL: "C" },
    stdout: "pipe",
    stderr: "pipe",
  });
  if (!child.success) throw new Error(`${argv.join(" ")}: ${child.stderr.toString().trim()}`);
  return child.stdout.toString();
}

/** Files below conf/NAME, as `NAME/file`. */
const below = (name: string): string[] =>
  readdirSync(`${ROOT}/conf/${name}`, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => `${each.parentPath.slice(`${ROOT}/conf/`.length)}/${each.name}`)
    .sort();

const ours = (place: string, path: string, mode?: number): Entry => ({
  place,
  source: { path: `${ROOT}/${path}` },
  ...(mode === undefined ? {} : { mode }),
});

/** Lays the entries out below `root`, whatever our umask is. */
function lay(root: string, entries: readonly Entry[]): void {
  for (const { place, source, mode = 0o644 } of entries) {
    const path = `${root}/${place}`;
    mkdirSync(dirname(path), { recursive: true });
    if ("text" in source) writeFileSync(path, source.text);
    else copyFileSync(source.path, path);
    chmodSync(path, mode);
  }
  for (const each of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (each.isDirectory()) chmodSync(`${each.parentPath}/${each.name}`, 0o755);
  }
  chmodSync(root, 0o755);
}

const DOCUMENTS = ["README.md", "CHANGELOG.md", "LICENSE"];
const SERVICES = ["haagent.service", "haagent.procd", "haagent.openrc", "haagent.sysv"];
const executable = (name: string): number => (/\.(procd|openrc|sysv)$|^runit\//.test(name) ? 0o755 : 0o644);

/** haagent-VERSION-TARGET.tar.gz: the program and everything of conf/ but what only packages need. */
function tarball(target: Target, scratch: string): string {
  const name = `haagent-${VERSION}-${target.name}`;
  const conf = ["haagent.toml", ...SERVICES, ...below("runit"), ...below("samples"), ...below("firewall")];
  const openwrt = target.name.endsWith("-musl") ? below("openwrt") : [];
  lay(`${scratch}/${name}`, [
    ours("haagent", `dist/haagent-${target.name}`, 0o755),
    ...DOCUMENTS.map((each) => ours(each, each)),
    ...[...conf, ...openwrt].map((each) => ours(`conf/${each}`, `conf/${each}`, executable(each))),
  ]);
  const file = `${name}.tar.gz`;
  const owner = ["--sort=name", `--mtime=@${EPOCH}`, "--owner=0", "--group=0", "--numeric-owner"];
  run("tar", "--format=ustar", ...owner, "-C", scratch, "-cf", `${scratch}/${name}.tar`, name);
  run("gzip", "-n", TARBALL_COMPRESSION, `${scratch}/${name}.tar`);
  renameSync(`${scratch}/${file}`, `${TO}/${file}`);
  return file;
}

/** The control file (deb-control(5)). */
const control = (architecture: string, kilobytes: number): string => `Package: haagent
Version: ${VERSION}
Architecture: ${architecture}
Multi-Arch: foreign
Section: net
Priority: optional
Maintainer: haagent maintainers <root@localhost>
Installed-Size: ${kilobytes}
Depends: ${DEBIAN_DEPENDS}
Description: ${manifest.description}
 haagent keeps an IP address alive on a pair of routers: one holds it, the
 other takes it over when the first one dies, is unplugged or freezes. It
 speaks VRRP version 2 and 3 over IPv4 and IPv6.
`;

/** haagent_VERSION_ARCHITECTURE.deb. */
function debian(target: Target, architecture: string, scratch: string): string {
  const root = `${scratch}/${architecture}`;
  const documents = "usr/share/doc/haagent";
  const conffiles = ["/etc/haagent.toml", "/etc/init.d/haagent"];
  const program = `dist/haagent-${target.name}`;
  const completion = (shell: string): Entry["source"] => ({
    text: run(`${ROOT}/dist/haagent`, "completion", shell),
  });
  const kilobytes = Math.ceil(statSync(`${ROOT}/${program}`).size / 1024) + 200;
  lay(root, [
    ours("usr/sbin/haagent", program, 0o755),
    ours("etc/haagent.toml", "conf/debian/haagent.toml"),
    ours("etc/init.d/haagent", "conf/haagent.sysv", 0o755),
    ours("usr/lib/systemd/system/haagent.service", "conf/haagent.service"),
    { place: "usr/share/bash-completion/completions/haagent", source: completion("bash") },
    { place: "usr/share/zsh/vendor-completions/_haagent", source: completion("zsh") },
    ours(`${documents}/copyright`, "LICENSE"),
    ours(`${documents}/README.md`, "README.md"),
    ours(`${documents}/CHANGELOG.md`, "CHANGELOG.md"),
    ...["haagent.toml", ...below("samples"), ...below("firewall")].map((each) =>
      ours(`${documents}/examples/${each}`, `conf/${each}`),
    ),
    { place: "DEBIAN/control", source: { text: control(architecture, kilobytes) } },
    {
      place: "DEBIAN/conffiles",
      source: { text: conffiles.map((each) => `${each}\n`).join("") },
    },
    ...["preinst", "postinst", "prerm", "postrm"].map((each) =>
      ours(`DEBIAN/${each}`, `conf/debian/${each}`, 0o755),
    ),
  ]);
  const file = `haagent_${VERSION}_${architecture}.deb`;
  run("dpkg-deb", "--root-owner-group", ...DEBIAN_COMPRESSION, "--build", root, `${scratch}/${file}`);
  renameSync(`${scratch}/${file}`, `${TO}/${file}`);
  return file;
}

/** The packages of this version that are there, with their checksums, as sha256sum(1) reads them. */
function checksums(): void {
  const lines = readdirSync(TO)
    .filter((file) => /^haagent[-_].*\.(tar\.gz|deb)$/.test(file) && file.includes(VERSION))
    .sort()
    .map(
      (file) =>
        `${createHash("sha256")
          .update(readFileSync(`${TO}/${file}`))
          .digest("hex")}  ${file}\n`,
    );
  writeFileSync(`${TO}/SHA256SUMS`, lines.join(""));
}

const lacking = ["tar", "gzip", "dpkg-deb"].filter((program) => Bun.which(program) === null);
if (lacking.length > 0) {
  console.error(
    `package: ${lacking.join(", ")} not found: on Debian these are always there; elsewhere install them`,
  );
  process.exit(1);
}
const unknown = wanted.filter((name) => !TARGETS.some((target) => target.name === name));
if (unknown.length > 0) {
  const names = TARGETS.map(({ name }) => name).join(", ");
  console.error(`package: no build ${unknown.join(" ")}; there are ${names}\n${USAGE}`);
  process.exit(2);
}
const absent = TARGETS.find(({ name }) => !existsSync(`${ROOT}/dist/haagent-${name}`));
if (absent !== undefined) {
  console.error(`package: no dist/haagent-${absent.name}: npm run build -- --all`);
  process.exit(1);
}
mkdirSync(TO, { recursive: true });
const scratch = mkdtempSync(`${TO}/.package-`);
try {
  for (const target of TARGETS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const files = [
      tarball(target, scratch),
      ...(target.debian === null ? [] : [debian(target, target.debian, scratch)]),
    ];
    for (const file of files) {
      console.log(`  ${TO}/${file}  ${(statSync(`${TO}/${file}`).size / 1e6).toFixed(0)} MB`);
    }
  }
  checksums();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
