/** Users and groups of this host, from /etc/passwd and /etc/group: an appliance has no other directory, and NSS may block. */
import { readFileSync } from "node:fs";

/** Who a command runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

function entries(path: string): string[][] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.split(":"));
  } catch {
    return [];
  }
}

function number(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1 ? Number(text) : null;
}

/** The names of all users and groups. */
export function accounts(): { readonly users: readonly string[]; readonly groups: readonly string[] } {
  const names = (path: string): string[] => entries(path).map(([name = ""]) => name);
  return { users: names("/etc/passwd"), groups: names("/etc/group") };
}

/** The number of a group, or null where there is none of that name. */
export function groupId(name: string): number | null {
  const entry = entries("/etc/group").find((fields) => fields[0] === name);
  return number(entry?.[2]);
}

/** The account of a user, or null where there is none of that name. */
export function account(name: string): Account | null {
  const entry = entries("/etc/passwd").find((fields) => fields[0] === name);
  const uid = number(entry?.[2]);
  const gid = number(entry?.[3]);
  return uid === null || gid === null ? null : { uid, gid, home: entry?.[5] ?? "/" };
}
