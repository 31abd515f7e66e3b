/** What a probe over TLS has in common, whatever is talked over it: who vouches is read anew, and the end of the certificate is told. */
import type { TlsConfig } from "../../config/probe-model.ts";
import type { Outcome } from "../../check/response.ts";
import { refused } from "../../check/response.ts";
import type { Running, Tell } from "./prober.ts";
import { readRegular } from "./regular-file.ts";
import type { TlsTerms } from "./tls.ts";

/** Bytes of a file of certificates. */
const AUTHORITIES_MAX = 1 << 20;

/** Begins a probe on the terms that `tls` comes to, null without; what it tells has the certificate's end in it. */
export function secured(
  tls: TlsConfig | null,
  tell: Tell,
  begin: (terms: TlsTerms | null, tell: Tell) => Running,
): Running {
  if (tls === null) return begin(null, tell);
  let running: Running | null = null;
  let cancelled = false;
  let warning: string | null = null;
  let until = "";
  const expiring = (days: number, day: string): void => {
    until = `certificate until ${day}`;
    if (days >= tls.expiryWarning) return;
    warning =
      days < 0 ? `certificate has expired on ${day}` : `certificate expires in ${days} days, on ${day}`;
  };
  const finish = (outcome: Outcome): void => {
    const detail = [outcome.detail, warning ?? until].filter((part) => part !== "").join(", ");
    tell({
      ...(outcome.healthy ? { ...outcome, detail } : outcome),
      ...(warning === null ? {} : { warning }),
    });
  };
  const start = (authorities: string | null): void => {
    running = begin({ config: tls, authorities, expiring }, finish);
  };
  const { authorities: file, verify } = tls;
  if (file === null || !verify) start(null);
  else {
    void readRegular(file, AUTHORITIES_MAX).then((read) => {
      if (cancelled) return;
      if ("failure" in read) tell({ ...refused(read.failure), detail: `${file}: ${read.failure}` });
      else start(new TextDecoder().decode(read.bytes));
    });
  }
  return {
    cancel() {
      cancelled = true;
      running?.cancel();
    },
  };
}
