/** What load() says of a text, in one line a finding, and the smallest good texts to make bad ones from. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { load } from "../../src/config/load.ts";
import type { Loaded } from "../../src/config/model.ts";

/** Who there is on the host. */
const ACCOUNTS = { users: ["root", "haagent-script"], groups: ["root", "haagent"] };

/** Addresses of the host. */
const ADDRESSES = ["192.0.2.9" as Ip];

/** Reads a text as a file of its owner's only. */
export const loadText = (text: string): Loaded =>
  load({
    ...{ path: "haagent.toml", text, failure: null, mode: 0o600, hostname: "ha1" },
    ...{ accounts: ACCOUNTS, addresses: ADDRESSES },
  });

/** Findings as `LINE:COLUMN severity: text`. */
export const said = (text: string): readonly string[] =>
  loadText(text).findings.map(({ line, column, severity, text }) => `${line}:${column} ${severity}: ${text}`);

const ROUTER = ["[vrrp.a]", 'interface = "eth0"', "vrid = 1", 'addresses = ["10.0.0.1/24"]'];
const CHECK = ["[check.c]", 'type = "script"', 'command = ["/c"]'];

/** A good file with the lines changed or added: a key on line 1 to 4 is replaced, `-key` removed, others follow from line 5 on. */
export const router = (...lines: readonly string[]): string => edit(ROUTER, lines);

/** A good router of another name, VRID and address, to follow one. */
export const second = (...lines: readonly string[]): string =>
  edit(["[vrrp.b]", 'interface = "eth0"', "vrid = 2", 'addresses = ["10.0.0.2/24"]'], lines);

/** A good IPv6 router, by default on lines 1 to 4. */
export const router6 = (...lines: readonly string[]): string =>
  edit(["[vrrp.a]", 'interface = "eth0"', "vrid = 1", 'addresses = ["fe80::1/64", "2001:db8::1/64"]'], lines);

/** A good file whose router uses a check: that is on lines 6 to 8, or where it is changed. */
export const checked = (...lines: readonly string[]): string =>
  edit(ROUTER, ['track_checks = ["c"]']) + edit(CHECK, lines);

/** A good file that begins with `[agent]`; the lines follow from line 2 on. */
export const agent = (...lines: readonly string[]): string => edit(["[agent]"], lines) + router();

const HEARTBEAT = [
  "[heartbeat]",
  'nodes = ["ha1", "ha2"]',
  'auth = { method = "sha1", key = "k" }',
  'links = [{ type = "broadcast", interface = "eth0" }, { type = "serial", device = "/dev/ttyS0" }]',
];

/** A good `[heartbeat]` and nothing else; the lines follow from line 5 on. */
export const heartbeat = (...lines: readonly string[]): string => edit(HEARTBEAT, lines);

function edit(base: readonly string[], lines: readonly string[]): string {
  const keyOf = (line: string): string => /^-?([a-z_]+)/.exec(line)?.[1] ?? "";
  const changed = base.flatMap((line) => {
    const change = lines.find((other) => keyOf(other) === keyOf(line) && keyOf(line) !== "");
    return change === undefined ? [line] : change.startsWith("-") ? [] : [change];
  });
  const added = lines.filter(
    (line) => !base.some((other) => keyOf(other) === keyOf(line) && keyOf(line) !== ""),
  );
  return `${[...changed, ...added].join("\n")}\n`;
}

/** A rule in words, a text, and everything that must be said of it. */
export type Row = readonly [rule: string, text: string, said: readonly string[]];

/** Tests each row of a table of rules. */
export function table(subject: string, rows: readonly Row[]): void {
  describe(subject, () => {
    for (const [rule, text, expected] of rows) {
      test(rule, () => {
        expect(said(text)).toEqual(expected);
        const refused = expected.some((line) => line.includes(" error: "));
        expect(loadText(text).config === null).toBe(refused);
      });
    }
  });
}
