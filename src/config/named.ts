/** A table whose keys are names that the user gives. */
import type { Given, Kind } from "./kind.ts";
import { isName, NAME_RULE } from "./network.ts";
import type { Report } from "./report.ts";
import { bareKey, isTable, quote, say } from "./words.ts";

/** One entry: its name, where that stands, and its value. */
export interface Named<Value> {
  readonly name: string;
  /** Offset of the name. */
  readonly at: number;
  readonly given: Given<Value>;
}

/** `{ NAME = VALUE, … }`; an entry that cannot be read is left out. */
export const named = <Value>(element: Kind<Value>, most: number): Kind<readonly Named<Value>[]> => ({
  manual: `table of names, each with an ${element.manual}`,
  read(written, report: Report) {
    const { value: table, spot, name: key } = written;
    if (!isTable(table)) {
      report.error(spot.value, `${key} must be a table, not ${say(table, "type")}`);
      return null;
    }
    const members = Object.entries(table);
    if (members.length > most) {
      report.error(spot.value, `${key} has ${members.length} names; the limit is ${most}`);
      return null;
    }
    const read = members.map(([name, value]): Named<Value> | null => {
      const place = spot.members.get(name) ?? spot;
      const path = `${key}.${bareKey(name)}`;
      if (!isName(name)) report.error(place.key, `the name ${quote(name)} in ${key} must be ${NAME_RULE}`);
      const given = element.read({ ...written, value, spot: place, name: path, path }, report);
      return given === null
        ? null
        : { name, at: place.key, given: { value: given, at: place.value, written: true } };
    });
    // Names like numbers come in another order than written.
    return read.filter((each) => each !== null).toSorted((a, b) => a.at - b.at);
  },
  show: (entries) =>
    `{ ${entries.map(({ name, given }) => `${bareKey(name)} = ${element.show(given.value)}`).join(", ")} }`,
});
