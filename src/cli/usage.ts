/** The text of `--help`, made by citty from the table of commands. */
import { renderUsage } from "citty";
import type { Command } from "./commands.ts";
import { ROOT } from "./commands.ts";

/** citty colours by a rule of its own and pads lines; help goes into pipes and on serial consoles, so it is plain here. */
const DECORATION = /\u001b\[[0-9;]*m| +$/gm;

/** Usage of one command, or of the program for null. */
export function usage(command: Command | null): Promise<string> {
  if (command === null) {
    return renderUsage(ROOT).then((text) => `${text.replace(DECORATION, "").trimEnd()}\n\n${SHORT_FORM}\n`);
  }
  return renderUsage(command.definition, ROOT).then((text) => {
    return `${text.replace(DECORATION, "").trimEnd()}\n\nEXAMPLE\n\n  ${command.example}\n`;
  });
}

const SHORT_FORM = "haagent --config FILE is short for haagent run --config FILE.";
