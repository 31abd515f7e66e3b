/**
 * Settings of interfaces under /proc/sys/net (the kernel's ip-sysctl): read, set, and read again, as a container's /proc may refuse
 * a write or swallow it. What is borrowed of an interface that is not ours is written down in runtime_dir before it is changed, so
 * that a killed agent's successor can put it back:
 *
 *     BOOT net:[INODE]              where the indexes below mean something
 *     INDEX FAMILY KEY VALUE        one line a setting
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { interfaceName } from "../../native/interface.ts";
import type { Family } from "../base/address.ts";
import { bootId } from "./boot.ts";
import { reasonOf } from "./reason.ts";
import { replaceFile } from "./replace-file.ts";

/** In runtime_dir, while something is borrowed; whoever borrows by itself has a file of its own. */
export const BORROWED = "borrowed_sysctls";
/** An interface name as a path component: no way out of the directory. */
const NAME = /^(?!\.\.?$)[^/\s]{1,15}$/;
/** A line of the file: an interface's index, the family, the key, its value before us. */
const LINE = /^([0-9]{1,10}) ([46]) ([a-z0-9_]{1,40}) (-?[0-9]{1,10})$/;

/** A setting of an interface, or of `all`. */
export interface Setting {
  readonly family: Family;
  readonly key: string;
}

const pathOf = (link: string, { family, key }: Setting): string =>
  `/proc/sys/net/ipv${family}/conf/${link}/${key}`;

/** As sysctl(8) names it; dots of an interface's name are slashes there. */
export const settingName = (link: string, { family, key }: Setting): string =>
  `net.ipv${family}.conf.${link.replaceAll(".", "/")}.${key}`;

/** The value; null where the kernel has no such setting, or that interface is gone. */
export function readSetting(link: string, setting: Setting): number | null {
  if (!NAME.test(link)) return null;
  try {
    const value = Number(readFileSync(pathOf(link, setting), "utf8").trim());
    return Number.isInteger(value) ? value : null;
  } catch {
    return null;
  }
}

/** What the error of a write means to whoever has to cure it. */
function refusal(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  if (code !== "EROFS" && code !== "EACCES" && code !== "EPERM") return code;
  return `${code}: /proc/sys is read-only here; cure: mount it writable, or set it from outside`;
}

/** Writes a value and reads it back: null when it is so now, else what went wrong, with the setting's name. */
export function writeSetting(link: string, setting: Setting, value: number): string | null {
  const name = settingName(link, setting);
  if (!NAME.test(link)) return `${name}: not a name of an interface`;
  try {
    writeFileSync(pathOf(link, setting), `${value}`);
  } catch (error) {
    return `cannot set ${name} to ${value}: ${refusal(error)}`;
  }
  const now = readSetting(link, setting);
  return now === value ? null : `${name} is ${now} after it was set to ${value}`;
}

interface Loan extends Setting {
  readonly index: number;
  readonly before: number;
}

const loanKey = (index: number, { family, key }: Setting): string => `${index} ${family} ${key}`;

/** The settings that we changed on interfaces of others. */
export class BorrowedSettings {
  readonly #path: string;
  readonly #warn: (detail: string) => void;
  readonly #loans: Map<string, Loan>;

  /** Knows at once what an earlier agent left changed. `file` has the loans of one borrower. */
  constructor(directory: string, warn: (detail: string) => void, file = BORROWED) {
    this.#path = join(directory, file);
    this.#warn = warn;
    this.#loans = this.#load();
  }

  #load(): Map<string, Loan> {
    const loans = new Map<string, Loan>();
    try {
      const [where, ...lines] = readFileSync(this.#path, "utf8").split("\n");
      if (where !== bootId()) return loans;
      for (const line of lines) {
        const [, index, family, key = "", before] = LINE.exec(line) ?? [];
        if (index === undefined) continue;
        const loan: Loan = {
          index: Number(index),
          family: family === "6" ? 6 : 4,
          key,
          before: Number(before),
        };
        loans.set(loanKey(loan.index, loan), loan);
      }
    } catch {
      // None are written down.
    }
    return loans;
  }

  #save(): void {
    try {
      const lines = Array.from(
        this.#loans.values(),
        ({ index, family, key, before }) => `${index} ${family} ${key} ${before}\n`,
      );
      replaceFile(this.#path, lines.length === 0 ? null : [`${bootId()}\n`, ...lines].join(""));
    } catch (error) {
      this.#warn(`${this.#path}: ${reasonOf(error)}`);
    }
  }

  /** Sets one of an interface's; null when that is so now, else what went wrong. */
  borrow(index: number, setting: Setting, value: number): string | null {
    const link = interfaceName(index);
    if (link === null) return null;
    const before = readSetting(link, setting);
    if (before === value) return null;
    const key = loanKey(index, setting);
    if (before !== null && !this.#loans.has(key)) {
      this.#loans.set(key, { ...setting, index, before });
      this.#save();
    }
    return writeSetting(link, setting, value);
  }

  /** Puts back what `keep` does not name any more. */
  restore(keep: ReadonlySet<number>): void {
    this.#giveBack(({ index }) => !keep.has(index));
  }

  /** Puts back what was changed on one interface. */
  restoreOf(index: number): void {
    this.#giveBack((loan) => loan.index === index);
  }

  #giveBack(over: (loan: Loan) => boolean): void {
    const loans = [...this.#loans].filter(([, loan]) => over(loan));
    if (loans.length === 0) return;
    for (const [key, loan] of loans) {
      // An interface that is gone took its settings along.
      const link = interfaceName(loan.index);
      const failure = link === null ? null : writeSetting(link, loan, loan.before);
      if (failure !== null) this.#warn(failure);
      this.#loans.delete(key);
    }
    this.#save();
  }
}
