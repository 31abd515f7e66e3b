/** HTTP and HTTPS: requests one after another, each over a connection of its own, judged by status and body. */
import { Heard, overTls } from "../../check/dialogue.ts";
import { httpExchange, RESPONSE_MAX } from "../../check/http-exchange.ts";
import { good } from "../../check/response.ts";
import type { HttpProbe } from "../../config/probe-model.ts";
import { converse } from "./converse.ts";
import type { Prober, Running } from "./prober.ts";
import { secured } from "./secured.ts";

export const probeHttp: Prober<HttpProbe> = (probe, told, transcript) =>
  secured(probe.tls, told, (terms, tell) => {
    const { requests, method, host, headers } = probe;
    let running: Running | null = null;
    const ask = (at: number): void => {
      const request = requests[at];
      if (request === undefined) {
        tell(good(`${requests.length} answers as expected`));
        return;
      }
      const heard = new Heard(RESPONSE_MAX);
      const exchange = httpExchange({ method, path: request.path, host, headers }, request, heard);
      const dialogue = terms === null ? exchange : overTls(exchange);
      running = converse(probe, terms, dialogue, heard, transcript, (outcome) => {
        if (requests.length === 1) tell(outcome);
        else if (outcome.healthy) ask(at + 1);
        else tell({ ...outcome, detail: `${request.path}: ${outcome.detail}` });
      });
    };
    ask(0);
    return { cancel: () => running?.cancel() };
  });
