/** A question to a name server, by UDP, or by TCP where that is wanted or the answer is too long. */
import { Heard } from "../../check/dialogue.ts";
import { dnsOverTcp, judgeAnswer, query } from "../../check/dns.ts";
import { refused } from "../../check/response.ts";
import type { DnsProbe } from "../../config/probe-model.ts";
import { converse } from "./converse.ts";
import { ask } from "./datagram.ts";
import type { Prober, Running } from "./prober.ts";

/** Bytes of an answer by TCP, and a little more. */
const ANSWER_MAX = 0x1_0100;

export const probeDns: Prober<DnsProbe> = (probe, tell, transcript) => {
  const [id = 0] = crypto.getRandomValues(new Uint16Array(1));
  const { question } = probe;
  const byTcp = (): Running => {
    const heard = new Heard(ANSWER_MAX);
    return converse(probe, null, dnsOverTcp(question, id, heard), heard, transcript, tell);
  };
  let running: Running =
    probe.transport === "tcp"
      ? byTcp()
      : ask(probe, probe.port, query(question, id), transcript, {
          heard(bytes) {
            const outcome = judgeAnswer(question, id, bytes);
            if (outcome === "stranger") return;
            running.cancel();
            if (outcome === "longer") running = byTcp();
            else tell(outcome);
          },
          failed: (why) => tell(refused(why)),
        });
  return { cancel: () => running.cancel() };
};
