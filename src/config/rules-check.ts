/** What the keys of one check mean to each other: which belong to its type, and what a target needs. */
import { familyOf, isLinkLocal } from "../base/address.ts";
import type { Report } from "./report.ts";
import type { CheckSection, Sections } from "./sections.ts";
import { virtualAddresses } from "./sections.ts";
import type { CheckType } from "./tables-check.ts";
import { KEYS_OF, typesOf } from "./tables-check.ts";
import { header } from "./words.ts";

/** Judges one check, in the light of the whole file. */
type CheckRule = (check: CheckSection, type: CheckType, file: Sections, report: Report) => void;

const keys: CheckRule = ({ name, at, values }, type, _file, report) => {
  const { needs } = KEYS_OF[type];
  for (const [key, given] of Object.entries(values)) {
    const types = typesOf(key);
    if (given === null || !given.written || types === null || types.includes(type)) continue;
    report.error(given.at, `${key} is a key of ${said(types)} checks, not of type "${type}"`);
  }
  const present = needs.map((key) => values[key]);
  // One that could not be read is there, and was reported.
  if (present.some((given) => given === null || (given.written && !isEmpty(given.value)))) return;
  const empty = present.find((given) => given?.written === true);
  report.error(empty?.at ?? at, `${header("check", name)} needs ${needs.join(" or ")}`);
};

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** `http`, `tcp, http and ping` */
const said = (types: readonly string[]): string =>
  types.length < 2 ? types.join("") : `${types.slice(0, -1).join(", ")} and ${types.at(-1)}`;

const oneCommand: CheckRule = ({ values: { command } }, type, _file, report) => {
  if (type !== "script" || (command?.value?.length ?? 0) < 2 || command === null) return;
  report.error(command.at, "a check has one command, an array of strings");
};

const numbers: CheckRule = ({ values }, type, _file, report) => {
  const { content, scale, default: fallback, expect_body: body } = values;
  if (type !== "file" || content === null) return;
  if (content.value === "integer") {
    if (body?.written === true) report.error(body.at, 'expect_body needs content = "any"');
    return;
  }
  for (const [key, given] of Object.entries({ scale, default: fallback })) {
    if (given?.written === true) report.error(given.at, `${key} needs content = "integer"`);
  }
};

const targets: CheckRule = ({ name, values }, type, file, report) => {
  const { target, source, interface: link } = values;
  if (target === null || target.value === null || !["tcp", "http", "ping"].includes(type)) return;
  const { address, port } = target.value;
  if (type === "tcp" && port === null) report.error(target.at, 'target needs a port for type "tcp"');
  if (type === "ping" && port !== null) report.error(target.at, 'target takes no port for type "ping"');
  if (isLinkLocal(address) && link?.written === false) {
    report.error(target.at, `target ${address} is link-local: ${header("check", name)} needs interface`);
  }
  const from = source?.value ?? null;
  if (source !== null && from !== null && familyOf(from) !== familyOf(address)) {
    report.error(source.at, `source ${from} and target ${address} are of different families`);
  }
  const virtual = virtualAddresses(file.routers);
  const holder = virtual.get(address);
  if (holder !== undefined) {
    report.warning(
      target.at,
      `target ${address} is an address of ${header("vrrp", holder)}: a backup would probe the master`,
    );
  }
  const carrier = from === null ? undefined : virtual.get(from);
  if (source !== null && carrier !== undefined) {
    report.warning(
      source.at,
      `source ${from} is an address of ${header("vrrp", carrier)}: on a backup the check fails`,
    );
  }
};

const rules: readonly CheckRule[] = [keys, oneCommand, numbers, targets];

/** Judges every check of the file. */
export function judgeChecks(file: Sections, report: Report): void {
  for (const check of file.checks) {
    const { type } = check.values;
    if (type !== null) for (const rule of rules) rule(check, type.value, file, report);
  }
}
