/** Whether the tree of places fits the tree of values of the same text: the oracle for tables and for fuzzing. */
import type { Spot } from "../../src/config/scan.ts";

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** What the text must have where a value of this type stands. */
function beginning(value: unknown): RegExp {
  if (typeof value === "boolean") return value ? /true/y : /false/y;
  if (typeof value === "number") return /[-+0-9in]/y;
  if (typeof value === "string") return /["'0-9]/y;
  // Tables and arrays of tables may have headers, and tables be made by dotted keys.
  return Array.isArray(value) ? /\[/y : /[[{\w"'-]|\d{4}-/y;
}

/** The path of the first value whose place is missing or cannot be right, or null. */
export function misplaced(text: string, value: unknown, spot: Spot | undefined, path = ""): string | null {
  if (spot === undefined) return `${path} has no place`;
  const pattern = beginning(value);
  pattern.lastIndex = spot.value;
  if (path !== "" && !pattern.test(text)) return `${path} is not at ${spot.value}`;
  const keys = isTable(value) ? Object.keys(value) : [];
  const length = Array.isArray(value) ? value.length : 0;
  if (keys.length !== spot.members.size || length !== spot.items.length)
    return `${path} has more or less in it`;
  for (const key of keys) {
    const found = misplaced(
      text,
      isTable(value) ? value[key] : null,
      spot.members.get(key),
      `${path}.${key}`,
    );
    if (found !== null) return found;
  }
  for (let index = 0; index < length; index++) {
    const element: unknown = Array.isArray(value) ? value[index] : null;
    const found = misplaced(text, element, spot.items[index], `${path}[${index}]`);
    if (found !== null) return found;
  }
  return null;
}
