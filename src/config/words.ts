/** Values of the file, and how findings word them: always one line, printable, of bounded length. */

/** Longer strings of the file are cut when shown. */
const SHOWN_LENGTH_MAX = 60;

/** True for control characters and others that have no shape: they would garble a terminal or a log. */
export const isGarbling = (value: string): boolean => /[\p{C}\p{Zl}\p{Zp}]/u.test(value);

/** A string of the file in double quotes, control characters escaped. */
export function quote(value: string): string {
  const cut = value.length > SHOWN_LENGTH_MAX ? `${value.slice(0, SHOWN_LENGTH_MAX)}…` : value;
  return JSON.stringify(cut).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** A key as TOML writes it: quoted only where it must be. */
export const bareKey = (key: string): string => (/^[A-Za-z0-9_-]{1,64}$/.test(key) ? key : quote(key));

/** `[vrrp.VI_1]` */
export const header = (...path: readonly string[]): string => `[${path.map(bareKey).join(".")}]`;

/** `1 command`, `2 commands` */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A value of the file in words: itself where it is short and harmless, else its type. */
export function say(value: unknown, how: "value" | "type"): string {
  if (typeof value === "string") return how === "value" ? quote(value) : "a string";
  if (typeof value === "number") return how === "value" ? sayNumber(value) : "a number";
  if (typeof value === "boolean") return how === "value" ? `${value}` : "true or false";
  if (Array.isArray(value)) return "an array";
  return value instanceof Date ? "a date" : "a table";
}

/** As TOML writes it. */
function sayNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  return Number.isFinite(value) ? `${value}` : value < 0 ? "-inf" : "inf";
}

/** What TOML calls a table, as the parser gives it. */
export const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
