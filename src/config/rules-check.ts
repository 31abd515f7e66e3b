/** What the keys of one check mean to each other: which belong to its type, and what a target needs. */
import { familyOf, isLinkLocal } from "../base/address.ts";
import type { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { entries, virtualAddresses } from "./sections.ts";
import type { ProbeValues } from "./tables-check.ts";
import { typesOf } from "./tables-check.ts";
import type { CheckType } from "./tables-probe.ts";
import { KEYS_OF, TYPES, USUAL_PORT } from "./tables-probe.ts";
import { header } from "./words.ts";

/** A check of whatever sort, and what is around it. */
export interface Checked {
  /** How findings name its table: `[check.web]`. */
  readonly label: string;
  /** Of its header. */
  readonly at: number;
  readonly values: ProbeValues;
  /** Whether it probes real servers, whose addresses are targets where none is written. */
  readonly servers: boolean;
}

/** Judges one check, in the light of the whole file. */
type CheckRule = (check: Checked, type: CheckType, file: Sections, report: Report) => void;

const keys: CheckRule = ({ label, at, values, servers }, type, _file, report) => {
  const needs = KEYS_OF[type].needs.filter((key) => key !== "target" || !servers);
  for (const [key, given] of Object.entries(values)) {
    if (given === null || !given.written) continue;
    const types = typesOf(key);
    if (types === null || types.includes(type)) continue;
    report.error(given.at, `${key} is a key of ${said(types)} checks, not of type "${type}"`);
  }
  if (needs.length === 0) return;
  const present = needs.map((key) => values[key]);
  // One that could not be read is there, and was reported.
  if (present.some((given) => given === null || (given.written && !isEmpty(given.value)))) return;
  const empty = present.find((given) => given?.written === true);
  report.error(empty?.at ?? at, `${label} needs ${needs.join(" or ")}`);
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

/** The types that go to an address, and those that go to a port of it. */
const TARGETED = TYPES.filter((type) => KEYS_OF[type].needs.includes("target"));
const PORTED = TARGETED.filter((type) => KEYS_OF[type].takes.includes("port"));

const ports: CheckRule = ({ values: { target, port }, servers }, type, _file, report) => {
  if (target === null || port === null || !TARGETED.includes(type)) return;
  const written = target.value?.port ?? null;
  if (type === "ping" && written !== null) report.error(target.at, 'target takes no port for type "ping"');
  if (!PORTED.includes(type)) return;
  if (port.value !== null && written !== null) report.error(port.at, `target names port ${written} already`);
  const missing = target.value !== null && written === null && port.value === null;
  if (missing && !servers && USUAL_PORT[type] === undefined) {
    report.error(target.at, `target needs a port for type "${type}"`);
  }
};

const targets: CheckRule = ({ label, values }, type, file, report) => {
  const { target, source, interface: link } = values;
  if (!TARGETED.includes(type)) return;
  const address = target?.value?.address ?? null;
  if (target !== null && address !== null && isLinkLocal(address) && link?.written === false) {
    report.error(target.at, `target ${address} is link-local: ${label} needs interface`);
  }
  const from = source?.value ?? null;
  if (source !== null && from !== null && address !== null && familyOf(from) !== familyOf(address)) {
    report.error(source.at, `source ${from} and target ${address} are of different families`);
  }
  const virtual = virtualAddresses(file.routers);
  const holder = address === null ? undefined : virtual.get(address);
  if (target !== null && holder !== undefined) {
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

const requests: CheckRule = ({ values }, type, _file, report) => {
  const { urls, path, expect_body: body, expect_digest: digest, method } = values;
  if (type !== "http" && type !== "https") return;
  if (urls !== null && urls.value.length > 0) {
    for (const [key, given] of Object.entries({ path, expect_body: body, expect_digest: digest })) {
      if (given?.written === true) report.error(given.at, `${key} and urls exclude each other`);
    }
  }
  const bodies = [
    body,
    digest,
    ...entries(urls).flatMap(({ value }) => [value.expect_body, value.expect_digest]),
  ];
  const expected = bodies.find((given) => given?.written === true);
  if (method?.value === "HEAD" && expected)
    report.error(expected.at, "a HEAD has no body to expect anything of");
};

const securing: CheckRule = ({ values }, type, _file, report) => {
  const { tls, server_name, verify, ca, expiry_warning } = values;
  if (typesOf("ca")?.includes(type) !== true) return;
  if (type !== "https" && tls?.value === false) {
    for (const [key, given] of Object.entries({ server_name, verify, ca, expiry_warning })) {
      if (given?.written === true) report.error(given.at, `${key} needs tls = true`);
    }
  }
  if (verify?.value === false && ca?.written === true) report.error(ca.at, "ca needs verify = true");
};

const logins: CheckRule = ({ values }, type, _file, report) => {
  const { username, password, database, get_server_public_key, tls } = values;
  const named = username === null || username.value !== null;
  if (type === "mysql" || type === "pgsql") {
    for (const [key, given] of Object.entries({ password, database, get_server_public_key })) {
      if (!named && given?.written === true) report.error(given.at, `${key} needs username`);
    }
  }
  if (tls?.value === true && get_server_public_key?.value === true) {
    report.error(get_server_public_key.at, "get_server_public_key and tls exclude each other");
  }
  if (type === "redis" && username !== null && username.written && password?.value === null) {
    report.error(username.at, "username needs password");
  }
};

const datagrams: CheckRule = ({ values }, type, _file, report) => {
  const { payload, payload_hex: digits, expect_reply: reply, require_reply: required } = values;
  if (type !== "udp") return;
  if (payload?.written === true && digits?.written === true) {
    report.error(digits.at, "payload and payload_hex exclude each other");
  }
  if (reply?.written === true && required?.written === true && !required.value) {
    report.error(required.at, "expect_reply needs a reply");
  }
};

const course: CheckRule = ({ values: { interval, fast_interval: fast } }, _type, _file, report) => {
  if (interval === null || fast === null || fast.value === null || fast.value <= interval.value) return;
  report.error(fast.at, "fast_interval must not be longer than interval");
};

const rules: readonly CheckRule[] = [
  keys,
  oneCommand,
  numbers,
  ports,
  targets,
  requests,
  securing,
  logins,
  datagrams,
  course,
];

/** Judges one check: of a virtual router, or of real servers. */
export function judgeCheck(check: Checked, file: Sections, report: Report): void {
  const { type } = check.values;
  if (type !== null) for (const rule of rules) rule(check, type.value, file, report);
}

/** Judges every `[check.NAME]` of the file. */
export function judgeChecks(file: Sections, report: Report): void {
  for (const { name, at, values } of file.checks) {
    judgeCheck({ label: header("check", name), at, values, servers: false }, file, report);
  }
}
