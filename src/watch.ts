/** `haagent status --watch`: looks at the status again and again, and shows what has changed. */
import { differs, changes } from "./cli/changes.ts";
import type { Target } from "./cli/arguments.ts";
import { EXIT } from "./cli/exit.ts";
import type { StatusReport } from "./cli/report.ts";
import { isStatusReport } from "./cli/report.ts";
import { fit, leave, ORDINARY, redraw } from "./cli/screen.ts";
import { show } from "./cli/show.ts";
import { answerText } from "./cli/answer.ts";
import { client, socketOf } from "./client.ts";
import { ask } from "./io/ask.ts";
import { Display, onTerminal } from "./io/display.ts";

/** What is watched, and how. */
export interface Watch {
  readonly target: Target;
  readonly name: string | null;
  readonly json: boolean;
  /** Milliseconds from one look to the next. */
  readonly interval: number;
}

/** What a look gave: a report, or why there is none. */
type Look = { readonly report: StatusReport } | { readonly trouble: string };

/** On a terminal a picture that is kept true until Ctrl-C; otherwise a line for each change, of JSON if that is asked for. */
export async function watch({ target, name, json, interval }: Watch): Promise<number> {
  const socket = socketOf(target);
  const request = { command: "status", name } as const;
  const first = socket.ok ? await ask(socket.value, request) : null;
  // Nothing to watch: said as by any other command.
  if (!socket.ok || first?.ok !== true || !isStatusReport(first.value.body)) {
    return client(target, request, answerText);
  }
  let shown: string[] | null = null;
  const picture = onTerminal() && !json;
  const display = new Display(picture ? () => (shown = null) : null);
  let look: Look = { report: first.value.body };
  let before: StatusReport | null = null;
  let trouble: string | null = null;
  while (!display.over) {
    if (picture) {
      const text = "report" in look ? show(look.report, Date.now()) : `${look.trouble}\n`;
      const lines = fit(text, display.size() ?? ORDINARY);
      const drawn = redraw(shown, lines);
      // Before it is written: what is asked meanwhile, to draw all anew, is for the next look.
      shown = lines;
      await display.write(drawn);
    } else if ("report" in look) {
      const { report } = look;
      if (json && (trouble !== null || differs(before, report)))
        await display.write(`${JSON.stringify(report)}\n`);
      if (!json) await display.write(textLines(changes(before, report, now())));
      [before, trouble] = [report, null];
    } else if (trouble !== look.trouble) {
      ({ trouble } = look);
      before = null;
      await display.write(
        json ? `${JSON.stringify({ error: trouble })}\n` : textLines([`${now()} ${trouble}`]),
      );
    }
    await display.pause(interval);
    if (!display.over) look = (await Promise.race([lookAt(socket.value, name), display.ended])) ?? look;
  }
  if (picture) await display.write(leave(shown ?? []));
  display.close();
  return EXIT.done;
}

const now = (): string => new Date().toISOString();
const textLines = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** An agent that is restarted, or a router that a reload takes out, ends no watch. */
async function lookAt(socket: string, name: string | null): Promise<Look> {
  const reply = await ask(socket, { command: "status", name });
  if (!reply.ok) return { trouble: reply.error.text };
  const { body } = reply.value;
  return isStatusReport(body) ? { report: body } : { trouble: answerText(body).trimEnd() };
}
