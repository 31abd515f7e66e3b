/** A mail by sendmail(8), which queues it: whatever answers to that name is there. */
import type { Job } from "../agent/cluster/boundary.ts";
import type { Milliseconds } from "../base/units.ts";
import type { Running } from "./command.ts";
import { runCommand } from "./command.ts";
import type { Outcome } from "./resource-task.ts";
import { exitCodeOf, failed, lastWords, NOT_INSTALLED, succeeded } from "./resource-task.ts";

const OUTPUT_MAX = 1024;

/** Sends as the default script user; `done` is called once, later, unless it is cancelled. It may outlive the agent. */
export function runMail(
  { to, message }: Extract<Job, { readonly type: "mail" }>,
  timeout: Milliseconds,
  done: (outcome: Outcome) => void,
): Running {
  // -i: a line with nothing but a dot ends nothing.
  const argv = ["sendmail", "-i", "--", ...to];
  const command = { argv, environment: {}, user: null, timeout, keep: OUTPUT_MAX, notes: null };
  return runCommand({ ...command, input: message }, (failure, output) => {
    if (failure === null) return done(succeeded);
    if (failure.startsWith("ENOENT")) {
      return done(
        failed("there is no sendmail: install a mail system, or take MailTo out of resources", NOT_INSTALLED),
      );
    }
    done({ ...failed(lastWords("sendmail", failure, output)), code: exitCodeOf(failure) });
  });
}
