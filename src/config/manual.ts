/** The reference of haagent.toml, made from its tables: docs/configuration.md is this text. */
import type { Field, Fields } from "./field.ts";
import type { Table } from "./tables.ts";
import { tables } from "./tables.ts";

const INTRODUCTION = `# haagent.toml

Every key of the configuration. This file is made from the table that the program reads it by (\`src/config/tables.ts\`); a commented sample is \`conf/haagent.toml\`.

The file is [TOML](https://toml.io). A duration is a string with a unit, \`"10ms"\`, \`"1s"\`, \`"5m"\`, \`"1h"\`, or a bare number of seconds. An address is written with the length of its prefix, \`"192.168.1.1/24"\`. A command is an array of strings, \`["/program", "argument"]\`, run without a shell; an array of such arrays is several commands, run in order.

\`haagent check --config FILE\` prints everything that is wrong with a file, each with its line and column. An unknown key is an error, and so is a key that belongs to haagent but not to this version.
`;

const LATER = `## Not in this version

These keys and tables belong to haagent and are refused for now, except where a key has the value given here, which changes nothing.
`;

/** The whole reference, in Markdown. */
export function manual(): string {
  const now = Object.entries(tables).filter(([, table]) => !table.later);
  const parts = now.map(([name, table]) => section(name, table));
  const keys = now.flatMap(([name, table]) => laterKeys(title(name, table), table.fields, ""));
  const refused = Object.entries(tables).filter(([, table]) => table.later);
  const chapters = refused.map(([name, table]) => section(name, table).replace(/^##/, "###"));
  return [INTRODUCTION, ...parts, LATER, `${keys.join("\n")}\n`, ...chapters].join("\n");
}

const title = (name: string, table: Table): string => (table.named ? `[${name}.NAME]` : `[${name}]`);

function section(name: string, table: Table): string {
  const lines = Object.entries(table.fields).flatMap(([key, field]) => entry(key, field, ""));
  return `## ${title(name, table)}\n\n${table.doc}\n\n${lines.join("\n")}\n`;
}

/** One key and, below it, those of its inline table. */
function entry(key: string, field: Field<unknown>, indent: string): string[] {
  const inner = Object.entries(field.fields ?? {}).flatMap(([name, below]) =>
    entry(name, below, `${indent}  `),
  );
  if (field.later !== null || (field.fields !== null && inner.length === 0)) return [];
  return [`${indent}- \`${key}\` (${kind(field)}): ${explanation(field)}`, ...inner];
}

function kind({ kind, absent, fields }: Field<unknown>): string {
  const later = (kind.later ?? []).map((word) => `\`"${word}"\``);
  const missing = later.length === 0 ? "" : `; not in this version: ${later.join(", ")}`;
  if (absent === null) return `${kind.manual}${missing}; required`;
  // The defaults of an inline table are those of its keys.
  if (absent.shown === "" || (fields !== null && absent.shown === "{}")) return `${kind.manual}${missing}`;
  const isValue = absent.value !== null || absent.shown.startsWith("{");
  return `${kind.manual}${missing}; default ${isValue ? `\`${absent.shown}\`` : absent.shown}`;
}

function explanation({ doc, see, keepalived }: Field<unknown>): string {
  const known = keepalived.map((word) => `\`${word}\``).join(", ");
  return [doc, see === null ? "" : `${see}.`, known === "" ? "" : `In keepalived.conf: ${known}.`]
    .filter((part) => part !== "")
    .join(" ");
}

/** The keys of a table that are refused, by their full names. */
function laterKeys(where: string, fields: Fields, path: string): string[] {
  return Object.entries(fields).flatMap(([key, field]) => {
    const name = path === "" ? key : `${path}.${key}`;
    if (field.later === null) return laterKeys(where, field.fields ?? {}, name);
    const { harmless } = field.later;
    const inner =
      field.fields === null
        ? ""
        : ` Its keys: ${Object.keys(field.fields)
            .map((each) => `\`${each}\``)
            .join(", ")}.`;
    return [
      `- ${where} \`${name}\`${harmless === null ? "" : ` (\`${harmless}\`)`}: ${explanation(field)}${inner}`,
    ];
  });
}
