/** HTTP and HTTPS: requests one after another, each over a connection of its own, judged by status and body. */
import { Heard } from "../../check/dialogue.ts";
import { httpExchange, RESPONSE_MAX } from "../../check/http-exchange.ts";
import type { Outcome } from "../../check/response.ts";
import { bad, good } from "../../check/response.ts";
import type { HttpProbe } from "../../config/probe-model.ts";
import { converse } from "./converse.ts";
import type { Prober, Running } from "./prober.ts";
import { readRegular } from "./regular-file.ts";
import type { TlsTerms } from "./tls.ts";

/** Bytes of a file of certificates. */
const AUTHORITIES_MAX = 1 << 20;

export const probeHttp: Prober<HttpProbe> = (probe, tell, transcript) => {
  const { requests, tls } = probe;
  let running: Running | null = null;
  let cancelled = false;
  let warning: string | null = null;
  let until = "";
  const expiring = (days: number, day: string): void => {
    until = `certificate until ${day}`;
    if (tls === null || days >= tls.expiryWarning) return;
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
  const ask = (at: number, terms: TlsTerms | null): void => {
    const request = requests[at];
    if (request === undefined) {
      finish(good(`${requests.length} answers as expected`));
      return;
    }
    const heard = new Heard(RESPONSE_MAX);
    const { method, host, headers } = probe;
    const exchange = httpExchange({ method, path: request.path, host, headers }, request, heard);
    running = converse(probe, terms, exchange, heard, transcript, (outcome) => {
      if (requests.length === 1) finish(outcome);
      else if (outcome.healthy) ask(at + 1, terms);
      else finish({ ...outcome, detail: `${request.path}: ${outcome.detail}` });
    });
  };
  const begin = (authorities: string | null): void => {
    if (cancelled) return;
    if (tls === null) ask(0, null);
    else ask(0, { config: tls, authorities, expiring });
  };
  if (tls?.authorities === undefined || tls.authorities === null || !tls.verify) begin(null);
  else {
    const { authorities: file } = tls;
    void readRegular(file, AUTHORITIES_MAX).then((read) => {
      if (cancelled) return;
      if ("failure" in read) tell(bad(`${file}: ${read.failure}`));
      else begin(new TextDecoder().decode(read.bytes));
    });
  }
  return {
    cancel() {
      cancelled = true;
      running?.cancel();
    },
  };
};
