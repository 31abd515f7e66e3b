/** A cpio archive of the "newc" kind, as the kernel unpacks it: Documentation/driver-api/early-userspace/buffer-format.rst. */

export interface ArchiveEntry {
  /** Without a slash at its start. */
  readonly path: string;
  /** As st_mode, with the type of the file: 0o40755 for a directory, 0o100644 for a file. */
  readonly mode: number;
  readonly bytes?: Uint8Array;
}

const MAGIC = "070701";
const TRAILER: ArchiveEntry = { path: "TRAILER!!!", mode: 0 };
const ALIGNMENT = 4;

/** Uncompressed: unpacking costs more than reading in an emulated guest. */
export function archive(entries: readonly ArchiveEntry[]): Uint8Array {
  return Buffer.concat([...entries, TRAILER].flatMap((entry, index) => record(entry, index + 1)));
}

function record({ path, mode, bytes = new Uint8Array() }: ArchiveEntry, inode: number): Uint8Array[] {
  const name = new TextEncoder().encode(`${path}\0`);
  const [user, group, links, time, device, check] = [0, 0, 1, 0, 0, 0];
  const fields = [
    ...[inode, mode, user, group, links, time, bytes.length],
    ...[device, device, device, device, name.length, check],
  ];
  const header = MAGIC + fields.map((field) => field.toString(16).padStart(8, "0")).join("");
  const head = Buffer.concat([new TextEncoder().encode(header), name]);
  return [padded(head), padded(bytes)];
}

function padded(bytes: Uint8Array): Uint8Array {
  const rest = bytes.length % ALIGNMENT;
  return rest === 0 ? bytes : Buffer.concat([bytes, new Uint8Array(ALIGNMENT - rest)]);
}
