/**
 * Who else than root decides what a path names: the one judge of programs that run as root, for the fence, the scripts of resources, those of
 * checks, hooks and notify, and the doctor. A file is as safe as itself, and as every directory above it.
 */

/** A file, or a directory on the way to it, as it is. */
export interface Place {
  readonly path: string;
  readonly isDirectory: boolean;
  /** Permission bits, the sticky one too. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What lets somebody else decide; the texts go behind and before `who so decide what ... runs`. */
export interface Unsafe {
  readonly path: string;
  readonly kind: "writable" | "owner";
  /** `is writable by others` */
  readonly why: string;
  readonly cure: string;
}

const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o002;
const WRITABLE_BY_GROUP = 0o020;

/** All that is wrong with a place, where its owner may be root or one of these. */
export function wrongsOf({ path, isDirectory, mode, uid, gid }: Place, owners: readonly number[]): Unsafe[] {
  const wrongs: Unsafe[] = [];
  // As in /tmp: nobody replaces what is another's.
  const shared = isDirectory && (mode & STICKY) !== 0;
  const writable = (who: string, cure: string): void =>
    void wrongs.push({ path, kind: "writable", why: `is writable by ${who}`, cure: `chmod ${cure} ${path}` });
  if (!shared && (mode & WRITABLE_BY_OTHERS) !== 0) writable("others", "o-w");
  else if (!shared && (mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0) writable(`group ${gid}`, "g-w");
  // A sticky directory's owner may replace what is in it all the same.
  if (uid !== 0 && !owners.includes(uid)) {
    wrongs.push({ path, kind: "owner", why: `belongs to uid ${uid}`, cure: `chown root ${path}` });
  }
  return wrongs;
}
