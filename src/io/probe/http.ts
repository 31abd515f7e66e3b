/** A GET over a connection of its own, judged by status and body. */
import type { Outcome } from "../../check/response.ts";
import { bad, bodyFits, good, statusFits, TEXT_MAX } from "../../check/response.ts";
import type { HttpProbe } from "../../config/probe-model.ts";
import { decodeBody, decodeHead, encodeGet } from "../../wire/http.ts";
import { dial } from "./dial.ts";
import { Gathered } from "./gathered.ts";
import type { Prober } from "./prober.ts";

/** Bytes of a response that are kept: head, body, and what chunks add to it. */
const RESPONSE_MAX = 4 * TEXT_MAX;

/** The outcome as far as the response tells it; null when more of it is needed. */
function judge({ statuses, pattern }: HttpProbe, received: Gathered, ended: boolean): Outcome | null {
  const { bytes, full } = received;
  const head = decodeHead(bytes);
  if (head.kind === "bad") return bad(head.why);
  if (head.kind === "more") return ended ? bad("closed before an answer") : null;
  const said = `HTTP ${head.status}`;
  if (!statusFits(head.status, statuses)) return bad(said);
  if (pattern === null) return good(said);
  const body = decodeBody(head, bytes, ended, TEXT_MAX);
  if (body.kind === "more") return full ? bad(`${said}, endless body`) : null;
  if (body.kind === "bad") return bad(`${said}, ${body.why}`);
  return bodyFits(body.bytes, pattern) ? good(`${said}, body matches`) : bad(`${said}, body does not match`);
}

export const probeHttp: Prober<HttpProbe> = (probe, tell) => {
  const received = new Gathered(RESPONSE_MAX);
  const settle = (outcome: Outcome | null): void => {
    if (outcome === null) return;
    dialled.close();
    tell(outcome);
  };
  const dialled = dial(probe, {
    connected(line) {
      if (!line.write(encodeGet(probe.path, probe.host))) settle(bad("request not taken"));
    },
    data(bytes) {
      received.add(bytes);
      settle(judge(probe, received, false));
    },
    ended: () => settle(judge(probe, received, true)),
    failed(why) {
      // A server that resets after its answer has answered all the same.
      const outcome = received.bytes.length === 0 ? null : judge(probe, received, true);
      settle(outcome?.healthy === true ? outcome : bad(why));
    },
  });
  return { cancel: () => dialled.close() };
};
