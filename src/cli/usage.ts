/** The text of `--help`, made by citty from the table of commands. */
import { renderUsage } from "citty";
import type { Command } from "./commands.ts";
import { ROOT } from "./commands.ts";

/** citty colours by its own rule; help goes into pipes and on serial consoles, so it is plain here. */
const COLOUR = /\u001b\[[0-9;]*m/g;

/** Usage of one command, or of the program for null. */
export function usage(command: Command | null): Promise<string> {
  if (command === null) return renderUsage(ROOT).then((text) => `${text.replace(COLOUR, "")}\n`);
  return renderUsage(command.definition, ROOT).then((text) => {
    const plain = text.replace(COLOUR, "").trimEnd();
    return `${plain}\n\nEXAMPLE\n\n  ${command.example}\n`;
  });
}
