/**
 * Debian's own kernel for the guests, fetched and unpacked by test/trees.ts and never installed: the file that qemu boots, the modules,
 * and an initial file system with the few of them that reach the real one.
 */
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { tree } from "../../trees.ts";
import type { ArchiveEntry } from "./archive.ts";
import { archive } from "./archive.ts";
import { AGENT, INIT } from "./init.ts";

/** What the guest needs before it has its file system: the rest is loaded in there by modprobe(8). */
const EARLY = ["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console", "virtio_net"];

/** A kernel that qemu can boot. */
export interface Kernel {
  /** As uname -r says it. */
  readonly release: string;
  /** The uncompressed ELF file: unpacking it in the guest would cost seconds under emulation. */
  readonly image: string;
  readonly initramfs: string;
  /** The directory with the modules, to be at /lib/modules/RELEASE. */
  readonly modules: string;
}

/** The kernel of the guests, prepared once and kept beside its tree. Throws where the package could not be fetched. */
export function kernel(): Kernel {
  const root = tree("kernel");
  const [release] = readdirSync(`${root}/lib/modules`);
  if (release === undefined) throw new Error(`no modules in ${root}`);
  const modules = `${root}/lib/modules/${release}`;
  const image = `${root}/vmlinux`;
  // The image comes last: where it is, the lists of depmod(8) are.
  if (!existsSync(image)) {
    command(["depmod", "--basedir", root, release]);
    put(image, unpacked(readFileSync(`${root}/boot/vmlinuz-${release}`)));
  }
  const initramfs = `${root}/initramfs-${Bun.hash(INIT + AGENT).toString(16)}`;
  if (!existsSync(initramfs)) put(initramfs, archive(contents(modules)));
  return { release, image, initramfs, modules };
}

/** Written whole or not at all: others may be at the same. */
function put(path: string, bytes: Uint8Array): void {
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, bytes);
  renameSync(aside, path);
}

function command(argv: readonly string[], input: Uint8Array = new Uint8Array()): Uint8Array {
  const child = Bun.spawnSync([...argv], { stdin: Buffer.from(input), stdout: "pipe", stderr: "pipe" });
  // xz complains about the length that a kernel image carries behind its data; whoever asks looks at what came out.
  if (!child.success && child.stdout.length === 0)
    throw new Error(`${argv.join(" ")}: ${child.stderr.toString().trim()}`);
  return child.stdout;
}

/** Documentation/arch/x86/boot.rst: the size of the setup code in sectors, and where the compressed kernel is behind it. */
const SETUP_SECTORS_AT = 0x1f1;
const SETUP_SECTORS_DEFAULT = 4;
const SECTOR = 512;
const PAYLOAD_OFFSET_AT = 0x248;
const PAYLOAD_LENGTH_AT = 0x24c;

/** How a kernel may be compressed: the first bytes, and what undoes it. */
const COMPRESSIONS: readonly (readonly [string, readonly string[]])[] = [
  ["fd377a58", ["xz", "-dc", "--single-stream"]],
  ["28b52ffd", ["zstd", "-dc"]],
  ["1f8b", ["gzip", "-dc"]],
];
const ELF = "7f454c46";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 4)).toString("hex");

/** The ELF file inside a bzImage. */
function unpacked(bzImage: Uint8Array): Uint8Array {
  const view = new DataView(bzImage.buffer, bzImage.byteOffset, bzImage.byteLength);
  const setup = ((view.getUint8(SETUP_SECTORS_AT) || SETUP_SECTORS_DEFAULT) + 1) * SECTOR;
  const start = setup + view.getUint32(PAYLOAD_OFFSET_AT, true);
  const payload = bzImage.subarray(start, start + view.getUint32(PAYLOAD_LENGTH_AT, true));
  const found = COMPRESSIONS.find(([magic]) => hex(payload).startsWith(magic));
  if (found === undefined) throw new Error(`a kernel compressed in an unknown way: ${hex(payload)}`);
  const elf = command(found[1], payload);
  if (hex(elf) !== ELF) throw new Error(`${found[1].join(" ")} gave no ELF file`);
  return elf;
}

/** Files of the modules that `names` need, in the order of loading. Those built into the kernel need none. */
function closure(modules: string, names: readonly string[]): string[] {
  const built = readFileSync(`${modules}/modules.builtin`, "utf8").split("\n").map(nameOf);
  const needs = new Map(
    readFileSync(`${modules}/modules.dep`, "utf8")
      .split("\n")
      .flatMap((line) => {
        const [path, rest] = line.split(":");
        if (path === undefined || rest === undefined) return [];
        // The file names the nearest first; what is needed by the others stands last.
        return [[nameOf(path), [...rest.trim().split(" ").filter(Boolean).reverse(), path]] as const];
      }),
  );
  const files = names.flatMap((name) => {
    const found = needs.get(name);
    if (found === undefined && !built.includes(name)) throw new Error(`this kernel has no module ${name}`);
    return found ?? [];
  });
  return [...new Set(files)];
}

/** `kernel/fs/9p/9p.ko.xz` is the module 9p; a dash in a file's name stands for an underscore. */
function nameOf(path: string): string {
  return (path.split("/").at(-1) ?? "").replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
}

/** A module's bytes; newer Debians compress the files. */
function moduleBytes(path: string): Uint8Array {
  return path.endsWith(".xz") ? command(["xz", "-dc", path]) : readFileSync(path);
}

/** What the kernel starts with: busybox, /init, the agent, and modules named in the order of loading. */
function contents(modules: string): ArchiveEntry[] {
  const directories = ["bin", "proc", "sys", "dev", "modules"].map((path) => ({ path, mode: 0o40755 }));
  const text = (path: string, content: string): ArchiveEntry => ({
    path,
    mode: 0o100755,
    bytes: new TextEncoder().encode(content),
  });
  return [
    ...directories,
    { path: "bin/busybox", mode: 0o100755, bytes: readFileSync(`${tree("busybox")}/bin/busybox`) },
    text("init", INIT),
    text("agent", AGENT),
    ...closure(modules, EARLY).map((file, index) => ({
      path: `modules/${String(index).padStart(2, "0")}-${nameOf(file)}`,
      mode: 0o100644,
      bytes: moduleBytes(`${modules}/${file}`),
    })),
  ];
}
